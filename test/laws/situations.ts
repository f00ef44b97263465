/**
 * Situations that functions may meet, generated: a VM, an instance, its pod, its node and what the node knows, in every
 * combination that can be, likely or not. They stand in a memory cluster and on nodes that do nothing by themselves.
 */
import fc from "fast-check";
import { Namespace, Node, PersistentVolumeClaim, Pod } from "#api/core.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { DATA_VOLUME_DEFINITION, DataVolume } from "#api/data-volume.ts";
import { MigrationPolicy } from "#api/migration-policy.ts";
import { GUEST_ARRIVED } from "#api/names.ts";
import type { Condition, KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance, type VirtualMachineInstanceStatus } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { nodeEvents, flowEvents, objectEvents } from "#events/catalogue.ts";
import { virtualClock, type VirtualClock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { Fault } from "#events/fault.ts";
import type { MachineOrder, MachineStatus, Nodes } from "#events/machine.ts";
import { makeEvent } from "#events/make-event.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { anchorName, anchorNameFor, type Instance } from "#functions/instance.ts";
import {
  bareInstance,
  heartbeat,
  machineStatus,
  node as nodeObject,
  virtualMachine,
} from "../unit/functions/objects.ts";

export const NODE = "node1";
/** Where migrations go. */
export const OTHER_NODE = "node2";
/** What the node is at by now; instances and Nodes may know another. */
const NEW_BOOT = "boot-3";
export const KEY = "default/web";
const NOW = new Date("2026-01-01T01:00:00Z");

const phases = ["Pending", "Scheduling", "Scheduled", "Running", "Unknown", "Succeeded", "Failed"] as const;
const states = ["preparing", "starting", "running", "paused", "stopping", "stopped", "unknown"] as const;

export const situation = fc.record({
  vm: fc.option(
    fc.record({
      strategy: fc.constantFrom("Always", "Halted", "Manual", "RerunOnFailure", "Once"),
      oldStrategy: fc.constantFrom("Always", "Halted", "Manual", "RerunOnFailure", "Once", undefined),
      deleting: fc.boolean(),
      failures: fc.constantFrom(0, 1, 3),
      /** Seconds from now. */
      retryIn: fc.constantFrom(-10, 60),
      requests: fc.array(fc.constantFrom("Start", "StartPaused", "Stop", "StopOther"), { maxLength: 3 }),
    }),
    { freq: 6 },
  ),
  vmi: fc.option(
    fc.record({
      owner: fc.constantFrom("vm", "vm", "vm", "other", "none"),
      phase: fc.constantFrom(...phases),
      deleting: fc.boolean(),
      /** Seconds ago that it came into its phase. */
      age: fc.constantFrom(1, 20, 400),
      ran: fc.boolean(),
      paused: fc.constantFrom("true", "false", undefined),
      startPaused: fc.boolean(),
      scheduler: fc.constantFrom("virtive", "default-scheduler"),
      grace: fc.constantFrom(0, 30, 600),
      secret: fc.boolean(),
      claim: fc.constantFrom("none", "none", "none", "bound", "shared", "filling", "missing"),
      conditions: fc.subarray(["Ready", "Paused", "Synchronized", "PodScheduled", "AgentConnected"]),
      epoch: fc.constantFrom(1, 2),
    }),
    { freq: 12 },
  ),
  pod: fc.constantFrom("absent", "pending", "unschedulable", "ready", "ready", "ended", "deleting"),
  node: fc.constantFrom("heard", "heard", "heard", "not ready", "silent", "rebooted", "absent"),
  machine: fc.option(
    fc.record({
      state: fc.constantFrom(...states),
      desired: fc.constantFrom("running", "paused", "stopped", "off"),
      epoch: fc.constantFrom("older", "same", "same", "same", "newer"),
      problem: fc.boolean(),
      exit: fc.constantFrom("shutdown", "destroyed", "crashed", "failed", "lost"),
      agent: fc.boolean(),
    }),
    { freq: 5 },
  ),
  /** A migration of the instance; from Scheduled on its target may be promised the claim. */
  migration: fc.option(
    fc.record({
      phase: fc.constantFrom(
        "",
        "Pending",
        ...["Scheduling", "Scheduling", "Scheduling"],
        "Scheduled",
        ...["PreparingTarget", "PreparingTarget", "PreparingTarget", "TargetReady", "TargetReady", "TargetReady"],
        "Running",
        "Failed",
      ),
      deleting: fc.boolean(),
      evacuation: fc.boolean(),
      /** Seconds ago that it came into its phase. */
      age: fc.constantFrom(1, 400),
      promised: fc.constantFrom(true, true, false),
      aborted: fc.constantFrom(false, false, true),
      pod: fc.constantFrom("ready", "ready", "pending", "absent"),
      target: fc.constantFrom(
        ...["absent", "preparing", "ready", "ready", "ready", "ready"],
        ...["receiving", "switching", "arrived", "refused", "withdrawn"],
      ),
      source: fc.constantFrom("none", "copying", "switching", "stayed"),
    }),
    { freq: 3 },
  ),
  /** Earlier migrations of it, which are over. */
  past: fc.constantFrom(0, 0, 0, 7),
  /** A migration policy selects it, by its namespace. */
  policy: fc.boolean(),
  /** The node that the instance must leave is its own, another, or none. */
  leaves: fc.constantFrom("none", "none", "its own", "another"),
  /** The node is cordoned; it says what blocks, of now or of before. */
  cordoned: fc.constantFrom("no", "no", "yes", "was"),
  answers: fc.constantFrom(true, true, true, true, false),
  stray: fc.constantFrom("none", "none", "running", "stopped"),
  woken: fc.constantFrom("update", "deadline", "differs", "heartbeat", "late heartbeat", "new heartbeat"),
  /** What the VM brings along, and how far that is; DataVolumesReady says so, or does not yet. */
  brought: fc.record({
    template: fc.constantFrom("none", "none", "none", "plain", "foreign"),
    dataVolume: fc.constantFrom("absent", "new", "ImportInProgress", "Failed", "Succeeded", "done and gone"),
    importer: fc.boolean(),
    told: fc.constantFrom("no", "False", "True"),
  }),
});

export type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

export interface Scene {
  readonly clock: VirtualClock;
  readonly cluster: MemoryCluster;
  readonly nodes: StillNodes;
  readonly event: CloudEvent;
}

/** Nodes that take orders and do nothing by themselves. */
export interface StillNodes extends Nodes {
  readonly machinesHere: Map<string, MachineStatus>;
  /** Of the node that migrations go to. */
  readonly machinesThere: Map<string, MachineStatus>;
  readonly answers: boolean;
}

export function stillNodes(answers: boolean): StillNodes {
  const machinesHere = new Map<string, MachineStatus>();
  const machinesThere = new Map<string, MachineStatus>();
  const reach = (node: string): Map<string, MachineStatus> => {
    if (!answers || (node !== NODE && node !== OTHER_NODE))
      throw new Fault("later", "NodeUnreachable", `${node} does not answer`);
    return node === NODE ? machinesHere : machinesThere;
  };
  return {
    machinesHere,
    machinesThere,
    answers,
    async identity(node) {
      reach(node);
      return { node, bootID: NEW_BOOT };
    },
    async machine(node, uid) {
      return reach(node).get(uid);
    },
    async machines(node) {
      return [...reach(node).values()];
    },
    async order(order: MachineOrder) {
      const held = reach(order.claim.node);
      const old = held.get(order.uid);
      if (old !== undefined && old.claim.epoch > order.claim.epoch) throw new Fault("stale", "EpochTooOld", "older");
      const fresh = old === undefined || order.claim.epoch > old.claim.epoch;
      const { uid, namespace, name, claim, version, desired, move, receive } = order;
      const base = fresh ? machineStatus("preparing", { uid, namespace, name, claim }) : old;
      const next = { ...base, version, desired, ...movingBy(base, move, receive) };
      held.set(uid, next);
      return next;
    },
    async forget(node, uid, epoch) {
      const held = reach(node);
      const old = held.get(uid);
      if (old !== undefined && (old.state !== "stopped" || old.claim.epoch !== epoch)) {
        throw new Fault("stale", "NotStopped", "it is not stopped");
      }
      held.delete(uid);
    },
    async act(node) {
      reach(node);
    },
  };
}

/** What a node says of a move right after it has taken an order. */
function movingBy(
  { move: before }: MachineStatus,
  move: MachineOrder["move"],
  receive: MachineOrder["receive"],
): Pick<MachineStatus, "move"> {
  if (move !== undefined && before?.migration !== move.migration) {
    return { move: { migration: move.migration, role: "source", phase: "copying" } };
  }
  if (receive === undefined || before?.role === "source") return before === undefined ? {} : { move: before };
  const { migration, withdrawn } = receive;
  const phase = before?.migration === migration ? before.phase : "preparing";
  return { move: { migration, role: "target", phase, ...(withdrawn === true ? { withdrawn } : {}) } };
}

/** Puts the situation up. The same situation makes the same scene, uids and versions included. */
export async function arrange(given: Situation): Promise<Scene> {
  const clock = virtualClock(NOW);
  const cluster = memoryCluster({ clock });
  const nodes = stillNodes(given.answers);
  await arrangeNode(cluster, given);
  await cluster.create(Node, otherNode());
  const vm = given.vm === null ? undefined : await arrangeVM(cluster, { ...given.vm, ...given.brought });
  if (given.policy) await arrangePolicy(cluster);
  const fresh = given.vmi === null ? undefined : await arrangeVMI(cluster, given.vmi, vm);
  const vmi = fresh === undefined ? undefined : await arrangeMigration(cluster, nodes, given, fresh);
  if (vm !== undefined && given.vm !== null) await finishVM(cluster, { ...given.vm, ...given.brought }, vm, vmi);
  if (vmi !== undefined) {
    await arrangePod(cluster, given.pod, vmi);
    arrangeMachine(nodes, given, vmi);
  }
  if (given.stray !== "none") {
    const stray = machineStatus(given.stray, { uid: "stray", name: "stray", desired: "running" });
    nodes.machinesHere.set("stray", stray);
  }
  return { clock, cluster, nodes, event: wake(given.woken, clock) };
}

function ago(seconds: number): string {
  return new Date(NOW.getTime() - seconds * 1000).toISOString().replace(".000", "");
}

const DRAINED_BEFORE = { type: "Drained", status: "False", reason: "Before", message: "before" } as const;

async function arrangeNode(cluster: MemoryCluster, { node, cordoned }: Situation): Promise<void> {
  if (node === "absent") return;
  const heard = node === "silent" ? "Unknown" : node === "not ready" ? "False" : "True";
  const { metadata, ...rest } = nodeObject(NODE, { heard, bootID: node === "rebooted" ? "boot-2" : "boot-1" });
  const { name, labels = {}, annotations = {} } = metadata;
  const conditions = rest.status?.conditions?.map((one) => ({ ...one, lastHeartbeatTime: ago(15) })) ?? [];
  await cluster.create(Node, {
    ...rest,
    ...(cordoned === "yes" ? { spec: { unschedulable: true } } : {}),
    metadata: { name, labels, annotations },
    status: { ...rest.status, conditions: [...conditions, ...(cordoned === "was" ? [DRAINED_BEFORE] : [])] },
  });
}

function otherNode(): Node {
  const { metadata, ...rest } = nodeObject(OTHER_NODE, { heard: "True", bootID: "boot-there" });
  const { name, labels = {}, annotations = {} } = metadata;
  const conditions = rest.status?.conditions?.map((one) => ({ ...one, lastHeartbeatTime: ago(15) })) ?? [];
  return { ...rest, metadata: { name, labels, annotations }, status: { ...rest.status, conditions } };
}

async function arrangePolicy(cluster: MemoryCluster): Promise<void> {
  const metadata = { name: "default", labels: { team: "web" } };
  await cluster.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata });
  await cluster.create(MigrationPolicy, {
    apiVersion: "migrations.kubevirt.io/v1alpha1",
    kind: "MigrationPolicy",
    metadata: { name: "slow" },
    spec: { selectors: { namespaceSelector: { team: "web" } }, bandwidthPerMigration: "1Mi" },
  });
}

async function arrangePast(cluster: MemoryCluster, count: number): Promise<void> {
  for (let nth = 0; nth < count; nth += 1) {
    const { object } = await cluster.create(VirtualMachineInstanceMigration, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { name: `past-${nth}`, namespace: "default" },
      spec: { vmiName: "web" },
    });
    const phase = nth % 2 === 0 ? ("Succeeded" as const) : ("Failed" as const);
    await cluster.patch(VirtualMachineInstanceMigration, object, { ...object, status: { phase } }, "status");
  }
}

/** The migration, its target's pod, what both ends say, and what the instance says of it. */
async function arrangeMigration(
  cluster: MemoryCluster,
  nodes: StillNodes,
  { migration: given, leaves, past, vmi: givenVMI }: Situation,
  vmi: Instance,
): Promise<Instance> {
  await arrangePast(cluster, past);
  const from = leaves === "none" ? undefined : leaves === "another" ? "node9" : NODE;
  const { claim } = vmi.status ?? {};
  const evacuationNodeName = from === undefined || claim === undefined ? {} : { evacuationNodeName: from };
  const { phase: vmiPhase } = givenVMI ?? {};
  const marked = await cluster.patch(
    VirtualMachineInstance,
    vmi,
    { ...vmi, status: { ...vmi.status, ...evacuationNodeName } },
    "status",
  );
  if (given === null) return marked;
  const entered = [{ phase: given.phase as "Pending", phaseTransitionTimestamp: ago(given.age) }];
  const { object } = await cluster.create(VirtualMachineInstanceMigration, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: {
      name: "moves",
      namespace: "default",
      finalizers: ["kubevirt.io/migrationJobFinalize"],
      ...(given.evacuation
        ? { annotations: { "kubevirt.io/evacuationMigration": NODE, "virtive.dev/drain": NODE } }
        : {}),
    },
    spec: { vmiName: "web" },
  });
  const status = given.phase === "" ? {} : { phase: given.phase as "Pending", phaseTransitionTimestamps: entered };
  const migration = await cluster.patch(VirtualMachineInstanceMigration, object, { ...object, status }, "status");
  if (given.deleting) await cluster.remove(VirtualMachineInstanceMigration, migration);
  const underWay = ["Scheduled", "PreparingTarget", "TargetReady", "Running"].includes(given.phase);
  const podName = anchorNameFor(marked, migration.metadata.uid);
  if (given.pod !== "absent" && given.phase !== "" && given.phase !== "Pending") {
    await arrangeTargetPod(cluster, podName, given.pod === "ready", marked);
  }
  const lives = claim !== undefined && vmiPhase !== "Succeeded" && vmiPhase !== "Failed";
  if (!underWay || !given.promised || !lives) return marked;
  const to = { node: OTHER_NODE, bootID: "boot-there", epoch: claim.epoch + 1 };
  const { uid } = migration.metadata;
  if (given.target !== "absent") {
    const withdrawn = given.target === "withdrawn";
    const phase = withdrawn ? "receiving" : given.target;
    nodes.machinesThere.set(
      marked.metadata.uid,
      machineStatus(phase === "arrived" ? "running" : phase === "refused" ? "stopped" : "preparing", {
        uid: marked.metadata.uid,
        claim: to,
        desired: "incoming",
        move: { migration: uid, role: "target", phase: phase as "ready", ...(withdrawn ? { withdrawn } : {}) },
        ...(phase === "refused" ? { exit: { kind: "destroyed", reason: "Test", message: "it never came" } } : {}),
      }),
    );
  }
  const state = {
    migrationUid: uid,
    targetNodeAddress: "https://node2.test:1",
    ...(given.phase === "Running" ? { startTimestamp: ago(given.age) } : {}),
    ...(given.aborted ? { abortRequested: true, abortStatus: "Aborting" } : {}),
  };
  const promised = { ...claim, offered: to.epoch, migratingTo: { ...to, migration: uid, pod: podName } };
  const next = { ...marked, status: { ...marked.status, claim: promised, migrationState: state } };
  return cluster.patch(VirtualMachineInstance, marked, next, "status");
}

async function arrangeTargetPod(cluster: MemoryCluster, name: string, ready: boolean, vmi: Instance): Promise<void> {
  const { object: pod } = await cluster.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      labels: { "kubevirt.io": "virt-launcher" },
      finalizers: ["test/hold"],
      ownerReferences: [
        {
          apiVersion: "kubevirt.io/v1",
          kind: "VirtualMachineInstance",
          name: "web",
          uid: vmi.metadata.uid,
          controller: true,
        },
      ],
    },
    spec: {
      ...(ready ? { nodeName: OTHER_NODE } : {}),
      readinessGates: [{ conditionType: GUEST_ARRIVED }],
      containers: [{ name: "compute", image: "anchor" }],
    },
  });
  if (!ready) return;
  const conditions: Condition[] = [{ type: "Ready", status: "True" }];
  await cluster.patch(Pod, pod, { ...pod, status: { phase: "Running", podIP: "10.1.0.3", conditions } }, "status");
}

type GivenVM = NonNullable<Situation["vm"]> & Situation["brought"];
type GivenVMI = NonNullable<Situation["vmi"]>;

async function arrangeVM(cluster: MemoryCluster, given: GivenVM): Promise<Stored<VirtualMachine>> {
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

async function finishVM(
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

async function arrangeVMI(
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

async function arrangePod(cluster: MemoryCluster, given: Situation["pod"], vmi: Instance): Promise<void> {
  if (given === "absent") return;
  const bound = given !== "pending" && given !== "unschedulable";
  const { object: pod } = await cluster.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: anchorName(vmi),
      namespace: "default",
      labels: { "kubevirt.io": "virt-launcher" },
      // A deletion takes its time.
      finalizers: ["test/hold"],
      ownerReferences: [
        {
          apiVersion: "kubevirt.io/v1",
          kind: "VirtualMachineInstance",
          name: "web",
          uid: vmi.metadata.uid,
          controller: true,
        },
      ],
    },
    spec: { ...(bound ? { nodeName: NODE } : {}), containers: [{ name: "compute", image: "anchor" }] },
  });
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

function arrangeMachine(nodes: StillNodes, { machine, migration, vmi: given }: Situation, vmi: Instance): void {
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

function wake(woken: Situation["woken"], clock: VirtualClock): CloudEvent {
  const common = { source: "/laws", clock } as const;
  switch (woken) {
    case "update":
      return makeEvent({
        ...common,
        type: objectEvents.updated,
        key: KEY,
        data: { apiVersion: "v1", kind: "X", metadata: { name: "web" } },
      });
    case "deadline":
      return makeEvent({
        ...common,
        type: flowEvents.deadline,
        key: KEY,
        data: { apiVersion: "v1", kind: "X", metadata: { name: "web" } },
      });
    case "differs":
      return makeEvent({ ...common, type: flowEvents.differs, key: KEY, data: { node: NODE, uid: "x", why: "test" } });
    case "heartbeat":
      return makeEvent({ ...common, type: nodeEvents.heartbeat, key: `/${NODE}`, data: heartbeat(NODE) });
    case "late heartbeat":
      return {
        ...makeEvent({ ...common, type: nodeEvents.heartbeat, key: `/${NODE}`, data: heartbeat(NODE) }),
        time: ago(30),
      };
    case "new heartbeat":
      return makeEvent({
        ...common,
        type: nodeEvents.heartbeat,
        key: `/${NODE}`,
        data: heartbeat(NODE, { bootID: NEW_BOOT, hypervisorReady: false }),
      });
  }
}

/** All objects and machines, without what changes with every write: for comparing outcomes. */
export async function stateOf({ cluster, nodes }: Scene): Promise<unknown> {
  const lists = await Promise.all([
    cluster.list(VirtualMachine),
    cluster.list(VirtualMachineInstance),
    cluster.list(Pod),
    cluster.list(Node),
    cluster.list(VirtualMachineInstanceMigration),
  ]);
  const objects = lists.flat().map((object: Stored<KubeObject>) => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: undefined, uid: undefined },
  }));
  return { objects, machines: [...nodes.machinesHere.values()].map((machine) => ({ ...machine, version: undefined })) };
}
