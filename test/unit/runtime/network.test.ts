import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  freeSubnet,
  netmask,
  overlaps,
  parseSubnet,
  printSubnet,
  routedSubnet,
} from "#node-runtime/network/addresses.ts";
import { dnsmasqArguments, parseResolver } from "#node-runtime/network/dhcp.ts";
import { guestInterfaces, statusInterfaces } from "#node-runtime/network/guest-interface.ts";
import { derivedMac, instanceNames, linkPrefix, pairName, tapIndex, tapName } from "#node-runtime/network/names.ts";
import { masqueradeRules } from "#node-runtime/network/nat.ts";
import { order, specWith } from "./orders.ts";

const masquerade = { name: "default", masquerade: {} };

describe("subnets", () => {
  it("are read and printed alike", () => {
    expect(printSubnet(parseSubnet("10.0.2.7/24", "x"))).toBe("10.0.2.0/24");
    expect(printSubnet(parseSubnet("192.168.255.0/16", "x"))).toBe("192.168.0.0/16");
    expect(netmask(24)).toBe("255.255.255.0");
    expect(netmask(30)).toBe("255.255.255.252");
  });

  it.each(["10.0.2.0", "10.0.2.0/33", "10.0.256.0/24", "fd00::/64", ""])(
    "are not %j, and the field is named",
    (text) => {
      expect(() => parseSubnet(text, "spec.networks[].pod.vmNetworkCIDR")).toThrow(/vmNetworkCIDR/);
    },
  );

  it("are found where nothing is routed", () => {
    const everything = fc.array(
      fc.record({
        base: fc.integer({ min: 0, max: 2 ** 24 - 1 }).map((high) => high * 256),
        prefix: fc.integer({ min: 12, max: 24 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(everything, fc.nat(), (taken, seed) => {
        const aligned = taken.map(({ base, prefix }) => ({ base: base - (base % 2 ** (32 - prefix)), prefix }));
        const found = freeSubnet(aligned, seed);
        expect(found !== undefined && aligned.every((subnet) => !overlaps(found, subnet))).toBe(true);
      }),
    );
    expect(freeSubnet([{ base: 0, prefix: 0 }], 1)).toBeUndefined();
  });

  it("do not count a default route as taken", () => {
    expect(routedSubnet("default")).toBeUndefined();
    expect(routedSubnet("0.0.0.0/0")).toBeUndefined();
    expect(routedSubnet("10.1.2.3")).toEqual({ base: 0x0a010203, prefix: 32 });
  });
});

describe("names", () => {
  it("fit into a link's 15 characters", () => {
    const names = instanceNames("abcdef");
    const all = [names.bridge, names.podLink(65_534), pairName(order().uid, 9), tapName(order().uid, 9)];
    for (const name of all) expect(name.length).toBeLessThanOrEqual(15);
  });

  it("of a machine's links begin alike, and differ between machines", () => {
    expect(pairName("a", 0).startsWith(linkPrefix("a"))).toBe(true);
    expect(tapName("a", 0).startsWith(linkPrefix("a"))).toBe(true);
    expect(linkPrefix("a")).not.toBe(linkPrefix("b"));
  });

  it("of taps are numbers above the kernel's own, other ones for other nodes and attempts", () => {
    const indexes = [tapIndex("i", "n1", "u", 0, 0), tapIndex("i", "n2", "u", 0, 0), tapIndex("i", "n1", "u", 0, 1)];
    expect(new Set(indexes).size).toBe(3);
    for (const index of indexes) expect(index >= 2 ** 20 && index < 2 ** 30).toBe(true);
  });

  it("of cards are local unicast addresses that stay the same", () => {
    expect(derivedMac("uid", "default")).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(derivedMac("uid", "default")).toBe(derivedMac("uid", "default"));
    expect(derivedMac("uid", "default")).not.toBe(derivedMac("uid", "other"));
  });
});

describe("a machine's interface", () => {
  it("has the guest's usual address behind a masquerade, or the one of its own network", () => {
    const plain = guestInterfaces(order({ spec: specWith([masquerade]) }))[0]?.binding;
    expect(plain).toEqual({ kind: "masquerade", gateway: "10.0.2.1", guest: "10.0.2.2", prefix: 24, ports: [] });
    const own = guestInterfaces(order({ spec: specWith([masquerade], "172.30.8.0/30") }))[0]?.binding;
    expect(own).toMatchObject({ gateway: "172.30.8.1", guest: "172.30.8.2", prefix: 30 });
  });

  it.each([
    [
      "a network that is not listed",
      { ...order().spec, domain: { devices: { interfaces: [masquerade] } } },
      "interfaces[0]",
    ],
    ["no binding", specWith([{ name: "default" }]), "masquerade or bridge"],
    ["a second interface", specWith([masquerade, { name: "more", masquerade: {} }]), "interfaces[1]"],
    ["a network too small for two", specWith([masquerade], "10.0.0.0/31"), "vmNetworkCIDR"],
    ["port 0", specWith([{ ...masquerade, ports: [{ port: 0 }] }]), "ports"],
  ])("is refused with %s, and the field is named", (_what, spec, field) => {
    let thrown: unknown;
    try {
      guestInterfaces(order({ spec }));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ kind: "refused", message: expect.stringContaining(field) as string });
  });

  it("is told in the status under its pod's address", () => {
    expect(statusInterfaces(order({ spec: specWith([{ ...masquerade, macAddress: "02-AA-00-00-00-01" }]) }))).toEqual([
      { name: "default", mac: "02:aa:00:00:00:01", ipAddress: "10.99.0.5", ipAddresses: ["10.99.0.5"] },
    ]);
  });
});

describe("the rules of a masquerade", () => {
  const rulesFor = (wish: object): string => {
    const [first] = guestInterfaces(order({ spec: specWith([{ ...masquerade, ...wish }]) }));
    if (first?.binding.kind !== "masquerade") throw new Error("not a masquerade");
    return masqueradeRules("10.99.0.5", "k6t", first.binding);
  };

  it("forward everything when no port is listed", () => {
    expect(rulesFor({})).toContain("ip daddr 10.99.0.5 dnat to 10.0.2.2");
  });

  it("forward the listed ports only, each protocol's once, overlapping ranges joined", () => {
    const rules = rulesFor({
      ports: [{ port: 80 }, { port: 80, protocol: "TCP" }, { port: 53, protocol: "UDP" }],
      portRanges: [
        { start: 79, end: 85, protocol: "TCP" },
        { start: 90, end: 95, protocol: "TCP" },
      ],
    });
    expect(rules).toContain("tcp dport { 79-85, 90-95 } dnat to 10.0.2.2");
    expect(rules).toContain("udp dport { 53 } dnat to 10.0.2.2");
    expect(rules).not.toContain("daddr 10.99.0.5 dnat");
  });
});

describe("DHCP", () => {
  const argumentsFor = (wish: object): readonly string[] => {
    const [first] = guestInterfaces(order({ spec: specWith([{ name: "default", ...wish }]) }));
    if (first === undefined) throw new Error("no interface");
    return dnsmasqArguments({
      directory: "/dhcp",
      uid: "u",
      namespace: "n",
      interface: first,
      link: "k6t",
      address: "10.0.2.2",
      netmask: "255.255.255.0",
      gateway: "10.0.2.1",
      mtu: 1450,
      resolver: { servers: ["192.0.2.53"], search: ["example.org", "example.net"] },
    });
  };

  it("gives the one address to the one card, whatever the client calls itself", () => {
    const all = argumentsFor({ masquerade: {}, macAddress: "02:00:00:00:00:01" });
    expect(all).toContain("--dhcp-host=02:00:00:00:00:01,10.0.2.2,24h");
    expect(all).toContain("--dhcp-ignore-clid");
    expect(all).toContain("--dhcp-option=option:mtu,1450");
    expect(all).toContain("--dhcp-option=option:dns-server,192.0.2.53");
    expect(all).toContain("--dhcp-option=option:domain-search,example.org,example.net");
  });

  it("carries the spec's own options", () => {
    const all = argumentsFor({
      masquerade: {},
      dhcpOptions: { ntpServers: ["192.0.2.1", "192.0.2.2"], privateOptions: [{ option: 240, value: "x" }] },
    });
    expect(all).toContain("--dhcp-option=option:ntp-server,192.0.2.1,192.0.2.2");
    expect(all).toContain("--dhcp-option=240,x");
  });

  it("leaves out resolvers that a guest can't reach", () => {
    expect(
      parseResolver("nameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver fd00::1\nsearch a.example b\n"),
    ).toEqual({
      servers: ["192.0.2.53"],
      search: ["a.example", "b"],
    });
  });
});
