/**
 * move: takes a migration from its target's pod to its end, and passes the claim on. Wakes on migrations, instances, pods,
 * nodes' reports, deadlines, and what a resync finds.
 *
 * ```
 *   Scheduling ──pod Ready: claim.migratingTo, target told──► PreparingTarget ──ready: source told──► Running
 *        │ called off, too late                                        │                                  │ the guest runs
 *        └────────────► Failed ◄── only on proof that it never ────────┴──────────────────────────────────┤ at the target
 *                                  runs at the target                                                     ▼
 *                                                                             Succeeded: the claim is the target's
 * ```
 * Scheduled and TargetReady are passed in the same moment, and noted.
 * One rule: `claim.migratingTo` goes only when it has become the claim, or on proof (the source's word that it never asked
 * or was refused, the target's word that it never will, in writing) that the guest never runs there.
 */
import { Namespace, Pod, type Node } from "#api/core.ts";
import { MigrationPolicy } from "#api/migration-policy.ts";
import { annotation, GUEST_ARRIVED } from "#api/names.ts";
import { partsOf, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { flowEvents, reports } from "#events/catalogue.ts";
import type { Reader } from "#events/cluster.ts";
import { kubevirtIn } from "../cluster-settings.ts";
import { deadlineOf } from "../deadlines.ts";
import { changed, defineFunction, due, nothing, told, type Decision, type Looks } from "../define.ts";
import { anchorName, anchorNameFor, containersReady, isDeleting, type Instance } from "../instance.ts";
import {
  bootIDOf,
  claimOf,
  readMachineOn,
  readNode,
  readNodeOf,
  targetOf,
  type MachineFact,
  type Target,
} from "../machine-facts.ts";
import { readFiles, wantedState, type FoundFiles } from "../machine-order.ts";
import { instanceKeys, movedKeys } from "./keys.ts";
import { refusal } from "./migratable.ts";
import { current, isOver, isUnderWay, migrationPhase, type Migration } from "./migrations.ts";
import { advance, type Ends } from "./ends.ts";
import { settingsFor, type Settings } from "./policy.ts";
import { beginning, cleared, failedBefore, lost, noted, served } from "./outcome.ts";

export interface MoveFacts {
  readonly vmi: Instance | undefined;
  readonly migrations: readonly Migration[];
  /** The target's pod of the migration that is under way. */
  readonly pod: Stored<Pod> | undefined;
  readonly targetNode: Stored<Node> | undefined;
  /** The pod that the guest has moved into, when it has moved before. */
  readonly arrivedPod: Stored<Pod> | undefined;
  /** The pod that the guest leaves. */
  readonly sourcePod: Stored<Pod> | undefined;
  readonly source: MachineFact | undefined;
  readonly target: MachineFact | undefined;
  readonly files: FoundFiles;
  /** Of the migration that begins. */
  readonly settings: Settings;
}

const NO_FILES: FoundFiles = { files: {}, missing: [] };
const AGAIN_MILLISECONDS = 2_000;

export const move = defineFunction<MoveFacts>({
  name: "move",
  purpose: "Takes a migration from its target's pod to its end, and passes the claim on.",
  on: [
    changed(VirtualMachineInstanceMigration, { keys: instanceKeys }),
    { ...due(VirtualMachineInstanceMigration), keys: instanceKeys },
    changed(VirtualMachineInstance, { idleIn: ["Pending", "Scheduling"], keys: movedKeys }),
    changed(Pod, { keys: movedKeys }),
    told([...Object.values(reports), flowEvents.differs], movedKeys),
  ],
  reads: [
    "VirtualMachineInstance.get",
    "VirtualMachineInstanceMigration.list",
    "Pod.get",
    "Node.get",
    "KubeVirt.list",
    "MigrationPolicy.list",
    "Namespace.get",
    "Secret.get",
    "ConfigMap.get",
  ],
  writes: [
    ...["PreparingTarget", "Running", "Succeeded", "Failed"].map(
      (phase) => `VirtualMachineInstanceMigration.status.phase=${phase}`,
    ),
    ...["Scheduled", "PreparingTarget", "TargetReady", "Running", "Succeeded", "Failed"].map(
      (phase) => `VirtualMachineInstanceMigration.status.phaseTransitionTimestamps[${phase}]`,
    ),
    "VirtualMachineInstanceMigration.status.migrationState",
    "VirtualMachineInstanceMigration.metadata.finalizers",
    "VirtualMachineInstance.status.migrationState",
    "VirtualMachineInstance.status.claim=while it moves",
    "VirtualMachineInstance.status.nodeName=when it has moved",
    "VirtualMachineInstance.status.activePods=when it has moved",
    "Pod.remove=of a migration's ends",
    `Pod.status.conditions[${GUEST_ARRIVED}]`,
    "order running, paused, incoming, off",
    "record",
  ],

  async read(looks, key) {
    const at = partsOf(key);
    const about = { namespace: at.namespace, instance: at.name };
    const migrations = await looks.cluster.list(VirtualMachineInstanceMigration, about);
    const vmi = await looks.cluster.get(VirtualMachineInstance, at);
    const to = vmi === undefined ? undefined : targetOf(vmi);
    if (migrations.length === 0 && to === undefined && vmi?.status?.claim?.pod === undefined) return undefined;
    const idle: MoveFacts = {
      vmi,
      migrations,
      pod: undefined,
      arrivedPod: undefined,
      targetNode: undefined,
      sourcePod: undefined,
      source: undefined,
      target: undefined,
      files: NO_FILES,
      settings: { configuration: {} },
    };
    if (vmi === undefined) return idle;
    if (to !== undefined) return { ...idle, ...(await ends(looks, vmi, to)) };
    const hasMoved = vmi.status?.claim?.pod !== undefined;
    const arrivedPod = hasMoved ? await looks.cluster.get(Pod, { ...at, name: anchorName(vmi) }) : undefined;
    const mine = current(migrations);
    if (mine === undefined) return { ...idle, arrivedPod, pod: await strandedPod(looks, vmi, migrations) };
    const pod = await looks.cluster.get(Pod, { ...at, name: anchorNameFor(vmi, mine.metadata.uid) });
    const begins = pod !== undefined && containersReady(pod) && migrationPhase(mine) === "Scheduling";
    const settings = begins ? await readSettings(looks.cluster, vmi) : idle.settings;
    const files = begins ? await readFiles(looks.cluster, vmi) : NO_FILES;
    const targetNode = await readNode(looks, pod?.spec.nodeName);
    const source = begins ? await readMachineOn(looks, claimOf(vmi)?.node, vmi) : undefined;
    return { ...idle, pod, arrivedPod, targetNode, source, files, settings };
  },

  decide(facts, now) {
    const { vmi, migrations } = facts;
    if (vmi === undefined) return lost(migrations, now);
    if (targetOf(vmi) !== undefined) return atBothEnds(facts, vmi, now);
    const mine = current(migrations);
    const done = migrations.filter(isOver);
    const settled = [
      ...cleared(done, facts.pod !== undefined && mine === undefined ? facts.pod : undefined),
      ...served(facts.arrivedPod, now),
    ];
    if (mine === undefined) return { effects: settled, because: "no migration of the instance is open" };
    // Its end is noted on the instance first: what else was to be written may not have been.
    const decision = noted(vmi, mine, now) ?? beforeClaim(facts, vmi, mine, now);
    return { ...decision, effects: [...settled, ...decision.effects] };
  },
});

async function readSettings(cluster: Reader, vmi: Instance): Promise<Settings> {
  const kubevirt = await kubevirtIn(cluster);
  const policies = await cluster.list(MigrationPolicy);
  const ofNamespaces = policies.some(({ spec }) => spec.selectors.namespaceSelector !== undefined);
  const namespace = ofNamespaces ? await cluster.get(Namespace, { name: vmi.metadata.namespace ?? "" }) : undefined;
  const migrations = kubevirt?.spec.configuration?.migrations;
  return settingsFor({ vmi, namespaceLabels: namespace?.metadata.labels, policies, cluster: migrations });
}

async function ends(looks: Looks, vmi: Instance, to: Target): Promise<Partial<MoveFacts>> {
  const namespace = vmi.metadata.namespace ?? "";
  // One after the other, the source last: whatever the target has become by the time it says so, a source that has asked
  // it before is seen to have asked. Side by side, a guest that ran and ended there could look like one that never left.
  const targetNode = await readNodeOf(looks, to);
  const target = await readMachineOn(looks, to.node, vmi);
  const [pod, sourcePod, source] = await Promise.all([
    looks.cluster.get(Pod, { namespace, name: to.pod }),
    looks.cluster.get(Pod, { namespace, name: anchorName(vmi) }),
    readMachineOn(looks, claimOf(vmi)?.node, vmi),
  ]);
  return { pod, sourcePod, targetNode, source, target, files: await readFiles(looks.cluster, vmi) };
}

/** A pod that the guest has left, or was to go to. */
async function strandedPod(
  looks: Looks,
  vmi: Instance,
  migrations: readonly Migration[],
): Promise<Stored<Pod> | undefined> {
  for (const uid of [vmi.metadata.uid, ...migrations.map(({ metadata }) => metadata.uid)]) {
    const name = anchorNameFor(vmi, uid);
    if (name === anchorName(vmi)) continue;
    const pod = await looks.cluster.get(Pod, { namespace: vmi.metadata.namespace ?? "", name });
    if (pod !== undefined && !isDeleting(pod)) return (await isUsed(looks, vmi, name)) ? undefined : pod;
  }
  return undefined;
}

/** An instance that a cache has from before a move would have the pod removed in which its guest runs by now. */
async function isUsed(
  { present }: Looks,
  { metadata: { namespace = "", name } }: Instance,
  pod: string,
): Promise<boolean> {
  const now = await present?.get(VirtualMachineInstance, { namespace, name });
  return now !== undefined && (anchorName(now) === pod || targetOf(now)?.pod === pod);
}

function beforeClaim(facts: MoveFacts, vmi: Instance, mine: Migration, now: Date): Decision {
  const { pod, targetNode } = facts;
  const why = refusal(vmi);
  if (why !== undefined) return failedBefore(vmi, mine, pod, why, now);
  if (isDeleting(mine)) {
    return failedBefore(vmi, mine, pod, { reason: "CalledOff", message: "It was called off before it began." }, now);
  }
  if (!isUnderWay(mine)) return nothing("it waits for its turn: `migrate` lets it begin");
  const late = (deadlineOf(VirtualMachineInstanceMigration, mine) ?? now) <= now;
  if (migrationPhase(mine) !== "Scheduling") {
    return failedBefore(vmi, mine, pod, { reason: "ClaimLost", message: "Its target has no claim any more." }, now);
  }
  const bootID = bootIDOf(targetNode);
  const { source } = facts;
  const from = claimOf(vmi)?.node;
  if (from !== undefined && targetNode?.metadata.name === from) {
    const message = `The target's pod was placed on ${from}, which the guest is to leave.`;
    return failedBefore(vmi, mine, pod, { reason: "TargetIsSource", message }, now);
  }
  if (isHalted(vmi, mine.metadata.uid, source))
    return failedBefore(
      vmi,
      mine,
      pod,
      { reason: "GuestPaused", message: "It was paused before it began to move." },
      now,
    );
  const lives = source?.known === "yes" && source.status.state !== "stopped";
  const ready = lives && pod !== undefined && containersReady(pod) && !isDeleting(pod);
  if (ready && targetNode !== undefined && bootID !== undefined) {
    const address = targetNode.metadata.annotations?.[annotation.runtimeURL] ?? "";
    const { settings, files } = facts;
    const node = targetNode.metadata.name;
    return beginning({ vmi, migration: mine, pod, node, bootID, address, settings, files }, now);
  }
  if (!late && source?.known === "silent") {
    const again = new Date(now.getTime() + AGAIN_MILLISECONDS);
    return nothing(`${claimOf(vmi)?.node} does not answer: ${source.reason}`, again);
  }
  if (!late) return nothing("the target's pod is not Ready yet", deadlineOf(VirtualMachineInstanceMigration, mine));
  const message = `The target's pod was not Ready in time: ${pod === undefined ? "it is gone" : whyNotReady(pod)}.`;
  return failedBefore(vmi, mine, pod, { reason: "TargetPodNotReady", message }, now);
}

function whyNotReady(pod: Pod): string {
  const said = pod.status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
  return said?.message ?? `it is ${pod.status?.phase ?? "Pending"}`;
}

/** It would not begin to move before it runs again, and its target would wait for nobody knows how long. */
function isHalted(vmi: Instance, migration: string, source: MachineFact | undefined): boolean {
  if (source?.known !== "yes" || wantedState(vmi, annotation.paused) !== "paused") return false;
  return source.status.state === "paused" && source.status.move?.migration !== migration;
}

function atBothEnds(facts: MoveFacts, vmi: Instance, now: Date): Decision {
  const to = targetOf(vmi);
  if (to === undefined) return nothing("it moves nowhere");
  const migration = facts.migrations.find(({ metadata }) => metadata.uid === to.migration);
  const deadline = migration === undefined ? undefined : deadlineOf(VirtualMachineInstanceMigration, migration);
  const calledOff =
    migration === undefined || isDeleting(migration)
      ? "the migration was called off"
      : migrationPhase(migration) === "Failed" // by one that had not seen the claim yet
        ? "the migration has failed"
        : isDeleting(vmi)
          ? "the instance is being deleted"
          : isHalted(vmi, to.migration, facts.source)
            ? "the guest was paused before it began to move"
            : migrationPhase(migration) !== "Running" && deadline !== undefined && deadline <= now
              ? `it was ${migrationPhase(migration)} for too long`
              : undefined;
  const known: Ends = { ...facts, vmi, to, migration, calledOff };
  const decision = advance(known, now);
  if (decision.effects.length > 0 || decision.at !== undefined) return decision;
  // Whatever is awaited is told by a report; should that be lost, it is found here.
  return { ...decision, at: new Date(now.getTime() + AGAIN_MILLISECONDS) };
}
