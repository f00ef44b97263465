/**
 * Everybody who writes objects, put into a situation: the functions (what they decide, and what they say when an effect
 * is refused or delayed), the gateway's verbs, and admission. What each would write there, field by field.
 */
import { clusterConfig } from "#api/cluster-config.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { admit } from "#functions/admit/admit.ts";
import type { Decision, FunctionDefinition } from "#functions/define.ts";
import type { GatewayParts } from "#functions/gateway/parts.ts";
import { restart, start, stop } from "#functions/gateway/vm-verbs.ts";
import { pause, unpause } from "#functions/gateway/vmi-verbs.ts";
import { bareInstance, START, virtualMachine } from "../unit/functions/objects.ts";
import type { Situation } from "./situation.ts";
import { arrange, KEY, type Scene } from "./situations.ts";
import { NODE } from "./still-nodes.ts";
import { changedFields, fieldsOf } from "./writes.ts";

export interface Writing {
  /** A function's name, "gateway" or "admit". */
  readonly by: string;
  /** Into an object that is being created, which nobody else can write yet. */
  readonly creating: boolean;
  readonly field: string;
}

/** Functions about nodes have the node's key. */
export function keyFor(definition: FunctionDefinition): string {
  return ["attend", "resync", "tally"].includes(definition.name) ? `/${NODE}` : KEY;
}

export async function decide(definition: FunctionDefinition, scene: Scene): Promise<Decision | undefined> {
  // A heartbeat wakes attend alone; for the others it is as good as any event.
  const looks = { cluster: scene.cluster, nodes: scene.nodes, event: scene.event };
  try {
    const facts = await definition.read(looks, keyFor(definition));
    return facts === undefined ? undefined : definition.decide(facts, scene.clock.now());
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.kind === "later") return undefined;
    throw thrown;
  }
}

export async function writingsIn(given: Situation, functions: readonly FunctionDefinition[]): Promise<Writing[]> {
  const all: Writing[] = [];
  const note = (by: string, fields: readonly string[], creating = false): void => {
    for (const field of new Set(fields)) all.push({ by, field, creating });
  };
  for (const definition of functions) {
    const scene = await arrange(given);
    const decision = await decide(definition, scene);
    note(definition.name, (decision?.effects ?? []).flatMap(fieldsOf));
    // An effect can be refused only where there is one.
    if (decision === undefined || decision.effects.length === 0) continue;
    note(definition.name, (await wordsOn(definition, scene)).flatMap(fieldsOf));
  }
  for (const verb of verbs) note("gateway", await askedOf(verb, await arrange(given)));
  note("admit", created(), true);
  note("admit", await changed(await arrange(given)));
  return all;
}

/** What it says when its effect is refused, and when it can't be done yet. */
async function wordsOn(definition: FunctionDefinition, scene: Scene): Promise<Decision["effects"]> {
  const looks = { cluster: scene.cluster, nodes: scene.nodes, event: scene.event };
  const facts = await definition.read(looks, keyFor(definition));
  if (facts === undefined) return [];
  const now = scene.clock.now();
  const refused = definition.refused?.(facts, new Fault("refused", "Test", "it can't be"), now);
  const delayed = definition.delayed?.(facts, new Fault("later", "DiskFull", "not yet"), now);
  return [...(refused?.effects ?? []), ...(delayed?.effects ?? [])];
}

const AT = { namespace: "default", name: "web" };

/** All of the gateway that writes, with the options that make it write more. */
const verbs: readonly (readonly [verb: typeof start, options: object])[] = [
  [start, {}],
  [start, { paused: true }],
  [stop, {}],
  [stop, { gracePeriod: 0 }],
  [restart, {}],
  [restart, { gracePeriodSeconds: 0 }],
  [pause, {}],
  [unpause, {}],
];

async function askedOf([verb, options]: (typeof verbs)[number], scene: Scene): Promise<readonly string[]> {
  const fields: string[] = [];
  const waits = new Error("it waits for what it wrote");
  const parts: GatewayParts = {
    reader: scene.cluster,
    present: scene.cluster,
    writer: {
      create: (kind, object) => scene.cluster.create(kind, object),
      remove: (kind, object) => scene.cluster.remove(kind, object),
      async patch<T extends KubeObject>(kind: Kind<T>, before: Stored<T>, after: T, part: "object" | "status") {
        const changed = changedFields(kind.kind, before, after);
        fields.push(...changed);
        if (kind.kind === VirtualMachineInstance.kind && !changed.some((field) => field.includes(".spec.")))
          throw waits;
        return scene.cluster.patch(kind, before, after, part);
      },
    },
    nodes: {
      machine: (node, uid) => scene.nodes.machine(node, uid),
      act: (node, uid, epoch, action) => scene.nodes.act(node, uid, epoch, action),
      console: () => Promise.reject(waits),
    },
    journal: memoryJournal(),
    clock: scene.clock,
    log: silentLog,
  };
  const request = new Request("http://gateway/", { method: "PUT", body: JSON.stringify(options) });
  await verb(parts, AT, request).catch(() => undefined); // refused: it writes nothing here
  return fields;
}

const USER = { username: "jane", groups: [] };

/** What admission changes of what is asked for. */
function admits(writer: "user" | "virtive", request: Parameters<typeof admit>[0]): readonly string[] {
  const config = clusterConfig(undefined, {});
  const answer = admit(request, { config, writer, now: START, uuid: () => "11111111-1111-4111-8111-111111111111" });
  if (!answer.allowed || answer.object === undefined || request.object === undefined) return [];
  return changedFields(request.kind.kind, request.object, answer.object);
}

function created(): readonly string[] {
  const about = { ...AT, operation: "CREATE", user: USER, dryRun: false } as const;
  return [
    ...admits("user", { ...about, kind: VirtualMachine, object: virtualMachine() }),
    ...admits("user", { ...about, kind: VirtualMachineInstance, object: bareInstance() }),
  ];
}

/** Of what a user labels, and of a status that a function writes. */
async function changed({ cluster }: Scene): Promise<readonly string[]> {
  const fields: string[] = [];
  for (const kind of [VirtualMachine, VirtualMachineInstance]) {
    const oldObject = await cluster.get<KubeObject>(kind, AT);
    if (oldObject === undefined) continue;
    const about = { ...AT, operation: "UPDATE", user: USER, dryRun: false, kind, oldObject } as const;
    const labels = { ...oldObject.metadata.labels, mine: "x" };
    fields.push(...admits("user", { ...about, object: { ...oldObject, metadata: { ...oldObject.metadata, labels } } }));
    fields.push(...admits("virtive", { ...about, object: oldObject, subresource: "status" }));
  }
  return fields;
}
