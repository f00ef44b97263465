/**
 * The real network: namespaces, links, NAT and DHCP on this machine's kernel. The guest is QEMU with nothing but its
 * network card's boot ROM (iPXE), which speaks DHCP and HTTP and answers ping: no image, no kernel.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "#events/log.ts";
import type { MachineOrder } from "#events/machine.ts";
import { realDisk } from "#node-runtime/disk.ts";
import type { MachineNetwork } from "#node-runtime/driver/ports.ts";
import { links, removeLinks } from "#node-runtime/network/command.ts";
import { guestInterfaces } from "#node-runtime/network/guest-interface.ts";
import { guestLinks } from "#node-runtime/network/guest-link.ts";
import { linkPrefix } from "#node-runtime/network/names.ts";
import { openPodNetwork, type PodNetwork, type PodPlace } from "#node-runtime/network/pod-network.ts";
import { order, specWith } from "../unit/runtime/orders.ts";

const run = promisify(execFile);
/** What QEMU gives its virtio card by itself. */
const ROM = "/usr/lib/ipxe/qemu/efi-virtio.rom";
/** Another one a run: two runs on one machine must not take each other's links. */
const INSTANCE = randomBytes(3).toString("hex");
const HYPERVISOR = `vt${INSTANCE}-hv`;
const able = process.getuid?.() === 0 && existsSync("/usr/sbin/nft") && existsSync("/usr/sbin/dnsmasq");

/** Answers each datagram at port 7 by its argument. */
const ECHO = `const s = require("node:dgram").createSocket("udp4");
s.on("message", (m, from) => s.send(process.argv[1], from.port, from.address));
s.bind(7, "0.0.0.0", () => console.log("up"));`;

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function pings(address: string): Promise<boolean> {
  return run("ping", ["-q", "-c", "1", "-W", "1", address]).then(
    () => true,
    () => false,
  );
}

describe.skipIf(!able)("the pod network and guest links (root, nft, dnsmasq)", () => {
  let directory: string;
  let pods: PodNetwork;
  let network: MachineNetwork;
  let web: Server | undefined;
  let qemu: ChildProcess | undefined;

  const openPods = (): Promise<PodNetwork> =>
    openPodNetwork({ instance: INSTANCE, directory, disk: realDisk, log: silentLog });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "virtive-net-"));
    await run("ip", ["netns", "add", HYPERVISOR]);
    pods = await openPods();
    network = guestLinks({
      instance: INSTANCE,
      node: "node1",
      hypervisorNamespace: HYPERVISOR,
      directory: join(directory, "dhcp"),
      pods: { find: (podUID) => pods.find(podUID) },
      log: silentLog,
    });
  });

  afterEach(() => {
    qemu?.kill("SIGKILL");
    qemu = undefined;
    web?.close();
    web?.closeAllConnections();
    web = undefined;
  });

  afterAll(async () => {
    await pods?.endAll().catch((thrown: unknown) => console.error(thrown));
    await run("ip", ["netns", "del", HYPERVISOR]).catch(() => {});
    await rm(directory, { recursive: true, force: true });
  });

  /** QEMU on the order's tap, booting from the network card's ROM alone. */
  async function startGuest(of: MachineOrder): Promise<void> {
    const [wanted] = guestInterfaces(of);
    if (wanted === undefined) throw new Error("the order has no interface");
    const shown = await run("ip", ["-n", HYPERVISOR, "-j", "link", "show", "dev", wanted.tap]);
    const [{ ifindex } = { ifindex: 0 }] = JSON.parse(shown.stdout) as { ifindex: number }[];
    const tap = await open(`/dev/tap${ifindex}`, "r+");
    qemu = spawn(
      "qemu-system-x86_64",
      [
        ...["-nodefaults", "-display", "none", "-machine", "pc,accel=tcg", "-m", "64"],
        ...["-netdev", "tap,id=n0,fd=3"],
        ...["-device", `virtio-net-pci,netdev=n0,mac=${wanted.mac},bootindex=0`],
      ],
      { stdio: ["ignore", "ignore", "inherit", tap.fd] },
    );
    await tap.close();
  }

  /** A web server on the bridge's address; resolves with who asked for what. */
  function askedOf(
    gateway: string,
    script: string,
  ): Promise<{ url: string; asked: Promise<{ from: string; path: string }> }> {
    return new Promise((resolve, reject) => {
      const asked = Promise.withResolvers<{ from: string; path: string }>();
      web = createServer((request, response) => {
        asked.resolve({ from: request.socket.remoteAddress ?? "", path: request.url ?? "" });
        response.end(script);
      });
      web.on("error", reject);
      web.listen(0, gateway, () => {
        const address = web?.address();
        if (typeof address !== "object" || address === null) return;
        setTimeout(() => asked.reject(new Error("the guest did not ask within 150 s")), 150_000).unref();
        resolve({ url: `http://${gateway}:${address.port}/boot`, asked: asked.promise });
      });
    });
  }

  const forever = "#!ipxe\n:again\nsleep 1000\ngoto again\n";

  it.skipIf(!existsSync(ROM))(
    "leads a masqueraded guest out under its pod's address, and the pod's traffic in",
    async () => {
      const pod = await pods.ensure("pod-masquerade");
      const { url, asked } = await askedOf(pod.gateway, forever);
      const wish = { name: "default", masquerade: {}, dhcpOptions: { bootFileName: url } };
      const of = order({
        uid: "uid-masquerade",
        spec: specWith([wish]),
        anchor: { podUID: "pod-masquerade", podName: "p" },
      });
      const { links, serve } = await network.up(of);
      await serve();
      expect(links).toMatchObject([{ interface: "default", mtu: 1500 }]);
      await startGuest(of);
      expect(await asked).toEqual({ from: pod.podIP, path: "/boot" });
      await until("the guest answers ping at the pod's address", async () =>
        (await pings(pod.podIP)) ? true : undefined,
      );

      // A runtime that comes back brings the same network up again under the running guest.
      await (await network.up(of)).serve();
      expect(await pings(pod.podIP)).toBe(true);

      qemu?.kill("SIGKILL");
      await network.down(of.uid);
      await expectNothingOf(of.uid);
      await pods.end("pod-masquerade");
    },
  );

  it.skipIf(!existsSync(ROM))("gives a bridged guest the pod's own address", async () => {
    const pod = await pods.ensure("pod-bridge");
    const { url, asked } = await askedOf(pod.gateway, forever);
    const wish = { name: "default", bridge: {}, macAddress: "02:AA:bb:00:00:07", dhcpOptions: { bootFileName: url } };
    const of = order({ uid: "uid-bridge", spec: specWith([wish]), anchor: { podUID: "pod-bridge", podName: "p" } });
    const { links, serve } = await network.up(of);
    await serve();
    expect(links[0]?.mac).toBe("02:aa:bb:00:00:07");
    await startGuest(of);
    expect(await asked).toEqual({ from: pod.podIP, path: "/boot" });
    await until("the guest answers ping", async () => ((await pings(pod.podIP)) ? true : undefined));
    const { stdout } = await run("ip", ["-j", "neigh", "show", pod.podIP]);
    expect((JSON.parse(stdout) as { lladdr?: string }[])[0]?.lladdr).toBe("02:aa:bb:00:00:07");
    qemu?.kill("SIGKILL");
    await network.down(of.uid);
    await expectNothingOf(of.uid);
    await pods.end("pod-bridge");
  });

  it("keeps a pod's address and namespace over a restart, and frees them at its end", async () => {
    const before = await pods.ensure("pod-kept");
    await pods.close();
    pods = await openPods();
    expect(await pods.find("pod-kept")).toEqual(before);
    expect(await pods.ensure("pod-kept")).toEqual(before);
    await pods.end("pod-kept");
    expect(await pods.find("pod-kept")).toBeUndefined();
    expect(readdirSync("/run/netns")).not.toContain(before.namespace);
  });

  it("makes a namespace anew, with the same address, when it is gone", async () => {
    const before = await pods.ensure("pod-lost");
    await run("ip", ["netns", "del", before.namespace]);
    expect(await pods.ensure("pod-lost")).toEqual(before);
    expect(await pings(before.podIP)).toBe(true);
    await pods.end("pod-lost");
  });

  it("removes links that are there or go meanwhile, and says which it can't", async () => {
    const link = `vt${INSTANCE}-x`;
    await run("ip", ["link", "add", "name", link, "type", "bridge"]);
    await removeLinks(undefined, [`vt${INSTANCE}-none`, link]);
    await removeLinks(undefined, [link]);
    expect((await links(undefined)).map(({ name }) => name)).not.toContain(link);
    await expect(removeLinks(undefined, ["lo"])).rejects.toThrow(/Operation not supported/u);
  });

  it("is reached at once where another pod was reached a moment ago", async () => {
    await pods.ensure("pod-other"); // a bridge without a pod forgets its neighbours
    const before = await pods.ensure("pod-before");
    expect(await pings(before.podIP)).toBe(true);
    await pods.end("pod-before");
    // Numbers are given out again, the lowest first, but for one that is made ahead.
    const uids: string[] = [];
    let after = before.podIP;
    do {
      uids.push(`pod-after-${uids.length}`);
      after = (await pods.ensure(uids.at(-1) ?? "")).podIP;
    } while (after !== before.podIP && uids.length < 5);
    expect(after).toBe(before.podIP);
    expect(await pings(after)).toBe(true);
    for (const uid of ["pod-other", ...uids]) await pods.end(uid);
  });

  it("keeps the gateway's MAC whatever pods come and go", async () => {
    const mac = async (): Promise<unknown> =>
      (JSON.parse((await run("ip", ["-j", "link", "show", "dev", `vb${INSTANCE}`])).stdout) as { address: string }[])[0]
        ?.address;
    const before = await mac();
    const uids = Array.from({ length: 4 }, (_, index) => `pod-port-${index}`);
    for (const uid of uids) await pods.ensure(uid);
    expect(await mac()).toBe(before);
    for (const uid of uids) await pods.end(uid);
    expect(await mac()).toBe(before);
  });

  describe("an heir", () => {
    /** Which of the pods hears what is sent to the address. */
    async function reached(address: string, among: readonly PodPlace[]): Promise<readonly string[]> {
      const heard = await Promise.all(
        among.map(async ({ namespace }) => {
          const count = async (): Promise<number> =>
            Number(
              (await run("ip", ["netns", "exec", namespace, "cat", "/sys/class/net/eth0/statistics/rx_packets"]))
                .stdout,
            );
          const before = await count();
          await run("ping", ["-q", "-c", "3", "-i", "0.05", "-W", "1", address]).catch(() => {});
          return (await count()) - before >= 3 ? [namespace] : [];
        }),
      );
      return heard.flat();
    }

    it("has the other pod's address, and is reached there once it holds it", async () => {
      const source = await pods.ensure("pod-source");
      const heir = await pods.ensure("pod-heir", "pod-source");
      expect(heir).toEqual({ ...source, namespace: heir.namespace });
      expect(heir.namespace).not.toBe(source.namespace);
      const both = [source, heir];
      expect(await reached(source.podIP, both)).toEqual([source.namespace]);
      await pods.hold("pod-heir");
      expect(await reached(source.podIP, both)).toEqual([heir.namespace]);
      await pods.hold("pod-heir"); // so already
      await pods.hold("pod-source"); // the guest stayed after all
      expect(await reached(source.podIP, both)).toEqual([source.namespace]);
      await pods.hold("pod-heir");
      await pods.end("pod-source");
      expect(await reached(source.podIP, [heir])).toEqual([heir.namespace]);
      // Its own number is another's by now, its address is not.
      const others = await Promise.all(["pod-a", "pod-b", "pod-c"].map((uid) => pods.ensure(uid)));
      expect(others.map(({ podIP }) => podIP)).not.toContain(heir.podIP);
      for (const uid of ["pod-heir", "pod-a", "pod-b", "pod-c"]) await pods.end(uid);
    });

    it("whoever held the address holds it after a restart, whatever the links say", async () => {
      const source = await pods.ensure("pod-source");
      const heir = await pods.ensure("pod-heir", "pod-source");
      await pods.hold("pod-heir");
      await pods.close();
      // As a process leaves it that is killed while it hands the address over.
      const { stdout } = await run("ip", ["-j", "link", "show", "master", `vb${INSTANCE}`]);
      for (const { ifname } of JSON.parse(stdout) as { ifname: string }[]) {
        await run("ip", ["link", "set", "dev", ifname, "nomaster"]);
      }
      pods = await openPods();
      expect(await reached(source.podIP, [source, heir])).toEqual([heir.namespace]);
      expect(await pods.ensure("pod-heir", "pod-source")).toEqual(heir);
      await pods.end("pod-source");
      await pods.end("pod-heir");
    });

    it("that never held it leaves it to the other; one that is left alone holds it", async () => {
      const source = await pods.ensure("pod-source");
      const first = await pods.ensure("pod-first", "pod-source");
      await pods.end("pod-first");
      expect(await reached(source.podIP, [source])).toEqual([source.namespace]);
      const second = await pods.ensure("pod-second", "pod-source");
      expect(second.podIP).toBe(first.podIP);
      await pods.end("pod-source");
      expect(await reached(source.podIP, [second])).toEqual([second.namespace]);
      await pods.end("pod-second");
    });

    it("answers a client that goes on asking as before", async () => {
      const source = await pods.ensure("pod-source");
      const heir = await pods.ensure("pod-heir", "pod-source");
      // A datagram's sender needs no handshake: who answers tells where it went.
      const servers = [source, heir].map(({ namespace }) =>
        spawn("ip", ["netns", "exec", namespace, process.execPath, "-e", ECHO, namespace], {
          stdio: ["ignore", "pipe", "inherit"],
        }),
      );
      await Promise.all(servers.map((server) => new Promise((resolve) => server.stdout?.once("data", resolve))));
      const client = createSocket("udp4");
      const answers: string[] = [];
      client.on("message", (said) => void answers.push(String(said)));
      const ask = async (): Promise<string | undefined> => {
        answers.length = 0;
        client.send("?", 7, source.podIP);
        return until("an answer", () => answers[0], 2);
      };
      try {
        expect(await ask()).toBe(source.namespace);
        await pods.hold("pod-heir");
        expect(await ask()).toBe(heir.namespace);
      } finally {
        client.close();
        for (const server of servers) server.kill("SIGKILL");
        await pods.end("pod-source");
        await pods.end("pod-heir");
      }
    });
  });

  it("gives many pods at once an address each", async () => {
    const uids = Array.from({ length: 6 }, (_, index) => `pod-many-${index}`);
    const places = await Promise.all(uids.map((uid) => pods.ensure(uid)));
    expect(new Set(places.map((place) => place.podIP)).size).toBe(uids.length);
    for (const place of places) expect(await pings(place.podIP)).toBe(true);
    await Promise.all(uids.map((uid) => pods.end(uid)));
  });

  it("makes a link anew that was left half made", async () => {
    await pods.ensure("pod-half");
    const of = order({
      uid: "uid-half",
      spec: specWith([{ name: "default", masquerade: {} }]),
      anchor: { podUID: "pod-half", podName: "p" },
    });
    const [wanted] = guestInterfaces(of);
    await run("ip", ["-n", HYPERVISOR, "link", "add", wanted?.pair ?? "", "type", "veth", "peer", "name", "other"]);
    const { serve } = await network.up(of);
    await serve();
    await network.down(of.uid);
    await network.down(of.uid); // nothing left: nothing to do
    await expectNothingOf(of.uid);
    await pods.end("pod-half");
  });

  it("says so when the pod has no network here", async () => {
    const of = order({
      spec: specWith([{ name: "default", masquerade: {} }]),
      anchor: { podUID: "pod-unknown", podName: "p" },
    });
    await expect(network.up(of)).rejects.toMatchObject({ kind: "later", reason: "PodNetworkMissing" });
  });

  it("leaves nothing when all is taken down", async () => {
    await pods.ensure("pod-left");
    await pods.endAll();
    const { stdout } = await run("ip", ["-j", "link", "show"]);
    expect(stdout).not.toContain(INSTANCE);
    expect(readdirSync("/run/netns").filter((name) => name.includes(INSTANCE))).toEqual([HYPERVISOR]);
    const tables = await run("nft", ["list", "tables"]);
    expect(tables.stdout).not.toContain(INSTANCE);
    pods = await openPods();
  });

  async function expectNothingOf(uid: string): Promise<void> {
    const { stdout } = await run("ip", ["-n", HYPERVISOR, "-j", "link", "show"]);
    expect(stdout).not.toContain(linkPrefix(uid));
    const { stdout: processes } = await run("ps", ["ax", "-o", "args"]);
    expect(processes).not.toContain(join(directory, "dhcp", uid));
  }
});
