/** Which of several migrations goes first, which are kept, and what is said of a guest that is to leave. */
import { describe, expect, it } from "vitest";
import type { Stored } from "#api/object.ts";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { defaultConfig } from "#functions/config.ts";
import { leavingOf } from "#functions/migrate/leaving.ts";
import { migrate, type MigrateFacts } from "#functions/migrate/migrate.ts";
import { inRank, inTurn, type Migration } from "#functions/migrate/migrations.ts";
import { KEPT_MIGRATIONS, prune } from "#functions/migrate/prune.ts";
import type { Instance } from "#functions/instance.ts";
import { bareInstance, START } from "./objects.ts";

function migration(
  name: string,
  phase: "Pending" | "Running" | "Succeeded" | "Failed",
  more: { readonly at?: number; readonly priority?: string; readonly leaves?: string; readonly waits?: string } = {},
): Migration {
  const created = new Date(START.getTime() + (more.at ?? 0) * 1000).toISOString().replace(".000", "");
  const annotations = more.leaves === undefined ? {} : { "kubevirt.io/evacuationMigration": more.leaves };
  const object: Stored<VirtualMachineInstanceMigration> = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { name, namespace: "default", uid: name, resourceVersion: "1", creationTimestamp: created, annotations },
    spec: { vmiName: "web", ...(more.priority === undefined ? {} : { priority: more.priority }) },
    status: {
      phase,
      ...(more.waits === undefined
        ? {}
        : { conditions: [{ type: "Waiting", status: "True" as const, reason: "Limited", message: more.waits }] }),
    },
  };
  return object;
}

function instance(
  strategy: "None" | "LiveMigrate" | "External",
  status: NonNullable<Instance["status"]> = {},
): Instance {
  const object = bareInstance({ evictionStrategy: strategy });
  const metadata = { ...object.metadata, uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };
  const claim = { node: "node1", bootID: "boot-1", epoch: 1 };
  return { ...object, metadata, status: { phase: "Running", claim, ...status } };
}

const names = (list: readonly Migration[]): readonly string[] => list.map(({ metadata }) => metadata.name);

describe("of migrations that wait", () => {
  it("a higher priority goes first, then the older", () => {
    const waiting = [
      migration("maintenance", "Pending", { priority: "system-maintenance" }),
      migration("young", "Pending", { at: 9 }),
      migration("old", "Pending", { at: 1, priority: "user-triggered" }),
      migration("drain", "Pending", { at: 99, priority: "system-critical" }),
    ];
    expect(names([...waiting].sort(inRank))).toEqual(["drain", "old", "young", "maintenance"]);
  });

  it("of one instance what a user asked for goes before an evacuation, which it may make needless", () => {
    const both = [migration("drain", "Pending", { leaves: "node1" }), migration("user", "Pending", { at: 9 })];
    expect(names([...both].sort(inTurn))).toEqual(["user", "drain"]);
  });

  const facts = (more: Partial<MigrateFacts>): MigrateFacts => ({
    vmi: instance("LiveMigrate"),
    migration: migration("background", "Pending", { priority: "system-maintenance" }),
    underWay: [],
    ahead: [],
    limits: { cluster: 5, outbound: 2 },
    cluster: undefined,
    ...more,
  });
  const decide = (more: Partial<MigrateFacts>) => migrate(defaultConfig).decide(facts(more), START);

  it("one begins while there are places for all that go before it, and says what it waits for else", () => {
    expect(decide({}).because).toMatch(/its turn has come/);
    expect(decide({ ahead: [{ from: "node1" }] }).because).toMatch(/its turn has come/);
    const both = [{ from: "node1" }, { from: "node1" }];
    expect(decide({ ahead: both }).because).toBe("2 migrations of a higher priority go first");
    expect(decide({ ahead: [{ from: "node1" }], underWay: [{ from: "node1" }] }).because).toMatch(/go first/);
    expect(decide({ underWay: both }).because).toBe("2 guests are leaving node1, which allows 2");
    const elsewhere = [1, 2, 3, 4, 5].map(() => ({ from: "node2" }));
    expect(decide({ underWay: elsewhere }).because).toMatch(/5 migrations are under way, and the cluster allows 5/);
    expect(decide({ ahead: elsewhere }).because).toBe("5 migrations of a higher priority go first");
    expect(decide({ ahead: elsewhere.slice(0, 4) }).because).toMatch(/its turn has come/);
  });
});

describe("migrations that are over", () => {
  it("go, but for the newest few; open ones stay", () => {
    const over = Array.from({ length: KEPT_MIGRATIONS + 2 }, (_, at) =>
      migration(`past-${at}`, at % 2 === 0 ? "Succeeded" : "Failed", { at }),
    );
    const open = migration("open", "Running", { at: -1 });
    const { effects } = prune.decide([...over, open], START);
    expect(effects.map((effect) => (effect.do === "remove" ? effect.object.metadata.name : effect.do))).toEqual([
      "past-1",
      "past-0",
    ]);
    expect(prune.decide([...over.slice(2), open], START).effects).toEqual([]);
  });
});

describe("what is said of a guest that is to leave", () => {
  const asked = { evacuationNodeName: "node1" };
  const rooted = (strategy: "LiveMigrate" | "None"): Instance => {
    const vmi = instance(strategy);
    return { ...vmi, spec: { ...vmi.spec, domain: { ...vmi.spec.domain, cpu: { model: "host-passthrough" } } } };
  };

  it.each([
    ["nobody has asked it", instance("LiveMigrate"), [], "stays", /nobody has asked it to leave/],
    ["it may only move and can't", rooted("LiveMigrate"), [], "blocked", /can't: .*host-passthrough/],
    ["it would shut down", rooted("None"), [], "stays", /nobody has asked/],
    ["whoever manages it moves it", instance("External", asked), [], "waits", /whoever manages it/],
    ["it was asked just now", instance("LiveMigrate", asked), [], "waits", /about to be asked for/],
    [
      "its migration waits",
      instance("LiveMigrate", asked),
      [migration("m", "Pending", { waits: "2 guests are leaving node1, which allows 2." })],
      "waits",
      /^2 guests are leaving node1, which allows 2$/,
    ],
    ["it moves", instance("LiveMigrate", asked), [migration("m", "Running")], "leaves", /it moves \(Running\)/],
    [
      "its last move failed",
      instance("LiveMigrate", asked),
      [migration("m", "Failed", { leaves: "node1" })],
      "waits",
      /failed and is tried again/,
    ],
  ] as const)("%s", (_what, vmi, migrations, how, why) => {
    const leaving = leavingOf(vmi, migrations, "None");
    expect(leaving.how).toBe(how);
    expect(leaving.why).toMatch(why);
  });
});
