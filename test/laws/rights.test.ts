/** The law "a function's role allows what it does, and nothing else": the chart's roles are made from the same rights. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KubeEvent, Node, Pod } from "#api/core.ts";
import type { Kind } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { flowEvents, objectEvents } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import type { Nodes } from "#events/machine.ts";
import { makeEvent } from "#events/make-event.ts";
import { defaultConfig } from "#functions/config.ts";
import type { Decision, FunctionDefinition } from "#functions/define.ts";
import { keysOf } from "#functions/dispatcher.ts";
import { perform } from "#functions/effects.ts";
import { functions } from "#functions/registry.ts";
import { rightsOf, rightsOn, textOf } from "../../scripts/generate/rights.ts";
import { situation } from "./situation.ts";
import { arrange, type Scene } from "./situations.ts";
import { NODE } from "./still-nodes.ts";
import { keyFor } from "./writers.ts";

const all = functions(defaultConfig);
const RUNS = 400;
/** All deadlines have passed by then. */
const AN_HOUR = 3_600_000;

/** What goes through the scene's doors, as an authoriser would be asked. */
function watched(scene: Scene, asked: Set<string>): { cluster: Reader & Writer; nodes: Nodes } {
  const note = (kind: Kind, verb: string, subresource?: string): void => {
    asked.add(textOf(rightsOn(kind, verb, subresource)));
  };
  const cluster: Reader & Writer = {
    get: (kind, at) => (note(kind, "get"), scene.cluster.get(kind, at)),
    list: (kind, selection) => (note(kind, "list"), scene.cluster.list(kind, selection)),
    create: (kind, object) => {
      note(kind, "create");
      // A name that is taken is looked at.
      note(kind, "get");
      for (const owner of object.metadata.ownerReferences ?? []) {
        if (owner.blockOwnerDeletion === true) note(kindOf(owner.kind), "update", "finalizers");
      }
      return scene.cluster.create(kind, object);
    },
    patch: (kind, before, after, part) => {
      note(kind, "patch", part === "status" ? "status" : undefined);
      return scene.cluster.patch(kind, before, after, part);
    },
    remove: (kind, object, options) => (note(kind, "delete"), scene.cluster.remove(kind, object, options)),
  };
  // A node's address is in its Node.
  const spoken = <T>(answer: T): T => (note(Node, "get"), answer);
  const nodes: Nodes = {
    identity: (node, url) => scene.nodes.identity(node, url),
    machine: (node, uid) => spoken(scene.nodes.machine(node, uid)),
    machines: (node) => spoken(scene.nodes.machines(node)),
    order: (order) => spoken(scene.nodes.order(order)),
    forget: (node, uid, epoch) => spoken(scene.nodes.forget(node, uid, epoch)),
    act: (node, uid, epoch, action) => spoken(scene.nodes.act(node, uid, epoch, action)),
  };
  return { cluster, nodes };
}

function kindOf(name: string): Kind {
  return name === VirtualMachine.kind ? VirtualMachine : VirtualMachineInstance;
}

/** What may wake functions besides the scene's own event: a change of each kind, and what is told of all nodes. */
function wakes({ clock }: Scene): readonly CloudEvent[] {
  const common = { source: "/laws", clock } as const;
  const changes = [VirtualMachine, VirtualMachineInstance, Pod, Node].map((kind) =>
    makeEvent({
      ...common,
      type: objectEvents.updated,
      key: kind === Node ? `/${NODE}` : "default/web",
      data: { apiVersion: "v1", kind: kind.kind, metadata: { name: kind === Node ? NODE : "web" } },
      extensions: { kind: kind.kind, name: kind === Node ? NODE : "web" },
    }),
  );
  const migration = makeEvent({
    ...common,
    type: objectEvents.updated,
    key: "default/moves",
    data: {
      apiVersion: "kubevirt.io/v1",
      kind: VirtualMachineInstanceMigration.kind,
      metadata: { name: "moves", namespace: "default" },
      spec: { vmiName: "web" },
    },
    extensions: { kind: VirtualMachineInstanceMigration.kind, name: "moves", namespace: "default" },
  });
  return [...changes, migration, makeEvent({ ...common, type: flowEvents.resync, key: "all", data: {} })];
}

async function live(definition: FunctionDefinition, scene: Scene, asked: Set<string>, say: Say): Promise<void> {
  const { cluster, nodes } = watched(scene, asked);
  // What is told a moment later is asked of the API too.
  const clock = {
    ...scene.clock,
    schedule: (_milliseconds: number, action: () => void) => (action(), () => undefined),
  };
  const parts = { writer: cluster, nodes, broker: { publish: async () => undefined }, clock };
  const looks = { cluster, nodes, event: scene.event };
  const key = keyFor(definition);
  try {
    for (const event of wakes(scene)) await keysOf(definition)(event, cluster);
    const facts = await definition.read(looks, key);
    if (facts === undefined) return;
    for (const decision of say(definition, facts, scene.clock.now())) {
      const work = { definition, decision, event: scene.event, key };
      await perform({ ...parts, log: silentLog }, work).catch(mustBeFault);
    }
  } catch (thrown) {
    mustBeFault(thrown);
  }
}

type Say = (definition: FunctionDefinition, facts: unknown, now: Date) => readonly Decision[];

const decisions: Say = (definition, facts, now) => [
  definition.decide(facts, now),
  definition.decide(facts, new Date(now.getTime() + AN_HOUR)),
];

const words: Say = (definition, facts, now) => {
  const refused = definition.refused?.(facts, new Fault("refused", "Test", "it can't be"), now);
  const delayed = definition.delayed?.(facts, new Fault("later", "DiskFull", "not yet"), now);
  return [refused, delayed].filter((decision) => decision !== undefined);
};

function mustBeFault(thrown: unknown): void {
  if (!(thrown instanceof Fault) || thrown.kind === "bug") throw thrown;
}

describe("a function's role", () => {
  it.each(all.map((definition) => [definition.name, definition] as const))(
    "%s may do what it does, and no more",
    async (_name, definition) => {
      const asked = new Set<string>();
      await fc.assert(
        fc.asyncProperty(situation, async (given) => {
          await live(definition, await arrange(given), asked, decisions);
          await live(definition, await arrange(given), asked, words);
        }),
        { numRuns: RUNS, seed: 1 },
      );
      expect([...asked].sort()).toEqual(rightsOf(definition).map(textOf).sort());
    },
    60_000,
  );

  it("is told apart by what is declared", () => {
    const one = {
      reads: ["Pod.get"],
      writes: ["VirtualMachine.status.ready", "Pod.create", "order running", "record"],
    };
    expect(rightsOf(one).map(textOf)).toEqual([
      "get core pods",
      "patch kubevirt.io virtualmachines/status",
      "create core pods",
      "update kubevirt.io virtualmachineinstances/finalizers",
      textOf(rightsOn(KubeEvent, "create")),
      textOf(rightsOn(KubeEvent, "get")),
    ]);
    expect(() => rightsOf({ reads: ["Pod.watch"], writes: [] })).toThrow('"Pod.watch"');
    expect(() => rightsOf({ reads: [], writes: ["Widget.status"] })).toThrow("Widget");
  });
});
