/**
 * migrate: lets a waiting migration begin when it is its turn: within the limits of cluster and node, after those of a
 * higher priority, one for an instance, when a node has room for it. Wakes on migrations (on one's end also for those
 * that wait) and instances. Creates the target's anchor pod; writes
 * the migration's phases Pending and Scheduling. What comes after is `move`'s.
 *
 * ```
 *   (new) ──► Pending ──limits, room──► Scheduling: the target's pod exists
 * ```
 */
import { Pod } from "#api/core.ts";
import { SCHEDULER_NAME } from "#api/names.ts";
import { partsOf, withCondition, type Key } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration, type MigrationPhase } from "#api/virtual-machine-instance-migration.ts";
import { objectEvents } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Reader } from "#events/cluster.ts";
import { kubevirtIn } from "../cluster-settings.ts";
import type { FunctionsConfig } from "../config.ts";
import {
  changed,
  defineFunction,
  due,
  nothing,
  statusPatch,
  type Decision,
  type FunctionDefinition,
} from "../define.ts";
import { isDeleting, type Instance } from "../instance.ts";
import { claimOf, targetOf } from "../machine-facts.ts";
import { anchorOf } from "../schedule/anchor.ts";
import { notedClaims } from "../schedule/claims.ts";
import { explain, place } from "../schedule/placement.ts";
import { readPlaces, type Places } from "../schedule/places.ts";
import { requestsOf } from "../schedule/resources.ts";
import { instanceKeys, migratingKeys } from "./keys.ts";
import { hindrance, refusal } from "./migratable.ts";
import {
  current,
  inMigrationPhase,
  inRank,
  isOver,
  migrationPhase,
  rankOf,
  WAITING,
  waitingOf,
  type Migration,
} from "./migrations.ts";
import { DEFAULT_SETTINGS } from "./policy.ts";

export interface MigrateFacts {
  readonly vmi: Instance | undefined;
  /** The one whose turn it is. */
  readonly migration: Migration | undefined;
  /** Other migrations that are under way, and the node that each leaves. */
  readonly underWay: readonly { readonly from: string | undefined }[];
  /** Those of a higher priority that wait for nothing but a place, and the node that each leaves. */
  readonly ahead: readonly { readonly from: string | undefined }[];
  readonly limits: { readonly cluster: number; readonly outbound: number };
  readonly cluster: Places | undefined;
}

const AGAIN_MILLISECONDS = 5_000;
/** Whoever waits for a place is told when one is free. */
const LIMITED_AGAIN_MILLISECONDS = 20_000;
/** Reasons of the condition Waiting. */
const LIMITED = "Limited";

export function migrate(config: FunctionsConfig): FunctionDefinition<MigrateFacts> {
  return defineFunction<MigrateFacts>({
    name: "migrate",
    purpose: "Lets a waiting migration begin when limits and room allow it: creates the target's anchor pod.",
    on: [
      changed(VirtualMachineInstanceMigration, { keys: keysWithNext }),
      { ...due(VirtualMachineInstanceMigration), keys: instanceKeys },
      changed(VirtualMachineInstance, { idleIn: ["Pending", "Scheduling", "Scheduled"], keys: migratingKeys }),
    ],
    reads: [
      "VirtualMachineInstance.get",
      "VirtualMachineInstanceMigration.list",
      "KubeVirt.list",
      "Node.list",
      "Pod.list",
    ],
    writes: [
      "Pod.create=of a migration's target",
      "VirtualMachineInstanceMigration.status.phase=Pending",
      "VirtualMachineInstanceMigration.status.phase=Scheduling",
      "VirtualMachineInstanceMigration.status.phaseTransitionTimestamps[Pending]",
      "VirtualMachineInstanceMigration.status.phaseTransitionTimestamps[Scheduling]",
      "VirtualMachineInstanceMigration.status.conditions[Waiting]",
      "record",
    ],
    // Two at a time would both count the same free place.
    oneAtATime: () => true,

    async read({ cluster }, key) {
      const at = partsOf(key);
      const about = { namespace: at.namespace, instance: at.name };
      const mine = await cluster.list(VirtualMachineInstanceMigration, about);
      if (mine.length === 0) return undefined;
      const vmi = await cluster.get(VirtualMachineInstance, at);
      const migration = current(mine);
      const idle = { vmi, migration, underWay: [], ahead: [], limits: { cluster: 0, outbound: 0 }, cluster: undefined };
      if (vmi === undefined || migration === undefined || !waits(migration)) return idle;
      const others = await inPhases(cluster, UNDER_WAY);
      const waiting = (await inPhases(cluster, ["Pending"])).filter((other) => goesFirst(other, migration));
      const leaving = async (some: readonly Migration[]) =>
        Promise.all(some.map(async (other) => ({ from: await leavesNode(cluster, other) })));
      const settings = (await kubevirtIn(cluster))?.spec.configuration?.migrations;
      return {
        vmi,
        migration,
        underWay: await leaving(others),
        ahead: await leaving(waiting.slice(0, MOST_AHEAD)),
        limits: {
          cluster: settings?.parallelMigrationsPerCluster ?? DEFAULT_SETTINGS.parallelMigrationsPerCluster,
          outbound: settings?.parallelOutboundMigrationsPerNode ?? DEFAULT_SETTINGS.parallelOutboundMigrationsPerNode,
        },
        cluster: await readPlaces(cluster),
      };
    },

    decide(facts, now) {
      const { vmi, migration } = facts;
      if (migration === undefined || !waits(migration))
        return nothing("no migration of the instance waits for its turn");
      if (isDeleting(migration)) return nothing("the migration was called off before it began");
      if (vmi === undefined || refusal(vmi) !== undefined) return nothing("the instance can't move: `move` says so");
      const hindered =
        hindrance(vmi) ?? (targetOf(vmi) === undefined ? undefined : "its last migration is not settled");
      if (hindered !== undefined) return wait(migration, "Hindered", hindered, now);
      const full = limited(facts);
      return full === undefined ? begin(facts, vmi, migration, config, now) : wait(migration, LIMITED, full, now);
    },
  });
}

/** More than any sensible limit: of more that go first, nothing changes. */
const MOST_AHEAD = 64;

const UNDER_WAY = ["Scheduling", "Scheduled", "PreparingTarget", "TargetReady", "Running"] as const;

async function inPhases(cluster: Reader, phases: readonly MigrationPhase[]): Promise<readonly Migration[]> {
  const lists = phases.map((phase) => cluster.list(VirtualMachineInstanceMigration, { phase }));
  return (await Promise.all(lists)).flat();
}

/** One that waits for something else as well would keep a place free for nothing. */
function goesFirst(other: Migration, than: Migration): boolean {
  const { reason = LIMITED } = waitingOf(other) ?? {};
  return rankOf(other) < rankOf(than) && reason === LIMITED && !isDeleting(other);
}

/** Its instance's key; and when it is over and leaves a place, those of the ones that are next to have it. */
async function keysWithNext(event: CloudEvent, cluster: Reader): Promise<readonly Key[]> {
  const ended = event.type === objectEvents.deleted.type || isOver(event.data as Migration);
  if (!ended) return instanceKeys(event);
  const waiting = [...(await inPhases(cluster, ["Pending"]))]
    .sort(inRank)
    .slice(0, DEFAULT_SETTINGS.parallelMigrationsPerCluster);
  const next = waiting.map(({ metadata, spec }) => `${metadata.namespace ?? ""}/${spec.vmiName ?? ""}`);
  return [...new Set([...instanceKeys(event), ...next])];
}

function waits(migration: Migration): boolean {
  return migrationPhase(migration) === "Pending";
}

async function leavesNode(cluster: Reader, { metadata, spec }: Migration): Promise<string | undefined> {
  const vmi = await cluster.get(VirtualMachineInstance, {
    namespace: metadata.namespace ?? "",
    name: spec.vmiName ?? "",
  });
  return vmi === undefined ? undefined : claimOf(vmi)?.node;
}

function limited({ vmi, underWay, ahead, limits }: MigrateFacts): string | undefined {
  if (underWay.length >= limits.cluster) {
    return `${underWay.length} migrations are under way, and the cluster allows ${limits.cluster}`;
  }
  const node = vmi === undefined ? undefined : claimOf(vmi)?.node;
  const leaving = underWay.filter(({ from }) => from === node).length;
  if (leaving >= limits.outbound) return `${leaving} guests are leaving ${node}, which allows ${limits.outbound}`;
  const [free, freeHere] = [limits.cluster - underWay.length, limits.outbound - leaving];
  const aheadHere = ahead.filter(({ from }) => from === node).length;
  if (ahead.length < free && aheadHere < freeHere) return undefined;
  return `${ahead.length} migrations of a higher priority go first`;
}

function wait(migration: Migration, reason: string, why: string, now: Date): Decision {
  const status = inMigrationPhase(migration, "Pending", now);
  const condition = { type: WAITING, status: "True", reason, message: why.endsWith(".") ? why : `${why}.` } as const;
  return {
    effects: statusPatch(VirtualMachineInstanceMigration, migration, {
      ...status,
      conditions: withCondition(status.conditions, condition, now),
    }),
    because: why,
    at: new Date(now.getTime() + (reason === LIMITED ? LIMITED_AGAIN_MILLISECONDS : AGAIN_MILLISECONDS)),
  };
}

function begin(facts: MigrateFacts, vmi: Instance, migration: Migration, config: FunctionsConfig, now: Date): Decision {
  const source = claimOf(vmi)?.node ?? "";
  const { addedNodeSelector = {} } = migration.spec;
  let node: string | undefined;
  let because = `${vmi.spec.schedulerName ?? "default-scheduler"} will place the target's pod`;
  if (vmi.spec.schedulerName === SCHEDULER_NAME && facts.cluster !== undefined) {
    const spec = { ...vmi.spec, nodeSelector: { ...vmi.spec.nodeSelector, ...addedNodeSelector } };
    const others = facts.cluster.nodes.filter(({ metadata }) => metadata.name !== source);
    const placement = place(
      { spec, requests: requestsOf(spec, config.cpuAllocationRatio) },
      others,
      facts.cluster.pods,
    );
    if (placement.node === undefined) return wait(migration, "Unschedulable", explain(placement.reasons), now);
    ({ node, because } = placement);
  }
  const { name, uid } = migration.metadata;
  const moving = { migration: { name, uid }, addedNodeSelector, notOn: source };
  const pod = anchorOf(vmi, node, config, notedClaims(vmi), moving);
  const status = inMigrationPhase(migration, "Scheduling", now);
  const conditions = status.conditions?.filter(({ type }) => type !== WAITING);
  return {
    effects: [
      { do: "create", kind: Pod, object: pod },
      ...statusPatch(VirtualMachineInstanceMigration, migration, {
        ...status,
        ...(conditions === undefined ? {} : { conditions }),
      }),
      {
        do: "record",
        about: migration,
        type: "Normal",
        reason: "SuccessfulCreate",
        message: `Created target pod ${pod.metadata.name}: ${because}.`,
      },
    ],
    because: `its turn has come: ${because}`,
  };
}
