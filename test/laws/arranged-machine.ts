/** The machine of a situation: its VM, with what that brings along, its instance, its pod, and what its node knows. */
import { PersistentVolumeClaim, Pod } from "#api/core.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { DATA_VOLUME_DEFINITION, DataVolume } from "#api/data-volume.ts";
import type { Condition, KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance, type VirtualMachineInstanceStatus } from "#api/virtual-machine-instance.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { anchorName, type Instance } from "#functions/instance.ts";
import { anchorPodFor, bareInstance, machineStatus, virtualMachine } from "../unit/functions/objects.ts";
import { ago } from "./arranged-nodes.ts";
import type { GivenVM, GivenVMI, Situation } from "./situation.ts";
import { NODE, type StillNodes } from "./still-nodes.ts";

export async function arrangeVM(cluster: MemoryCluster, given: GivenVM): Promise<Stored<VirtualMachine>> {
  const brought = given.template === "none" ? {} : { dataVolumeTemplates: [templates[given.template]] };
  const object = virtualMachine({ runStrategy: given.strategy as "Always", ...brought });
  if (given.template !== "none") await arrangeDataVolume(cluster, given);
  const finalizers = ["kubevirt.io/virtualMachineControllerFinalize"];
  return (await cluster.create(VirtualMachine, { ...object, metadata: { ...object.metadata, finalizers } })).object;
}

const templates = {
  plain: { metadata: { name: "filled" }, spec: { source: { blank: {} }, storage: {} } },
  foreign: { metadata: { name: "filled" }, spec: { sourceRef: { kind: "DataSource", name: "golden" }, storage: {} } },
} as const;

async function arrangeDataVolume(cluster: MemoryCluster, { dataVolume, importer }: GivenVM): Promise<void> {
  if (importer) {
    // All that is looked at is whether it is there; to make a real one takes longer than all the rest.
    const metadata = { name: DATA_VOLUME_DEFINITION };
    const bare: KubeObject = { apiVersion: "apiextensions.k8s.io/v1", kind: CustomResourceDefinition.kind, metadata };
    await cluster.create<KubeObject>(CustomResourceDefinition, bare);
  }
  const metadata = { name: "filled", namespace: "default" };
  if (dataVolume === "done and gone") {
    await cluster.create(PersistentVolumeClaim, { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata });
  }
  if (dataVolume === "absent" || dataVolume === "done and gone") return;
  const empty: DataVolume = { apiVersion: "cdi.kubevirt.io/v1beta1", kind: "DataVolume", metadata };
  const { object } = await cluster.create(DataVolume, empty);
  if (dataVolume === "new") return;
  await cluster.patch(DataVolume, object, { ...object, status: { phase: dataVolume } }, "status");
}

export async function finishVM(
  cluster: MemoryCluster,
  given: GivenVM,
  vm: Stored<VirtualMachine>,
  vmi: Instance | undefined,
): Promise<void> {
  const uid = vmi?.metadata.uid ?? "gone";
  const requests = given.requests.map((what) => {
    if (what.startsWith("Stop")) return { action: "Stop" as const, uid: what === "Stop" ? uid : "another" };
    return { action: "Start" as const, ...(what === "StartPaused" ? { data: { paused: "true" } } : {}) };
  });
  const status: NonNullable<VirtualMachine["status"]> = {
    ...(given.oldStrategy === undefined ? {} : { runStrategy: given.oldStrategy }),
    ...(requests.length === 0 ? {} : { stateChangeRequests: requests }),
    ...(given.told === "no"
      ? {}
      : { conditions: [{ type: "DataVolumesReady", status: given.told, reason: "Before", message: "before" }] }),
    ...(given.failures === 0
      ? {}
      : {
          startFailure: {
            consecutiveFailCount: given.failures,
            lastFailedVMIUID: "before",
            retryAfterTimestamp: ago(-given.retryIn),
          },
        }),
  };
  const patched = await cluster.patch(VirtualMachine, vm, { ...vm, status }, "status");
  if (given.deleting) await cluster.remove(VirtualMachine, patched);
}

/** Of what does not exist. */
const missingVolumes = [
  { name: "init", cloudInitNoCloud: { secretRef: { name: "missing" } } },
  { name: "settings", configMap: { name: "missing" } },
];

const accessModes = { bound: ["ReadWriteOnce"], shared: ["ReadWriteMany"] } as const;

export async function arrangeVMI(
  cluster: MemoryCluster,
  given: GivenVMI,
  vm: Stored<VirtualMachine> | undefined,
): Promise<Instance> {
  if (given.claim === "bound" || given.claim === "shared") {
    const metadata = { name: given.claim, namespace: "default" };
    const spec = { accessModes: accessModes[given.claim], resources: { requests: { storage: "1Gi" } } };
    await cluster.create(PersistentVolumeClaim, { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec });
  }
  if (given.claim === "filling") {
    const metadata = { name: given.claim, namespace: "default" };
    await cluster.create(PersistentVolumeClaim, { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata });
    await cluster.create(DataVolume, { apiVersion: "cdi.kubevirt.io/v1beta1", kind: "DataVolume", metadata });
  }
  const owner = given.owner === "vm" ? vm?.metadata.uid : given.owner === "other" ? "another-owner" : undefined;
  const object = bareInstance({
    schedulerName: given.scheduler,
    terminationGracePeriodSeconds: given.grace,
    ...(given.startPaused ? { startStrategy: "Paused" as const } : {}),
    volumes: [
      ...(given.secret ? missingVolumes : []),
      ...(given.claim === "none" || given.claim === "filling"
        ? []
        : [{ name: "data", persistentVolumeClaim: { claimName: given.claim } }]),
      ...(given.claim === "filling" ? [{ name: "data", dataVolume: { name: given.claim } }] : []),
    ],
  });
  const { object: created } = await cluster.create(VirtualMachineInstance, {
    ...object,
    metadata: {
      ...object.metadata,
      finalizers: ["kubevirt.io/foregroundDeleteVirtualMachine"],
      ...(given.paused === undefined ? {} : { annotations: { "virtive.dev/paused": given.paused } }),
      ...(owner === undefined
        ? {}
        : {
            ownerReferences: [
              { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", name: "web", uid: owner, controller: true },
            ],
          }),
    },
  });
  const patched = await cluster.patch(
    VirtualMachineInstance,
    created,
    { ...created, status: statusOf(given) },
    "status",
  );
  if (!given.deleting) return patched;
  await cluster.remove(VirtualMachineInstance, patched);
  return (await cluster.get(VirtualMachineInstance, { namespace: "default", name: "web" })) ?? patched;
}

/** What its phase implies is there: a claim from Scheduled on, the phases that it went through. */
function statusOf(given: GivenVMI): VirtualMachineInstanceStatus {
  const { phase } = given;
  const ended = phase === "Succeeded" || phase === "Failed";
  const ran = phase === "Running" || phase === "Unknown" || (ended && given.ran);
  const claimed = phase === "Scheduled" || ran;
  const been = [
    "Pending",
    ...(phase === "Pending" ? [] : ["Scheduling"]),
    ...(claimed ? ["Scheduled"] : []),
    ...(ran ? ["Running"] : []),
    phase,
  ];
  return {
    phase,
    phaseTransitionTimestamps: [...new Set(been)].map((one) => ({
      phase: one as "Pending",
      phaseTransitionTimestamp: ago(given.age),
    })),
    ...(claimed
      ? {
          nodeName: NODE,
          claim: { node: NODE, bootID: "boot-1", epoch: given.epoch },
          ...(ended ? {} : { activePods: { "uid-pod": NODE } }),
        }
      : {}),
    ...(phase === "Pending" || (given.claim !== "bound" && given.claim !== "shared")
      ? {}
      : { volumeStatus: [notedClaim(given.claim)] }),
    conditions: given.conditions.map((type): Condition => ({
      type,
      status: "False",
      reason: "Before",
      message: "before",
      lastTransitionTime: ago(500),
    })),
  };
}

function notedClaim(name: keyof typeof accessModes) {
  const info = { claimName: name, volumeMode: "Filesystem", accessModes: [...accessModes[name]] };
  return { name: "data", target: "", persistentVolumeClaimInfo: { ...info, requests: { storage: "1Gi" } } };
}

/** A deletion takes its time. */
export const SLOW_TO_GO = ["test/hold"];

export async function arrangePod(cluster: MemoryCluster, given: Situation["pod"], vmi: Instance): Promise<void> {
  if (given === "absent") return;
  const bound = given !== "pending" && given !== "unschedulable";
  const { object: pod } = await cluster.create(
    Pod,
    anchorPodFor(vmi, {
      name: anchorName(vmi),
      finalizers: SLOW_TO_GO,
      spec: { ...(bound ? { nodeName: NODE } : {}), containers: [{ name: "compute", image: "anchor" }] },
    }),
  );
  const condition = (type: string, status: "True" | "False"): Condition => ({
    type,
    status,
    ...(status === "False" ? { reason: "Unschedulable", message: "0/1 nodes are available" } : {}),
  });
  const status: Record<Exclude<Situation["pod"], "absent">, NonNullable<Pod["status"]>> = {
    pending: {},
    unschedulable: { phase: "Pending", conditions: [condition("PodScheduled", "False")] },
    ready: { phase: "Running", podIP: "10.1.0.2", conditions: [condition("Ready", "True")] },
    ended: { phase: "Failed", reason: "Evicted", message: "the node was low on memory" },
    deleting: { phase: "Running", podIP: "10.1.0.2", conditions: [condition("Ready", "True")] },
  };
  const patched = await cluster.patch(Pod, pod, { ...pod, status: status[given] }, "status");
  if (given === "deleting") await cluster.remove(Pod, patched, { gracePeriodSeconds: 60 });
}

export function arrangeMachine(nodes: StillNodes, { machine, migration, vmi: given }: Situation, vmi: Instance): void {
  const claim = vmi.status?.claim;
  if (machine === null || claim === undefined || given === null) return;
  const epoch = machine.epoch === "newer" ? claim.epoch + 1 : machine.epoch === "older" ? claim.epoch - 1 : claim.epoch;
  if (epoch < 1) return;
  const status = machineStatus(machine.state, {
    uid: vmi.metadata.uid,
    claim: { node: claim.node, bootID: claim.bootID, epoch },
    desired: machine.desired as "running",
    agentConnected: machine.agent,
    ...(vmi.status?.claim?.migratingTo === undefined || migration === null || migration.source === "none"
      ? {}
      : {
          move: {
            migration: vmi.status.claim.migratingTo.migration,
            role: "source" as const,
            phase: migration.source as "copying",
          },
        }),
    ...(machine.problem ? { problem: { reason: "ImageNotFound", message: "no such image" } } : {}),
    ...(machine.state === "stopped" ? { exit: { kind: machine.exit, reason: "Test", message: "it ended" } } : {}),
  });
  nodes.machinesHere.set(vmi.metadata.uid, status);
}
