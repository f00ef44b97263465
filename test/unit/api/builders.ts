/** The smallest valid objects. A test states only what it is about. */
import type { VirtualMachine, VirtualMachineSpec } from "#api/virtual-machine.ts";
import type { VirtualMachineInstance, VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";

type Domain = VirtualMachineInstanceSpec["domain"];

export interface SpecParts extends Partial<Omit<VirtualMachineInstanceSpec, "domain">> {
  readonly devices?: Domain["devices"];
  readonly domain?: Omit<Domain, "devices">;
}

export function aSpec({ devices = {}, domain = {}, ...rest }: SpecParts = {}): VirtualMachineInstanceSpec {
  return { ...rest, domain: { memory: { guest: "512Mi" }, ...domain, devices } };
}

export function anInstance(parts: SpecParts = {}): VirtualMachineInstance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "guest", namespace: "default" },
    spec: aSpec(parts),
  };
}

export function aMachine(parts: SpecParts = {}, spec: Partial<VirtualMachineSpec> = {}): VirtualMachine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "guest", namespace: "default" },
    spec: { runStrategy: "Always", template: { spec: aSpec(parts) }, ...spec },
  };
}

/** Time and chance that stand still. */
export const given = {
  now: new Date("2026-11-24T10:00:00Z"),
  uuid: () => "5d307ca9-b3ef-428c-8861-06e72d69f223",
};
