import { describe, expect, it } from "vitest";
import { incomingXml } from "#node-runtime/domain/incoming.ts";
import { domainXml } from "#node-runtime/domain/xml.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { orderFor } from "./machine.ts";
import { first, readXml } from "./read-xml.ts";

const spec: VirtualMachineInstanceSpec = {
  domain: { memory: { guest: "64Mi" }, devices: { disks: [{ name: "d", disk: {}, serial: "/source-of-it" }] } },
  volumes: [{ name: "d", emptyDisk: { capacity: "1Gi" } }],
};

function moved(sourceDirectory: string, directory: string, emulator: string) {
  const path = `${sourceDirectory}/volumes/d.qcow2`;
  const disk = { volume: "d", path, format: "qcow2", readonly: false, block: false } as const;
  const volumes = { directory: sourceDirectory, disks: [disk] };
  const xml = domainXml(orderFor(spec), { volumes, links: [], accelerator: "tcg", emulator: "/usr/bin/qemu" });
  const order = orderFor(spec, { claim: { node: "node-2", bootID: "boot-2", epoch: 4 } });
  return readXml(incomingXml({ xml, sourceDirectory, order, directory, emulator }));
}

describe("the domain of a guest that comes from another node", () => {
  // State directories are users' to name.
  it.each([
    ["/source", "/target", "/usr/bin/qemu"],
    ["/a&b", "/c & 'd' <e>", '/bin/"q"&emu'],
  ])("has the paths of this node: from %s to %s", (source, target, emulator) => {
    const root = moved(source, target, emulator);
    expect(first(root, "devices/disk/source")?.attributes["file"]).toBe(`${target}/volumes/d.qcow2`);
    expect(first(root, "devices/graphics/listen")?.attributes["socket"]).toBe(`${target}/volumes/vnc.sock`);
    expect(first(root, "devices/emulator")?.text).toBe(emulator);
    expect(first(root, "metadata/virtive:machine")?.attributes).toMatchObject({ epoch: "4", node: "node-2" });
    // What only begins alike is none of them.
    expect(first(root, "devices/disk/serial")?.text).toBe("/source-of-it");
  });
});
