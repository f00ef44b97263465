import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultConfig } from "#functions/config.ts";
import { defineFunction, nothing, told } from "#functions/define.ts";
import { flowEvents } from "#events/catalogue.ts";
import { functions } from "#functions/registry.ts";
import { warmUp } from "#functions/warm-up.ts";

const RANDOM = ["randomUUID", "randomBytes", "randomFillSync", "randomFill", "randomInt"] as const;

describe("what is in a snapshot of the function host", () => {
  beforeEach(() => {
    for (const name of RANDOM) vi.spyOn(crypto, name);
    syncBuiltinESMExports();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });

  it("every function has been asked, and nothing was drawn by chance: all hosts would have the same", async () => {
    const asked: string[] = [];
    const all = functions(defaultConfig).map((definition) => ({
      ...definition,
      read: (...given: Parameters<typeof definition.read>) => {
        asked.push(definition.name);
        return definition.read(...given);
      },
    }));
    await warmUp(all);
    expect(new Set(asked)).toEqual(new Set(all.map(({ name }) => name)));
    for (const name of RANDOM) expect(crypto[name], name).not.toHaveBeenCalled();
  });

  it("is none when a function fails over an object that is gone", async () => {
    const broken = defineFunction({
      name: "broken",
      purpose: "Fails.",
      on: [told([flowEvents.resync])],
      reads: [],
      writes: [],
      read: () => Promise.reject(new TypeError("what is gone has no name")),
      decide: () => nothing("never"),
    });
    await expect(warmUp([broken])).rejects.toThrow("broken answers 422");
  });
});
