/** The smallest valid order; a test states only what it is about. */
import type { MachineOrder } from "#events/machine.ts";

export const BOOT_ID = "11111111-2222-3333-4444-555555555555";

type Interfaces = NonNullable<MachineOrder["spec"]["domain"]["devices"]["interfaces"]>;

export function order(changes: Partial<MachineOrder> = {}): MachineOrder {
  return {
    uid: "0a1b2c3d-0000-4000-8000-000000000001",
    namespace: "default",
    name: "demo",
    claim: { node: "node1", bootID: BOOT_ID, epoch: 1 },
    version: "100",
    desired: "running",
    graceSeconds: 30,
    anchor: { podUID: "pod-1", podName: "virt-launcher-demo-abcde", podIP: "10.99.0.5" },
    spec: specWith([]),
    files: {},
    ...changes,
  };
}

export function specWith(interfaces: Interfaces, cidr?: string): MachineOrder["spec"] {
  return {
    domain: { devices: { interfaces }, memory: { guest: "64Mi" } },
    networks: interfaces.map(({ name }) => ({ name, pod: cidr === undefined ? {} : { vmNetworkCIDR: cidr } })),
  };
}
