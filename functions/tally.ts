/**
 * tally: says on a cordoned Node what of its guests has left, what still has to, and what blocks, as the condition
 * Drained. Wakes on Nodes, and on instances and migrations of guests that are to leave a node. Writes the condition, and
 * takes it off when the node is uncordoned.
 *
 * A condition and no object of its own: it goes with the Node, `kubectl describe node` shows it, and
 * `kubectl wait --for=condition=Drained node/NAME` waits for it.
 */
import { clusterConfig, type ClusterConfig } from "#api/cluster-config.ts";
import { Node } from "#api/core.ts";
import { conditionOf, keyOf, partsOf, withCondition, type Condition, type Key, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { objectEvents } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Reader } from "#events/cluster.ts";
import { kubevirtIn } from "./cluster-settings.ts";
import { changed, defineFunction, nothing, statusPatch } from "./define.ts";
import type { Instance } from "./instance.ts";
import { isGuestOf, leavingOf, type Leaving } from "./migrate/leaving.ts";
import type { Migration } from "./migrate/migrations.ts";

export const DRAINED = "Drained";

interface Guest {
  readonly vmi: Instance;
  readonly migrations: readonly Migration[];
}

export interface TallyFacts {
  readonly node: Stored<Node>;
  readonly guests: readonly Guest[];
  readonly strategy: ClusterConfig["evictionStrategy"];
}

/** Guests that are named; of the others there is a number. */
const NAMED = 5;

export const tally = defineFunction<TallyFacts>({
  name: "tally",
  purpose: "Says on a cordoned Node what of its guests has left, what still has to, and what blocks.",
  on: [
    changed(Node, { concerns: isTold }),
    changed(VirtualMachineInstance, { keys: nodesToTell }),
    changed(VirtualMachineInstanceMigration, { keys: nodeLeft }),
  ],
  reads: [
    "Node.get",
    "VirtualMachineInstance.get",
    "VirtualMachineInstance.list",
    "VirtualMachineInstanceMigration.list",
    "KubeVirt.list",
  ],
  writes: [`Node.status.conditions[${DRAINED}]`],

  async read({ cluster }, key) {
    const { name } = partsOf(key);
    const node = await cluster.get(Node, { name });
    if (node === undefined) return undefined;
    if (node.spec?.unschedulable !== true) return { node, guests: [], strategy: "None" };
    const here = (await cluster.list(VirtualMachineInstance, { node: name })).filter((vmi) => isGuestOf(vmi, name));
    const guests = here.map(async (vmi): Promise<Guest> => {
      const { namespace, name: instance } = partsOf(keyOf(vmi));
      return { vmi, migrations: await cluster.list(VirtualMachineInstanceMigration, { namespace, instance }) };
    });
    // Side by side: one that fails while another is awaited would be nobody's, and end the process.
    const [kubevirt, known] = await Promise.all([kubevirtIn(cluster), Promise.all(guests)]);
    return { node, guests: known, strategy: clusterConfig(kubevirt).evictionStrategy };
  },

  decide({ node, guests, strategy }, now) {
    const { name } = node.metadata;
    const conditions = node.status?.conditions ?? [];
    if (node.spec?.unschedulable !== true) {
      if (conditionOf(node, DRAINED) === undefined) return nothing(`${name} takes guests`);
      const kept = conditions.filter(({ type }) => type !== DRAINED);
      return {
        effects: statusPatch(Node, node, { ...node.status, conditions: kept }),
        because: `${name} takes guests again`,
      };
    }
    const condition = drained(guests.map(({ vmi, migrations }) => [keyOf(vmi), leavingOf(vmi, migrations, strategy)]));
    const effects = statusPatch(Node, node, {
      ...node.status,
      conditions: withCondition(conditions, condition, now),
    });
    return { effects, because: `${name} is cordoned: ${condition.message}` };
  },
});

/** It is cordoned, or was and still says so. */
function isTold(node: Node): boolean {
  return node.spec?.unschedulable === true || conditionOf(node, DRAINED) !== undefined;
}

function nodesToTell(event: CloudEvent, cluster: Reader): readonly Key[] | Promise<readonly Key[]> {
  const keys = nodesOf(event);
  return keys.length === 0 ? keys : thoseToTell(keys, cluster);
}

async function thoseToTell(keys: readonly Key[], cluster: Reader): Promise<readonly Key[]> {
  const nodes = await Promise.all(keys.map((key) => cluster.get(Node, { name: partsOf(key).name })));
  return keys.filter((_, index) => {
    const node = nodes[index];
    return node !== undefined && isTold(node);
  });
}

/**
 * Where a guest is that is to leave, where it has been, and where it comes to: its pod may have been placed there before the
 * node was cordoned. Of others nobody is told, nor is anything read for them.
 */
function nodesOf(event: CloudEvent): readonly Key[] {
  const { metadata, status } = event.data as Partial<VirtualMachineInstance>;
  const { evacuationNodeName, migrationState, nodeName, phase } = status ?? {};
  const isGone = event.type === objectEvents.deleted.type || metadata?.deletionTimestamp !== undefined;
  const ends = isGone || phase === "Succeeded" || phase === "Failed";
  const hasMoved = migrationState?.completed === true;
  const nodes = [
    evacuationNodeName,
    hasMoved ? migrationState.sourceNode : undefined,
    hasMoved || ends || phase === "Scheduled" ? nodeName : undefined,
  ];
  return [...new Set(nodes.filter((node) => node !== undefined))].map((node) => `/${node}`);
}

async function nodeLeft(event: CloudEvent, cluster: Reader): Promise<readonly Key[]> {
  const { spec, metadata } = event.data as Partial<Migration>;
  const at = { namespace: metadata?.namespace ?? "", name: spec?.vmiName ?? "" };
  const node = (await cluster.get(VirtualMachineInstance, at))?.status?.claim?.node;
  return node === undefined ? [] : [`/${node}`];
}

function drained(guests: readonly (readonly [key: Key, leaving: Leaving])[]): Condition & { readonly message: string } {
  if (guests.length === 0) return { type: DRAINED, status: "True", reason: "NoGuests", message: "No guest is here." };
  const of = (how: Leaving["how"]) => guests.filter(([, leaving]) => leaving.how === how);
  const [blocked, waits, leaves, stays] = [of("blocked"), of("waits"), of("leaves"), of("stays")];
  const reason =
    blocked.length > 0 ? "Blocked" : leaves.length > 0 ? "Leaving" : waits.length > 0 ? "Waiting" : "NotAsked";
  const counts = [
    `${leaves.length} leave`,
    `${waits.length} wait`,
    `${blocked.length} can't leave`,
    `${stays.length} were not asked to`,
  ].filter((count) => !count.startsWith("0 "));
  const told = [...blocked, ...waits];
  const named = told.slice(0, NAMED).map(([key, { why }]) => `${key}: ${why}`);
  const more = told.length > named.length ? [`and ${told.length - named.length} more`] : [];
  const message = [`Of ${guests.length} guests ${counts.join(", ")}`, ...named, ...more].join("; ");
  return { type: DRAINED, status: "False", reason, message: `${message}.` };
}
