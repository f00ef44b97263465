/** Objects of an ordinary size for benchmarks: a small machine with two disks and one interface, as ours are stored. */
import type { Stored } from "#api/object.ts";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";

const CREATED = "2026-01-01T00:00:00Z";

export function machineName(index: number): string {
  return `vm-${String(index).padStart(6, "0")}`;
}

const template = {
  metadata: { labels: { "kubevirt.io/vm": "bench" } },
  spec: {
    schedulerName: "virtive",
    terminationGracePeriodSeconds: 0,
    domain: {
      cpu: { cores: 1, sockets: 1, threads: 1 },
      memory: { guest: "128Mi" },
      devices: {
        autoattachGraphicsDevice: false,
        rng: {},
        disks: [
          { name: "data", disk: { bus: "virtio" } },
          { name: "seed", disk: { bus: "virtio" } },
        ],
        interfaces: [{ name: "default", masquerade: {}, ports: [{ name: "http", port: 80 }] }],
      },
    },
    networks: [{ name: "default", pod: {} }],
    volumes: [
      { name: "data", containerDisk: { image: "virtive/demo-guest:1" } },
      { name: "seed", cloudInitNoCloud: { userData: "#!/bin/sh\necho hello\n" } },
    ],
  },
} satisfies VirtualMachine["spec"]["template"];

/** As a user creates it. */
export function virtualMachine(index: number): VirtualMachine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: machineName(index), namespace: "default" },
    spec: { runStrategy: "Always", template },
  };
}

/** As it is stored while its machine runs. */
export function runningInstance(index: number, version = index + 1): Stored<VirtualMachineInstance> {
  const name = machineName(index);
  const condition = { lastTransitionTime: CREATED, status: "True" } as const;
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: {
      name,
      namespace: "default",
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      resourceVersion: String(version),
      generation: 1,
      creationTimestamp: CREATED,
      labels: template.metadata.labels,
      finalizers: ["kubevirt.io/foregroundDeleteVirtualMachine"],
    },
    spec: template.spec,
    status: {
      phase: "Running",
      nodeName: "node-1",
      migrationMethod: "BlockMigration",
      claim: { node: "node-1", bootID: "00000000-0000-4000-8000-000000000001", epoch: 1 },
      phaseTransitionTimestamps: (["Pending", "Scheduling", "Scheduled", "Running"] as const).map((phase) => ({
        phase,
        phaseTransitionTimestamp: CREATED,
      })),
      conditions: [
        { type: "Ready", ...condition },
        { type: "LiveMigratable", ...condition },
      ],
      interfaces: [
        {
          name: "default",
          mac: "02:00:00:00:00:01",
          ipAddress: "10.0.0.2",
          ipAddresses: ["10.0.0.2"],
          infoSource: "domain",
        },
      ],
      volumeStatus: [
        { name: "data", target: "vda", phase: "Ready" },
        { name: "seed", target: "vdb", phase: "Ready" },
      ],
      machine: { type: "pc-q35-7.2" },
      memory: { guestAtBoot: "128Mi", guestCurrent: "128Mi", guestRequested: "128Mi" },
    },
  };
}

/** Without disks: for modelled hypervisors, whose nodes have no images. */
export function bareMachine(index: number): VirtualMachine {
  const { volumes: _volumes, domain, ...spec } = template.spec;
  const { disks: _disks, ...devices } = domain.devices;
  const bare = { ...template, spec: { ...spec, domain: { ...domain, devices } } };
  return { ...virtualMachine(index), spec: { runStrategy: "Always", template: bare } };
}
