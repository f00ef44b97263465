import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import type { Decision, Effect, FunctionDefinition } from "#functions/define.ts";
import { defaultConfig } from "#functions/config.ts";
import { perform } from "#functions/effects.ts";
import { functions } from "#functions/registry.ts";
import { situation, type Situation } from "./situation.ts";
import { arrange, stateOf, type Scene } from "./situations.ts";
import { decide, keyFor } from "./writers.ts";

const all = functions({ ...defaultConfig, ownNodes: true });
const RUNS = 600;

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

  it("has a word for a refusal or a delay whatever the facts, where it has one", async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given: Situation) => {
        const scene = await arrange(given);
        const looks = { cluster: scene.cluster, nodes: scene.nodes, event: scene.event };
        if (!given.answers) return;
        const facts = await definition.read(looks, keyFor(definition));
        if (facts === undefined) return;
        const now = scene.clock.now();
        const words = [
          definition.refused?.(facts, new Fault("refused", "Test", "it can't be"), now),
          definition.delayed?.(facts, new Fault("later", "DiskFull", "not yet"), now),
        ];
        const effects = words.flatMap((decision) => decision?.effects ?? []);
        expect(effects.every((effect) => effect.do === "patch" || effect.do === "record")).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
