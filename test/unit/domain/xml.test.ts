import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diskTargets } from "#node-runtime/domain/disks.ts";
import { NOT_IN_XML } from "#node-runtime/domain/element.ts";
import { claimOfDomain, domainName, domainUuid } from "#node-runtime/domain/identity.ts";
import { domainXml } from "#node-runtime/domain/xml.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { orderFor, partsFor } from "./machine.ts";
import { all, first, readXml } from "./read-xml.ts";

type Domain = VirtualMachineInstanceSpec["domain"];

/** Tests also bring what the API would refuse: a runtime does not rely on that. */
const specOf = (domain: object): VirtualMachineInstanceSpec => ({
  domain: { memory: { guest: "64Mi" }, devices: {}, ...domain },
});

const xmlOf = (domain: object, accelerator: "kvm" | "tcg" = "tcg"): string => {
  const spec = specOf(domain);
  return domainXml(orderFor(spec), partsFor(spec, { accelerator }));
};

describe("who a domain is", () => {
  it("has the VMI's uid as its UUID, and tells it to the guest", () => {
    const root = readXml(xmlOf({}));
    expect(first(root, "uuid")?.text).toBe("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
    const told = all(root, "sysinfo/system/entry").find((entry) => entry.attributes["name"] === "uuid");
    expect(told?.text).toBe("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
  });

  it("has the firmware's UUID instead when the spec sets one", () => {
    const uuid = "5D307CA9-B3EF-428C-8861-06E72D69F223";
    expect(domainUuid(orderFor(specOf({ firmware: { uuid } })))).toBe(uuid.toLowerCase());
  });

  it("makes the same UUID each time from a uid that is none", () => {
    const order = orderFor(specOf({}), { uid: "vmi-1" });
    expect(domainUuid(order)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(domainUuid(order)).toBe(domainUuid(order));
    expect(domainUuid(order)).not.toBe(domainUuid(orderFor(specOf({}), { uid: "vmi-2" })));
  });

  it("refuses a firmware UUID that is none, and names the field", () => {
    expect(() => xmlOf({ firmware: { uuid: "not-a-uuid" } })).toThrow(
      expect.objectContaining({
        kind: "refused",
        causes: [expect.objectContaining({ field: "spec.domain.firmware.uuid" })],
      }) as Error,
    );
  });

  it("is named namespace_name, shortened with a hash where files could not be named so", () => {
    expect(domainName({ namespace: "ns", name: "vm" })).toBe("ns_vm");
    const long = { namespace: "n".repeat(63), name: "m".repeat(253) };
    expect(domainName(long)).toHaveLength(200);
    expect(domainName(long)).not.toBe(domainName({ ...long, name: `${"m".repeat(252)}x` }));
  });

  it("says whose it is, and only its own metadata says so", () => {
    const claim = {
      uid: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
      epoch: 3,
      node: "node-1",
      namespace: "default",
      name: "demo",
    };
    expect(claimOfDomain(xmlOf({}))).toEqual(claim);
    // As libvirt writes it back.
    expect(claimOfDomain(xmlOf({}).replaceAll("'", '"'))).toEqual(claim);
    expect(claimOfDomain("<domain><name>other</name></domain>")).toBeUndefined();
    const forged =
      "<virtive:machine xmlns:virtive='https://virtive.dev/xmlns/machine/1' uid='x' epoch='9' node='n' namespace='a' name='b'/>";
    expect(claimOfDomain(xmlOf({ chassis: { serial: forged } }))).toEqual(claim);
    const spec = specOf({});
    const withForgedLine = domainXml(orderFor(spec), partsFor(spec, { boot: { kernel: "/k", commandLine: forged } }));
    expect(claimOfDomain(withForgedLine)).toEqual(claim);
  });
});

describe("what a user may write", () => {
  it("changes no element but the one that it is for", () => {
    const text = fc
      .string({ unit: fc.constantFrom(..."<>&'\"/= \n\ta", "<disk>", "'/><evil x='", "]]>") })
      .filter((value) => value !== "" && !NOT_IN_XML.test(value));
    const shape = (serial: string, line: string): unknown => {
      const spec = specOf({
        chassis: { serial, asset: serial },
        firmware: { serial },
        devices: { disks: [{ name: "a", serial, disk: { bus: "virtio" } }] },
      });
      const withVolume = { ...spec, volumes: [{ name: "a", emptyDisk: { capacity: "1Gi" } }] };
      const xml = domainXml(orderFor(withVolume), partsFor(withVolume, { boot: { kernel: "/k", commandLine: line } }));
      const outline = (node: ReturnType<typeof readXml>): unknown => [
        node.name,
        Object.keys(node.attributes),
        node.children.map(outline),
      ];
      expect(first(readXml(xml), "os/cmdline")?.text).toBe(line);
      expect(first(readXml(xml), "devices/disk/serial")?.text).toBe(serial);
      return outline(readXml(xml));
    };
    const plain = JSON.stringify(shape("x", "x"));
    fc.assert(
      fc.property(text, text, (serial, line) => {
        expect(JSON.stringify(shape(serial, line))).toBe(plain);
      }),
      { numRuns: 300 },
    );
  });

  it("may not hold control characters, and the error names the field", () => {
    expect(() => xmlOf({ firmware: { serial: "a\u0007" } })).toThrow(
      expect.objectContaining({
        reason: "TextNotAllowed",
        causes: [expect.objectContaining({ field: "spec.domain.firmware.serial" })],
      }) as Error,
    );
  });

  it.each<[string, object]>([
    ["spec.domain.launchSecurity", { launchSecurity: { sev: {} } }],
    ["spec.domain.cpu.dedicatedCpuPlacement", { cpu: { dedicatedCpuPlacement: true } }],
    ["spec.domain.devices.gpus", { devices: { gpus: [{ name: "g", deviceName: "d" }] } }],
    ["spec.domain.devices.tpm", { devices: { tpm: {} } }],
    ["spec.domain.devices.filesystems", { devices: { filesystems: [{ name: "f", virtiofs: {} }] } }],
  ])("is refused with its field where this node cannot do it: %s", (field, domain) => {
    expect(() => xmlOf(domain)).toThrow(
      expect.objectContaining({ kind: "refused", causes: [expect.objectContaining({ field })] }) as Error,
    );
  });

  it("is refused for a machine of another architecture", () => {
    const spec = { ...specOf({}), architecture: "arm64" as const };
    expect(() => domainXml(orderFor(spec), partsFor(spec))).toThrow(
      expect.objectContaining({ causes: [expect.objectContaining({ field: "spec.architecture" })] }) as Error,
    );
  });

  it.each<[string, object, string]>([
    [
      "a bus that is none",
      { devices: { disks: [{ name: "a", disk: { bus: "ide" } }] } },
      "spec.domain.devices.disks[0].disk.bus",
    ],
    [
      "a CD-ROM on virtio",
      { devices: { disks: [{ name: "a", cdrom: { bus: "virtio" } }] } },
      "spec.domain.devices.disks[0].cdrom.bus",
    ],
    [
      "a PCI address on SATA",
      { devices: { disks: [{ name: "a", disk: { bus: "sata", pciAddress: "0000:00:01.0" } }] } },
      "spec.domain.devices.disks[0].disk.pciAddress",
    ],
    ["a keyboard", { devices: { inputs: [{ name: "k", type: "keyboard" }] } }, "spec.domain.devices.inputs[0].type"],
    [
      "a network card that is none",
      { devices: { interfaces: [{ name: "n", model: "x" }] } },
      "spec.domain.devices.interfaces[0].model",
    ],
    ["memory that is no quantity", { memory: { guest: "lots" } }, "spec.domain.memory.guest"],
  ])("is refused with its field: %s", (_, domain, field) => {
    expect(() => xmlOf(domain)).toThrow(
      expect.objectContaining({ kind: "refused", causes: [expect.objectContaining({ field })] }) as Error,
    );
  });
});

describe("what the guest sees", () => {
  it("names disks as the guest will, letter by letter past z", () => {
    const disks = Array.from({ length: 28 }, (_, index) => ({ name: `d${index}`, disk: { bus: "virtio" as const } }));
    const targets = diskTargets({ domain: { devices: { disks: [...disks, { name: "s", disk: { bus: "scsi" } }] } } });
    expect(targets.map(({ target }) => target).slice(24)).toEqual(["vdy", "vdz", "vdaa", "vdab", "sda"]);
  });

  it("has eight free PCI Express ports beyond those in use, and none where hot-plug is off", () => {
    const ports = (devices: Domain["devices"]): number =>
      all(readXml(xmlOf({ devices })), "devices/controller").filter(
        (one) => one.attributes["model"] === "pcie-root-port",
      ).length;
    const inUse = 2; // balloon, virtio-serial
    expect(ports({})).toBe(inUse + 8);
    expect(ports({ disableHotplug: true })).toBe(inUse);
    expect(ports({ rng: {}, interfaces: [{ name: "a" }] })).toBe(inUse + 2 + 8);
  });

  it("bounds the cache of translated code without KVM, and has none with it", () => {
    expect(first(readXml(xmlOf({})), "features/tcg/tb-cache")?.text).toBe("32");
    expect(first(readXml(xmlOf({}, "kvm")), "features/tcg")).toBeUndefined();
  });

  it("reports its panics and ends by them", () => {
    const root = readXml(xmlOf({}));
    expect(all(root, "devices/panic").map((one) => one.attributes["model"])).toEqual(["isa"]);
    expect(first(root, "on_crash")?.text).toBe("destroy");
  });

  it("keeps the VNC socket in the machine's directory while its path fits into one", () => {
    const spec = specOf({});
    const socketIn = (directory: string): string | undefined => {
      const parts = partsFor(spec);
      const xml = domainXml(orderFor(spec), { ...parts, volumes: { ...parts.volumes, directory } });
      return first(readXml(xml), "devices/graphics/listen")?.attributes["socket"];
    };
    expect(socketIn("/m/1")).toBe("/m/1/volumes/vnc.sock");
    expect(socketIn(`/${"d".repeat(120)}`)).toBeUndefined();
  });
});
