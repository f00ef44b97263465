/**
 * evacuate: makes migrations of guests that must leave their node (`status.evacuationNodeName`), and calls them off when
 * the node takes guests again. Wakes on instances, migrations and nodes. Creates and removes migrations; clears the mark.
 *
 * ```
 *   marked ──► migration ──► left: mark cleared
 *      │           └─► failed: another, later each time
 *      └── the node was drained and is uncordoned ──► migration called off, mark cleared
 * ```
 */
import { Node } from "#api/core.ts";
import { annotation, label } from "#api/names.ts";
import { apiVersionOf, keyOf, partsOf, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { changed, defineFunction, nothing, statusPatch, type Decision, type Effect } from "./define.ts";
import { asLabel, isDeleting, isFinal, shortHash, type Instance } from "./instance.ts";
import { claimOf, readNode, targetOf } from "./machine-facts.ts";
import { instanceKeys } from "./migrate/keys.ts";
import { obstacleOf } from "./migrate/migratable.ts";
import { enteredPhaseAt, isOver, migrationPhase, type Migration } from "./migrate/migrations.ts";

export interface EvacuateFacts {
  readonly vmi: Instance;
  readonly migrations: readonly Migration[];
  readonly node: Stored<Node> | undefined;
}

/** Seconds after the first failed try; each further one waits as long again. */
const AGAIN_SECONDS = 10;
const LONGEST_SECONDS = 300;
/** On a migration that a drain has asked for: the node was cordoned then. */
const DRAIN = "virtive.dev/drain";

export const evacuate = defineFunction<EvacuateFacts>({
  name: "evacuate",
  purpose: "Makes migrations of guests that must leave their node, and calls them off when they need not any more.",
  on: [
    changed(VirtualMachineInstance, {
      idleIn: ["Pending", "Scheduling", "Succeeded", "Failed"],
      concerns: ({ status }, how) => how !== "gone" && status?.evacuationNodeName !== undefined,
    }),
    changed(VirtualMachineInstanceMigration, { keys: instanceKeys }),
    changed(Node, {
      async keys(event, cluster) {
        const node = event.extensions["name"];
        const here = node === undefined ? [] : await cluster.list(VirtualMachineInstance, { node });
        return here.filter((vmi) => vmi.status?.evacuationNodeName !== undefined).map(keyOf);
      },
    }),
  ],
  reads: [
    "VirtualMachineInstance.get",
    "VirtualMachineInstance.list",
    "VirtualMachineInstanceMigration.list",
    "Node.get",
  ],
  writes: [
    "VirtualMachineInstanceMigration.create",
    "VirtualMachineInstanceMigration.remove=when the guest may stay",
    "VirtualMachineInstance.status.evacuationNodeName=cleared",
    "record",
  ],

  async read(looks, key) {
    const at = partsOf(key);
    const vmi = await looks.cluster.get(VirtualMachineInstance, at);
    const from = vmi?.status?.evacuationNodeName;
    if (vmi === undefined) return undefined;
    if (from === undefined) return { vmi, migrations: [], node: undefined };
    const about = { namespace: at.namespace, instance: at.name };
    const migrations = await looks.cluster.list(VirtualMachineInstanceMigration, about);
    return { vmi, migrations, node: await readNode(looks, from) };
  },

  decide({ vmi, migrations, node }, now) {
    const from = vmi.status?.evacuationNodeName;
    if (from === undefined) return nothing("the instance need not leave its node");
    if (isFinal(vmi) || isDeleting(vmi)) return nothing("the instance is ending anyway");
    if (claimOf(vmi)?.node !== from) return clear(vmi, [], `the instance has left ${from}`);
    const open = migrations.filter((migration) => !isOver(migration));
    // Of this stay: a guest that has come back is asked anew.
    const drains = triesOf(vmi, migrations).filter(({ metadata }) => metadata.annotations?.[DRAIN] === from);
    if (drains.length > 0 && node !== undefined && node.spec?.unschedulable !== true) {
      // The failed ones as well: the next who wants the guest gone, of a node that is not drained, would be taken for that drain.
      const off = drains
        .filter((migration) => !isDeleting(migration))
        .map((object): Effect => ({ do: "remove", kind: VirtualMachineInstanceMigration, object }));
      return clear(vmi, off, `${from} takes guests again: the instance may stay`);
    }
    if (open.length > 0 || targetOf(vmi) !== undefined) return nothing("a migration of the instance is open");
    if (vmi.spec.evictionStrategy === "External") return nothing("whoever manages the instance moves it");
    const obstacle = obstacleOf(vmi);
    if (obstacle !== undefined) return nothing(`it must leave ${from} and can't move: ${obstacle.message}`);
    const again = retryAt(vmi, migrations);
    if (again !== undefined && again > now)
      return nothing(`its last migration failed: another at ${again.toISOString()}`, again);
    return create(vmi, from, attempts(vmi, migrations), node);
  },
});

function clear(vmi: Instance, effects: readonly Effect[], because: string): Decision {
  const { evacuationNodeName: _, ...status } = vmi.status ?? {};
  return { effects: [...effects, ...statusPatch(VirtualMachineInstance, vmi, status)], because };
}

/** Before the number of the try. A guest that has moved has another claim, and its tries count anew. */
export function tryName({ metadata: { uid }, status }: Instance): string {
  return `kubevirt-evacuation-${shortHash(`${uid}/${status?.claim?.epoch}`)}-`;
}

function triesOf(vmi: Instance, migrations: readonly Migration[]): readonly Migration[] {
  return migrations.filter(({ metadata }) => metadata.name.startsWith(tryName(vmi)));
}

/** How often it was tried under this claim. By the names: the oldest ones are removed. */
function attempts(vmi: Instance, migrations: readonly Migration[]): number {
  const numbers = triesOf(vmi, migrations).map(({ metadata }) => Number(metadata.name.slice(tryName(vmi).length)));
  return Math.max(-1, ...numbers.filter(Number.isInteger)) + 1;
}

function retryAt(vmi: Instance, migrations: readonly Migration[]): Date | undefined {
  const failed = triesOf(vmi, migrations).filter((migration) => migrationPhase(migration) === "Failed");
  if (failed.length === 0) return undefined;
  const last = Math.max(...failed.map((migration) => enteredPhaseAt(migration).getTime()));
  return new Date(last + Math.min(attempts(vmi, migrations) * AGAIN_SECONDS, LONGEST_SECONDS) * 1000);
}

function create(vmi: Instance, from: string, nth: number, node: Stored<Node> | undefined): Decision {
  const { namespace, name, uid } = vmi.metadata;
  const object: VirtualMachineInstanceMigration = {
    apiVersion: apiVersionOf(VirtualMachineInstanceMigration),
    kind: VirtualMachineInstanceMigration.kind,
    metadata: {
      name: `${tryName(vmi)}${nth}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [label.vmiId]: asLabel(name) },
      annotations: {
        [annotation.evacuation]: from,
        ...(node?.spec?.unschedulable === true ? { [DRAIN]: from } : {}),
      },
      ownerReferences: [
        {
          apiVersion: apiVersionOf(VirtualMachineInstance),
          kind: VirtualMachineInstance.kind,
          name,
          uid,
          controller: true,
        },
      ],
    },
    spec: { vmiName: name, priority: "system-critical" },
  };
  return {
    effects: [
      { do: "create", kind: VirtualMachineInstanceMigration, object },
      {
        do: "record",
        about: vmi,
        type: "Normal",
        reason: "EvictionTriggered",
        message: `It must leave ${from}: migration ${object.metadata.name} moves it.`,
      },
    ],
    because: `it must leave ${from}`,
  };
}
