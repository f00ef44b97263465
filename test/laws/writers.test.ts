import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { defaultConfig } from "#functions/config.ts";
import { functions } from "#functions/registry.ts";
import { situation } from "./situation.ts";
import { writingsIn, type Writing } from "./writers.ts";
import { pathOf, within } from "./writes.ts";

const all = functions({ ...defaultConfig, ownNodes: true });

/**
 * Fields that pass from one writer to another in an object's life: no two of them write one in the same situation. Each
 * with the reason; a field that is not here has one writer for good.
 */
const HANDED_ON: Readonly<Record<string, readonly string[]>> = {
  // Held from creation on, let go when nothing is left of it.
  "VirtualMachine.metadata.finalizers": ["admit", "run"],
  "VirtualMachineInstance.metadata.finalizers": ["admit", "release"],
  // Each phase by who brings it about.
  // Until it has its target's pod it is `migrate`'s, then `move`'s.
  "VirtualMachineInstanceMigration.status.phase": ["migrate", "move"],
  // Open ones that are not wanted any more; those that are over.
  "VirtualMachineInstanceMigration.remove": ["evacuate", "prune"],
  // Of a start, and of a migration's target: pods of different names.
  "Pod.create": ["migrate", "schedule"],
  // What has ended loses its pod to `release`; of a migration's ends the one that the guest is not in goes by `move`.
  "Pod.remove": ["move", "release"],
  // While it starts; then only a migration passes it on.
  "VirtualMachineInstance.status.claim": ["boot", "move"],
  "VirtualMachineInstance.status.nodeName": ["boot", "move"],
  "VirtualMachineInstance.status.phase": ["admit", "boot", "observe", "schedule"],
  // Told at creation; where an API server drops a new object's status, told with Running.
  "VirtualMachineInstance.status.memory": ["admit", "observe"],
  // While Pending nobody but schedule knows of it; later its machine says.
  "VirtualMachineInstance.status.conditions[Ready]": ["observe", "schedule"],
  // What the claims are, until the machine tells of its disks.
  "VirtualMachineInstance.status.volumeStatus": ["observe", "schedule"],
  // Why a node has not got the order; once it has, what the machine says.
  "VirtualMachineInstance.status.conditions[Synchronized]": ["boot", "observe"],
  "VirtualMachineInstance.status.activePods": ["boot", "move", "observe"],
  // A user asks, which is refused while something is asked for; `run` takes off what is done.
  "VirtualMachine.status.stateChangeRequests": ["gateway", "run"],
};

/**
 * Where two may meet all the same: a restart is asked for at the moment in which `run` replaces an instance that has
 * ended. Both add a start; the second one's compare-and-set fails, and it reads anew.
 */
const MET: ReadonlySet<string> = new Set([
  "VirtualMachine.status.stateChangeRequests: gateway and run",
  // Two migrations of one instance: one that is open, and one that is over.
  "VirtualMachineInstanceMigration.remove: evacuate and prune",
  // Two pods of one instance: the one that it ran in, and the target's of a migration that is over.
  "Pod.remove: move and release",
]);

describe("no field has two writers", () => {
  const written: Writing[] = [];
  /** "field: one and other" for what two would write in one and the same situation. */
  const clashes = new Set<string>();

  beforeAll(async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given) => {
        const here = await writingsIn(given, all);
        written.push(...here);
        const now = here.filter(({ creating }) => !creating);
        for (const one of now) for (const other of now) if (one.by < other.by) clash(one, other);
      }),
      // The same situations each time: what is listed above is compared with all that was seen.
      { numRuns: 2000, seed: 1 },
    );
  }, 300_000);

  function clash(one: Writing, other: Writing): void {
    const [path, also] = [pathOf(one.field), pathOf(other.field)];
    if (within(path, also) || within(also, path)) clashes.add(`${path}: ${one.by} and ${other.by}`);
  }

  const by = (writer: string): readonly string[] => [
    ...new Set(written.filter((writing) => writing.by === writer).map(({ field }) => field)),
  ];

  it("in any one situation", () => {
    expect([...clashes].filter((clash) => !MET.has(clash))).toEqual([]);
  });

  it("ever, but for those that are handed on from one to another", () => {
    const groups = new Map<string, Set<string>>();
    for (const { by: writer, field } of written) {
      const path = pathOf(field);
      const group = Object.keys(HANDED_ON).find((outer) => within(path, outer)) ?? path;
      groups.set(group, (groups.get(group) ?? new Set()).add(writer));
    }
    const several = [...groups].filter(([, writers]) => writers.size > 1);
    expect(Object.fromEntries(several.map(([path, writers]) => [path, [...writers].sort()]))).toEqual(HANDED_ON);
  });

  it("nor does a value of a phase", () => {
    const writers = new Map<string, Set<string>>();
    for (const { by: writer, field } of written) {
      if (field.includes(".status.phase=")) writers.set(field, (writers.get(field) ?? new Set()).add(writer));
    }
    expect(writers.size).toBe(13);
    expect([...writers].filter(([, set]) => set.size > 1).map(([field]) => field)).toEqual([]);
  });

  it.each(all.map((definition) => [definition.name, definition] as const))(
    "%s writes only what it declares",
    (name, definition) => {
      const declared = definition.writes.map((field) => (field.includes(".phase=") ? field : pathOf(field)));
      expect(by(name).filter((field) => !declared.some((outer) => within(field, outer)))).toEqual([]);
    },
  );

  it("declarations of different functions do not overlap, but for what is handed on", () => {
    const declared = all.flatMap((definition) => definition.writes.map((field) => ({ field, by: definition.name })));
    const overlapping = declared.flatMap((one) =>
      declared
        .filter((other) => one.by < other.by && overlaps(one.field, other.field))
        .map((other) => `${one.by} and ${other.by}: ${one.field} / ${other.field}`),
    );
    expect(overlapping).toEqual([]);
  });

  it("every function, the gateway and admission were seen at work", () => {
    const writers = all.filter(({ writes }) => writes.some((field) => /^[A-Z]/.test(field))).map(({ name }) => name);
    expect([...writers, "gateway", "admit"].filter((writer) => by(writer).length === 0)).toEqual([]);
    expect(by("gateway").map(pathOf).sort()).toEqual([
      "VirtualMachine.spec.runStrategy",
      "VirtualMachine.status.stateChangeRequests",
      "VirtualMachineInstance.metadata.annotations.virtive.dev/paused",
      "VirtualMachineInstance.spec.terminationGracePeriodSeconds",
    ]);
  });
});

function overlaps(one: string, other: string): boolean {
  if (!one.includes(".") || !other.includes(".") || one.startsWith("emit ")) return false;
  const [path, also] = [pathOf(one), pathOf(other)];
  if (!within(path, also) && !within(also, path)) return false;
  // One field whose writers take turns, each saying when, in words or by the value.
  return !(path === also && one !== other && one.includes("=") && other.includes("=") && path in HANDED_ON);
}
