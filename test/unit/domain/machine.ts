/** The smallest order and parts for a spec, for tests about domains. */
import type { MachineOrder } from "#events/machine.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import type { DirectBoot, DomainParts } from "#node-runtime/domain/parts.ts";

export function orderFor(spec: VirtualMachineInstanceSpec, more: Partial<MachineOrder> = {}): MachineOrder {
  return {
    uid: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    namespace: "default",
    name: "demo",
    claim: { node: "node-1", bootID: "boot-1", epoch: 3 },
    version: "42",
    desired: "running",
    graceSeconds: 30,
    anchor: { podUID: "pod-1", podName: "virt-launcher-demo" },
    spec,
    files: {},
    ...more,
  };
}

/** As if every volume and every interface of the spec had been prepared. */
export function partsFor(
  spec: VirtualMachineInstanceSpec,
  more: { readonly accelerator?: "kvm" | "tcg"; readonly boot?: DirectBoot } = {},
): DomainParts {
  const volumes = spec.volumes ?? [];
  const interfaces = spec.domain.devices.interfaces ?? [];
  return {
    accelerator: more.accelerator ?? "tcg",
    emulator: "/usr/bin/qemu-system-x86_64",
    volumes: {
      directory: "/m",
      disks: volumes.map((volume) => {
        const readonly = volume.cloudInitNoCloud !== undefined || volume.secret !== undefined;
        const shared = spec.domain.devices.disks?.some((disk) => disk.name === volume.name && disk.shareable === true);
        const format = readonly || shared === true ? "raw" : "qcow2";
        return { volume: volume.name, path: `/m/volumes/${volume.name}.${format}`, format, readonly, block: false };
      }),
      ...(more.boot === undefined ? {} : { boot: more.boot }),
    },
    links: interfaces.map((wish, index) => ({
      interface: wish.name,
      device: `vt${index}`,
      mac: `02:00:00:00:00:0${index}`,
      mtu: 1500,
    })),
  };
}
