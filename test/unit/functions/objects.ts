/** The smallest valid objects; a test adds only what it is about. */
import { Node, type Pod } from "#api/core.ts";
import { annotation, label } from "#api/names.ts";
import type { KubeObject, Stored } from "#api/object.ts";
import type { VirtualMachine, VirtualMachineSpec } from "#api/virtual-machine.ts";
import type { VirtualMachineInstance, VirtualMachineInstanceStatus } from "#api/virtual-machine-instance.ts";
import type { Heartbeat, MachineStatus } from "#events/machine.ts";

export const START = new Date("2026-01-01T00:00:00Z");

export const instanceSpec: VirtualMachineInstance["spec"] = {
  schedulerName: "virtive",
  domain: { devices: {}, memory: { guest: "512Mi" }, cpu: { cores: 1, sockets: 1, threads: 1 } },
};

export function virtualMachine(
  spec: Partial<VirtualMachineSpec> = {},
  more: { readonly name?: string; readonly template?: Partial<VirtualMachineInstance["spec"]> } = {},
): VirtualMachine {
  const { name = "web", template = {} } = more;
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name, namespace: "default" },
    spec: {
      ...(spec.running === undefined ? { runStrategy: "Always" } : {}),
      template: { spec: { ...instanceSpec, ...template } },
      ...spec,
    },
  };
}

export function bareInstance(spec: Partial<VirtualMachineInstance["spec"]> = {}, name = "web"): VirtualMachineInstance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name, namespace: "default" },
    spec: { ...instanceSpec, ...spec },
  };
}

let version = 1000;

/** As the API server would have stored it. */
export function stored<T extends KubeObject>(object: T, meta: Partial<KubeObject["metadata"]> = {}): Stored<T> {
  version += 1;
  return {
    ...object,
    metadata: {
      uid: `uid-${object.kind.toLowerCase()}-${object.metadata.name}`,
      resourceVersion: String(version),
      creationTimestamp: "2026-01-01T00:00:00Z",
      generation: 1,
      ...object.metadata,
      ...meta,
    },
  };
}

export function storedInstance(
  status: VirtualMachineInstanceStatus = {},
  more: {
    readonly spec?: Partial<VirtualMachineInstance["spec"]>;
    readonly meta?: Partial<KubeObject["metadata"]>;
  } = {},
): Stored<VirtualMachineInstance> {
  const finalizers = ["kubevirt.io/foregroundDeleteVirtualMachine"];
  return stored({ ...bareInstance(more.spec), status }, { finalizers, ...more.meta });
}

export const claim = { node: "node1", bootID: "boot-1", epoch: 1 } as const;

/** Claimed by node1. */
export function claimedInstance(
  phase: NonNullable<VirtualMachineInstanceStatus["phase"]>,
  more: Parameters<typeof storedInstance>[1] & { readonly status?: VirtualMachineInstanceStatus } = {},
): Stored<VirtualMachineInstance> {
  const before = ["Pending", "Scheduling", "Scheduled"] as const;
  const phases = phase === "Scheduled" ? before : ([...before, "Running"] as const);
  return storedInstance(
    {
      phase,
      nodeName: claim.node,
      claim,
      activePods: { "uid-pod": claim.node },
      phaseTransitionTimestamps: phases.map((name) => ({
        phase: name,
        phaseTransitionTimestamp: "2026-01-01T00:00:00Z",
      })),
      ...more.status,
    },
    more,
  );
}

export function pod(vmi: Stored<VirtualMachineInstance>, more: Partial<Pod> = {}, node = "node1"): Stored<Pod> {
  return stored(
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `pod-of-${vmi.metadata.name}`,
        namespace: "default",
        uid: "uid-pod",
        labels: { [label.component]: "virt-launcher" },
      },
      spec: { nodeName: node, containers: [{ name: "compute", image: "anchor" }] },
      status: {
        phase: "Running",
        podIP: "10.1.0.2",
        conditions: [{ type: "Ready", status: "True" }],
      },
      ...more,
    },
    {},
  );
}

/** To be created for an instance that is stored, as `schedule` makes it. */
export function anchorPodFor(
  vmi: Stored<VirtualMachineInstance>,
  more: { readonly name: string; readonly finalizers?: readonly string[]; readonly spec: Pod["spec"] },
): Pod {
  const { name, finalizers, spec } = more;
  const { uid } = vmi.metadata;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      labels: { [label.component]: "virt-launcher" },
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [
        { apiVersion: "kubevirt.io/v1", kind: "VirtualMachineInstance", name: "web", uid, controller: true },
      ],
    },
    spec,
  };
}

export function node(
  name = "node1",
  more: {
    readonly bootID?: string;
    readonly heard?: "True" | "False" | "Unknown";
    readonly memory?: string;
    readonly cpu?: string;
    readonly spec?: NonNullable<Node["spec"]>;
    readonly labels?: Readonly<Record<string, string>>;
  } = {},
): Stored<Node> {
  const { bootID = "boot-1", heard = "True", memory = "8Gi", cpu = "4" } = more;
  const condition = (type: string) => ({
    type,
    status: heard,
    lastHeartbeatTime: "2026-01-01T00:00:00Z",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  const object: Node = {
    apiVersion: "v1",
    kind: Node.kind,
    metadata: {
      name,
      labels: { [label.schedulable]: String(heard === "True"), ...more.labels },
      annotations: { [annotation.runtimeURL]: `https://${name}:1`, [annotation.bootID]: bootID },
    },
    ...(more.spec === undefined ? {} : { spec: more.spec }),
    status: {
      capacity: { cpu, memory, pods: "110" },
      allocatable: { cpu, memory, pods: "110" },
      conditions: [condition("RuntimeReady"), condition("Ready")],
    },
  };
  return stored(object);
}

export function machineStatus(
  state: MachineStatus["state"],
  more: Partial<MachineStatus> = {},
  vmi?: Stored<VirtualMachineInstance>,
): MachineStatus {
  return {
    uid: vmi?.metadata.uid ?? "uid-virtualmachineinstance-web",
    namespace: "default",
    name: vmi?.metadata.name ?? "web",
    claim,
    version: "1",
    desired: state === "paused" ? "paused" : state === "stopping" || state === "stopped" ? "stopped" : "running",
    state,
    since: "2026-01-01T00:00:00Z",
    sequence: 1,
    interfaces: [{ name: "default", mac: "02:00:00:00:00:01", ipAddress: "10.1.0.2", ipAddresses: ["10.1.0.2"] }],
    volumes: [{ name: "root", target: "vda" }],
    machineType: "q35",
    accelerator: "tcg",
    agentConnected: false,
    ...(state === "stopped"
      ? { exit: { kind: "shutdown", reason: "GuestShutdown", message: "the guest powered off" } }
      : {}),
    ...more,
  };
}

export function heartbeat(name = "node1", more: Partial<Heartbeat> = {}): Heartbeat {
  return {
    node: name,
    bootID: "boot-1",
    url: `https://${name}:1`,
    inventory: "0",
    capacity: { cpus: 4, memoryBytes: 8 * 2 ** 30, machines: 110 },
    accelerator: "tcg",
    hypervisorReady: true,
    versions: { kubeletVersion: "v0.1.0" },
    loadAverage: 0.1,
    ...more,
  };
}
