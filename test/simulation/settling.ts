/**
 * What must become true once faults stop: what should run runs, what should not is gone with all that belonged to it,
 * and every status says what is so.
 */
import { Node, Pod } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { conditionOf, keyOf, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { isGuestOf } from "#functions/migrate/leaving.ts";
import { enteredPhaseAt, isOver, migrationPhase } from "#functions/migrate/migrations.ts";
import { anchorName } from "#functions/instance.ts";
import { DRAINED } from "#functions/tally.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { isPendingForDisk, ofDisks, saysThatItWaits, waitsForDisk } from "./disks-settling.ts";
import type { SimulatedNode } from "./node.ts";
import type { SimulatedPods } from "./pods.ts";
import type { Safety } from "./safety.ts";

type VM = Stored<VirtualMachine>;
type Instance = Stored<VirtualMachineInstance>;

export interface World {
  readonly cluster: MemoryCluster;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly pods: Pick<SimulatedPods, "isReached">;
  readonly safety: Pick<Safety, "domains">;
  /** Reports that no control plane has taken, by node. */
  readonly untaken: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What is not yet as it should be, a sentence each. */
export function unsettled({ cluster, nodes, pods, safety, untaken }: World): readonly string[] {
  const why: string[] = [];
  const instances = [...cluster.objects(VirtualMachineInstance).values()];
  const byUID = new Map(instances.map((vmi) => [vmi.metadata.uid, vmi]));
  for (const node of cluster.objects(Node).values()) {
    if (conditionOf(node, "RuntimeReady")?.status !== "True") why.push(`${node.metadata.name} is not ready`);
    why.push(...ofDrain(node, instances));
  }
  for (const vm of cluster.objects(VirtualMachine).values()) {
    const vmi = cluster.objects(VirtualMachineInstance).get(`${vm.metadata.namespace}/${vm.metadata.name}`);
    const waits = waitsForDisk(cluster, vm, vmi);
    why.push(...(waits === undefined ? ofMachine(vm, vmi) : saysThatItWaits(vm, vmi, waits)));
  }
  for (const vmi of instances) if (!isPendingForDisk(cluster, vmi)) why.push(...ofInstance(vmi, safety));
  why.push(...ofDisks(cluster));
  for (const pod of cluster.objects(Pod).values()) {
    const owner = byUID.get(pod.metadata.ownerReferences?.[0]?.uid ?? "");
    if (owner === undefined || isFinal(owner)) why.push(`pod ${pod.metadata.name} belongs to nothing that runs`);
    else if (pod.metadata.name === anchorName(owner) && !pods.isReached(pod.metadata.uid))
      why.push(`pod ${pod.metadata.name} is not reached at its address`);
  }
  for (const migration of cluster.objects(VirtualMachineInstanceMigration).values()) {
    const { name, deletionTimestamp } = migration.metadata;
    const vmi = instances.find((one) => one.metadata.name === migration.spec.vmiName);
    const isPaused = vmi !== undefined && conditionOf(vmi, "Paused") !== undefined;
    // The other node is set aside, and this says so.
    const noRoom = conditionOf(migration, "Waiting")?.reason === "Unschedulable" && isAnyAside(cluster);
    const waits = migrationPhase(migration) === "Pending" && (isPaused || noRoom);
    if (waits) continue; // for the guest to run, or for room: documented
    if (!isOver(migration)) why.push(`migration ${name} is ${migrationPhase(migration)}`);
    else if (deletionTimestamp !== undefined) why.push(`migration ${name} is still being deleted`);
  }
  for (const { name, node, uid } of safety.domains.values()) {
    const { phase, claim } = byUID.get(uid)?.status ?? {};
    if (phase !== "Running" || claim?.node !== node.name) why.push(`domain ${name} (${uid}) is left on ${node.name}`);
  }
  for (const node of nodes.values()) why.push(...ofNode(node, byUID));
  for (const [node, reports] of untaken) {
    for (const report of reports) why.push(`report ${report} of ${node} has reached nobody`);
  }
  return why;
}

function isAnyAside(cluster: MemoryCluster): boolean {
  return [...cluster.objects(Node).values()].some(({ spec }) => spec?.unschedulable === true);
}

/** A drain ends, or says what blocks. */
function ofDrain(node: Stored<Node>, instances: readonly Instance[]): string[] {
  const { name } = node.metadata;
  const said = conditionOf(node, DRAINED);
  if (node.spec?.unschedulable !== true) return said === undefined ? [] : [`${name} is in use and says ${DRAINED}`];
  const guests = instances.filter((vmi) => isGuestOf(vmi, name));
  const status = guests.length === 0 ? "True" : "False";
  const why =
    said?.status === status ? [] : [`${name} has ${guests.length} guests and says ${DRAINED} ${said?.status}`];
  for (const vmi of guests.filter((one) => one.status?.evacuationNodeName === name)) {
    const key = keyOf(vmi);
    // A paused guest moves once it runs, and that is said.
    const waits = conditionOf(vmi, "Paused")?.status === "True" && said?.message?.includes(key) === true;
    if (!waits) why.push(`${key} must leave ${name} and has not`);
  }
  return why;
}

function ofMachine(vm: VM, vmi: Instance | undefined): string[] {
  const { name } = vm.metadata;
  if (vm.metadata.deletionTimestamp !== undefined) return [`VM ${name} is still being deleted`];
  const why: string[] = [];
  const strategy = vm.spec.runStrategy;
  if (strategy === "Always" && vmi?.status?.phase !== "Running") why.push(`VM ${name} should run and does not`);
  if (strategy === "Halted" && vmi !== undefined) why.push(`VM ${name} is halted and has an instance`);
  const [failed, succeeded] = [vmi?.status?.phase === "Failed", vmi?.status?.phase === "Succeeded"];
  if (strategy === "RerunOnFailure" && failed) why.push(`VM ${name} has failed and should run again`);
  const { status } = vm;
  if ((status?.stateChangeRequests ?? []).length > 0) why.push(`VM ${name} has requests that wait`);
  if (status?.created !== (vmi !== undefined)) why.push(`VM ${name} says created ${status?.created}`);
  const isReady = vmi !== undefined && conditionOf(vmi, "Ready")?.status === "True";
  if ((status?.ready ?? false) !== isReady) why.push(`VM ${name} says ready ${status?.ready}`);
  const printed = status?.printableStatus ?? "";
  const fitting = vmi === undefined || failed || succeeded ? ["Stopped"] : ["Running", "Paused"];
  if (!fitting.includes(printed)) why.push(`VM ${name} says ${printed}, not ${fitting.join(" or ")}`);
  if (vm.status?.runStrategy !== strategy) why.push(`VM ${name} does not say its strategy ${strategy}`);
  return why;
}

function ofInstance(vmi: Instance, safety: Pick<Safety, "domains">): string[] {
  const { name, uid } = vmi.metadata;
  if (vmi.metadata.deletionTimestamp !== undefined) return [`instance ${name} is still being deleted`];
  if (isFinal(vmi)) return [];
  const phase = vmi.status?.phase;
  if (phase !== "Running") return [`instance ${name} is ${phase}`];
  const domain = [...safety.domains.values()].find((one) => one.uid === uid);
  if (domain === undefined) return [`instance ${name} is Running and has no domain`];
  const wanted = vmi.metadata.annotations?.[annotation.paused] !== "true";
  if (domain.running !== wanted) return [`instance ${name} should be ${wanted ? "running" : "paused"}, and is not`];
  // What stood in its way is over, and that is said as well.
  const troubled = conditionOf(vmi, "Synchronized");
  if (wanted && troubled !== undefined) return [`instance ${name} runs and still says ${troubled.reason}`];
  const paused = conditionOf(vmi, "Paused")?.status === "True";
  return paused === wanted ? [`instance ${name} says paused ${paused}, and is not`] : [];
}

function ofNode(node: SimulatedNode, instances: ReadonlyMap<string, Instance>): string[] {
  const why: string[] = [];
  const claims = (uid: string): boolean => {
    const vmi = instances.get(uid);
    return vmi?.status?.claim?.node === node.name && vmi.status.phase === "Running";
  };
  for (const { name, uuid } of node.hypervisor.machines) {
    if (node.hypervisor.hangs(uuid)) why.push(`${name} hangs on ${node.name}`);
  }
  for (const { uid, name, state } of node.machines?.all() ?? []) {
    if (!claims(uid)) why.push(`${node.name} still keeps machine ${name} (${uid}), ${state}`);
  }
  for (const [what, uids] of [
    ["disks", node.volumes],
    ["links", node.links],
  ] as const) {
    for (const uid of uids) if (!claims(uid)) why.push(`${what} of ${uid} are left on ${node.name}`);
  }
  return why;
}

function isFinal(vmi: Instance): boolean {
  return vmi.status?.phase === "Succeeded" || vmi.status?.phase === "Failed";
}

/** The longest back-off of a move that has failed and is tried again. */
const MOVE_AGAIN_MILLISECONDS = 300_000;

/** Until when what has failed waits before it is tried again; 0 when nothing does. Milliseconds since 1970. */
export function latestRetry({ cluster }: Pick<World, "cluster">): number {
  let latest = 0;
  for (const vm of cluster.objects(VirtualMachine).values()) {
    const at = vm.status?.startFailure?.retryAfterTimestamp;
    if (at !== undefined) latest = Math.max(latest, Date.parse(at));
  }
  for (const vmi of cluster.objects(VirtualMachineInstance).values()) {
    if (vmi.status?.evacuationNodeName === undefined) continue;
    for (const migration of cluster.objects(VirtualMachineInstanceMigration).values()) {
      if (migration.spec.vmiName !== vmi.metadata.name || migrationPhase(migration) !== "Failed") continue;
      latest = Math.max(latest, enteredPhaseAt(migration).getTime() + MOVE_AGAIN_MILLISECONDS);
    }
  }
  return latest;
}
