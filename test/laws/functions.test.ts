import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { mergePatch } from "#events/merge-patch.ts";
import type { Decision, Effect, FunctionDefinition } from "#functions/define.ts";
import { defaultConfig } from "#functions/config.ts";
import { perform } from "#functions/effects.ts";
import { functions } from "#functions/registry.ts";
import { arrange, KEY, NODE, situation, stateOf, type Scene, type Situation } from "./situations.ts";

const all = functions({ ...defaultConfig, ownNodes: true });
const RUNS = 600;

/** Functions about nodes have the node's key. */
function keyFor(definition: FunctionDefinition): string {
  return definition.name === "attend" || definition.name === "resync" ? `/${NODE}` : KEY;
}

async function decide(definition: FunctionDefinition, scene: Scene): Promise<Decision | undefined> {
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

async function act(definition: FunctionDefinition, scene: Scene, decision: Decision): Promise<Fault | undefined> {
  const { cluster: writer, nodes, clock, event } = scene;
  const broker = { publish: async () => undefined };
  try {
    await perform(
      { writer, nodes, broker, clock, log: silentLog },
      { definition, decision, event, key: keyFor(definition) },
    );
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.kind !== "bug") return thrown;
    throw thrown;
  }
}

/** What changes objects or machines; telling of a difference changes none. */
function changes(decision: Decision | undefined): readonly Effect[] {
  return (decision?.effects ?? []).filter((effect) => effect.do !== "emit");
}

describe.each(all.map((definition) => [definition.name, definition] as const))("%s", (_name, definition) => {
  it("decides nothing on its own outcome", async () => {
    let acted = 0;
    await fc.assert(
      fc.asyncProperty(situation, async (given: Situation) => {
        const scene = await arrange(given);
        const first = await decide(definition, scene);
        if (first === undefined || changes(first).length === 0) return;
        if ((await act(definition, scene, first)) !== undefined) return;
        acted += 1;
        const second = await decide(definition, scene);
        expect(changes(second), `first: ${first.because}; then: ${second?.because ?? "gone"}`).toEqual([]);
      }),
      { numRuns: RUNS },
    );
    expect(acted, "the law was put to the test").toBeGreaterThan(0);
  });

  it("does the same when delivered twice as when delivered once", async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given: Situation) => {
        const [once, twice] = [await arrange(given), await arrange(given)];
        const [one, other] = [await decide(definition, once), await decide(definition, twice)];
        if (one === undefined || other === undefined) return;
        expect(other.because).toBe(one.because);
        await act(definition, once, one);
        await act(definition, twice, other);
        await act(definition, twice, other);
        expect(await stateOf(twice)).toEqual(await stateOf(once));
      }),
      { numRuns: RUNS },
    );
  });

  it("decides alike on the same facts at the same time, and says why", async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given: Situation) => {
        const scene = await arrange(given);
        const [one, other] = [await decide(definition, scene), await decide(definition, scene)];
        expect(other).toEqual(one);
        if (one !== undefined) expect(one.because.length).toBeGreaterThan(10);
      }),
      { numRuns: 100 },
    );
  });

  it("has a word for a refusal whatever the facts, where it has one", async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given: Situation) => {
        const scene = await arrange(given);
        const looks = { cluster: scene.cluster, nodes: scene.nodes, event: scene.event };
        if (!given.answers || definition.refused === undefined) return;
        const facts = await definition.read(looks, keyFor(definition));
        if (facts === undefined) return;
        const decision = definition.refused(facts, new Fault("refused", "Test", "it can't be"), scene.clock.now());
        expect(decision.effects.every((effect) => effect.do === "patch" || effect.do === "record")).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe("no field has two writers", () => {
  /** function → the fields that its decisions really wrote, as "Kind.path" with list entries by their key. */
  const written = new Map<string, Set<string>>();

  beforeAll(async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given: Situation) => {
        for (const definition of all) {
          const decision = await decide(definition, await arrange(given));
          const fields = written.get(definition.name) ?? new Set<string>();
          written.set(definition.name, fields);
          for (const effect of decision?.effects ?? []) for (const field of fieldsOf(effect)) fields.add(field);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each(all.map((definition) => [definition.name, definition] as const))(
    "%s writes only what it declares",
    (name, definition) => {
      const fields = [...(written.get(name) ?? [])];
      expect(fields.filter((field) => !definition.writes.some((declared) => covers(declared, field)))).toEqual([]);
    },
  );

  it("declarations of different functions do not overlap", () => {
    const declared = all.flatMap((definition) => definition.writes.map((field) => ({ field, by: definition.name })));
    const clashes = declared.flatMap((one) =>
      declared
        .filter((other) => one.by < other.by && overlaps(one.field, other.field))
        .map((other) => `${one.by} and ${other.by}: ${one.field} / ${other.field}`),
    );
    expect(clashes).toEqual([]);
  });

  it("every function was seen at work", () => {
    const idle = all.filter(
      ({ name, writes }) => (written.get(name)?.size ?? 0) === 0 && writes.some((field) => /^[A-Z]/.test(field)),
    );
    expect(idle.map(({ name }) => name)).toEqual([]);
  });
});

/** Lists whose entries are told apart by a member. */
const LIST_KEYS: Readonly<Record<string, string>> = { conditions: "type", phaseTransitionTimestamps: "phase" };

function fieldsOf(effect: Effect): readonly string[] {
  switch (effect.do) {
    case "create":
      return [`${effect.kind.kind}.create`];
    case "remove":
      return [`${effect.kind.kind}.remove`];
    case "patch": {
      const difference = mergePatch(keyed(effect.before), keyed(effect.after)) ?? {};
      return leaves(difference, effect.kind.kind);
    }
    default:
      return [];
  }
}

/** The object with its keyed lists as maps, so that a difference names entries. */
function keyed(value: unknown): Readonly<Record<string, unknown>> {
  const walk = (inner: unknown, name: string): unknown => {
    const key = LIST_KEYS[name];
    if (Array.isArray(inner)) {
      if (key === undefined) return inner;
      return Object.fromEntries(inner.map((entry: Record<string, unknown>) => [`[${String(entry[key])}]`, entry]));
    }
    if (typeof inner !== "object" || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([member, child]) => [member, walk(child, member)]));
  };
  return walk(value, "") as Readonly<Record<string, unknown>>;
}

function leaves(difference: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  return Object.entries(difference).flatMap(([name, value]) => {
    const here = name.startsWith("[") ? `${path}${name}` : `${path}.${name}`;
    if (here.endsWith(".status.phase")) return [`${here}=${String(value)}`];
    const deeper = typeof value === "object" && value !== null && !Array.isArray(value) && !name.startsWith("[");
    return deeper ? leaves(value as Readonly<Record<string, unknown>>, here) : [here];
  });
}

function pathOf(field: string): string {
  return field.includes(".status.phase=") ? field : (field.split("=")[0] ?? field);
}

function within(path: string, outer: string): boolean {
  return path === outer || (path.startsWith(outer) && [".", "[", "="].includes(path[outer.length] ?? ""));
}

function covers(declared: string, field: string): boolean {
  return within(field, pathOf(declared));
}

function overlaps(one: string, other: string): boolean {
  if (!one.includes(".") || !other.includes(".") || one.startsWith("emit ")) return false;
  if (one !== other && one.includes("=") && other.includes("=") && pathOf(one) === pathOf(other)) return false;
  return within(one, other) || within(other, one) || pathOf(one) === pathOf(other);
}
