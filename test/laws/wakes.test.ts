import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Node, Pod } from "#api/core.ts";
import type { Kind } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { compileFilters } from "#events/broker/filters.ts";
import { objectEvents } from "#events/catalogue.ts";
import { objectEvent } from "#events/source/object-event.ts";
import { defaultConfig } from "#functions/config.ts";
import type { FunctionDefinition } from "#functions/define.ts";
import { keysOf } from "#functions/dispatcher.ts";
import { functions } from "#functions/registry.ts";
import { situation, type Situation } from "./situation.ts";
import { arrange, type Scene } from "./situations.ts";
import { decide, keyFor } from "./writers.ts";

const RUNS = 400;
/** What some functions act on is rare: of ten times the runs of "migrate" one has no such situation. */
const MOST_ROUNDS = 10;
const KINDS: readonly Kind[] = [VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceMigration, Pod, Node];
/** The others act on what time, a node's report or a resync tells, too. */
const BY_OBJECTS: ReadonlySet<string> = new Set([
  ...["provision", "run", "schedule", "power", "migrate", "prune", "evacuate", "tally", "release", "stop", "move"],
]);
const all = functions({ ...defaultConfig, ownNodes: true }).filter(({ name }) => BY_OBJECTS.has(name));

/** Whether any of the objects that are there, told as changed, wakes the function for the situation's key. */
async function isWoken(definition: FunctionDefinition, { cluster, clock }: Scene): Promise<boolean> {
  const matches = definition.on.map(({ filters }) => compileFilters(filters));
  for (const kind of KINDS) {
    for (const object of await cluster.list(kind)) {
      const told = { kind, object, source: "/laws", occasion: "update", clock, type: objectEvents.updated };
      const event = objectEvent(told);
      if (!matches.some((match) => match(event))) continue;
      if ((await keysOf(definition)(event, cluster)).includes(keyFor(definition))) return true;
    }
  }
  return false;
}

describe("no wake leaves out what a function would act on:", () => {
  it.each(all.map((definition) => [definition.name, definition] as const))("%s", async (_name, definition) => {
    let acted = 0;
    const law = fc.asyncProperty(situation, async (given: Situation) => {
      const scene = await arrange(given);
      const decision = await decide(definition, scene);
      if (decision === undefined || decision.effects.length === 0) return;
      acted += 1;
      expect(await isWoken(definition, scene), decision.because).toBe(true);
    });
    for (let round = 0; round < MOST_ROUNDS && (round === 0 || acted === 0); round += 1)
      await fc.assert(law, { numRuns: RUNS });
    expect(acted, "the law was put to the test").toBeGreaterThan(0);
  });
});
