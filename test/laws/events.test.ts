import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Node } from "#api/core.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { compileFilters } from "#events/broker/filters.ts";
import { catalogue, flowEvents, nodeEvents, objectEvents, reports, type EventType } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { deadlineOf } from "#functions/deadlines.ts";
import { defaultConfig } from "#functions/config.ts";
import { isFinal, phaseOf } from "#functions/instance.ts";
import { functions, watchedKinds } from "#functions/registry.ts";
import { situation } from "./situation.ts";
import { arrange } from "./situations.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const all = functions(defaultConfig);

/** Where each producer lives, and the words by which its code names the event. */
const producers: Readonly<Record<EventType["producer"], string>> = {
  "source": "events/source",
  "node-runtime": "node-runtime",
  "ingress": "events",
  "dispatcher": "functions",
  "broker": "events/broker",
};

function wordsFor(type: EventType): readonly string[] {
  for (const [group, events] of Object.entries({ objectEvents, reports, nodeEvents, flowEvents })) {
    for (const [name, event] of Object.entries<EventType>(events)) {
      if (event.type !== type.type) continue;
      if (group === "reports") return [`"${name}"`, `reports.${name}`];
      // Functions name the events that they wake on as well: what they emit stands in an effect.
      return [type.producer === "dispatcher" ? `do: "emit", type: ${group}.${name}` : `${group}.${name}`];
    }
  }
  return [];
}

async function textOf(directory: string): Promise<string> {
  const entries = await readdir(join(ROOT, directory), { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".ts"));
  return (await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), "utf8")))).join("\n");
}

describe.each(catalogue.map((type) => [type.type, type] as const))("%s", (_name, type) => {
  it("has a producer", async () => {
    const text = await textOf(producers[type.producer]);
    expect(wordsFor(type).filter((word) => text.includes(word))).not.toEqual([]);
  });

  it("has a consumer", () => {
    // A wake is delivered to the trigger that asked for it, by name.
    if (type === flowEvents.wake) return;
    const kinds = type.extensions.includes("kind") ? watchedKinds.map((kind) => kind.kind) : [""];
    for (const kind of kinds) {
      // Nobody has to look when a pod's deadline is due: it has none.
      if (type === flowEvents.deadline && kind === "Pod") continue;
      const event: CloudEvent = { specversion: "1.0", id: "1", source: "/laws", type: type.type, extensions: { kind } };
      const consumers = all.filter((one) => one.on.some((wake) => compileFilters(wake.filters)(event)));
      expect(
        consumers.map(({ name }) => name),
        `${type.type} of ${kind}`,
      ).not.toEqual([]);
    }
  });
});

describe("every waiting state has a deadline", () => {
  it("of an instance: unless it runs, or is over and released", async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given) => {
        const { cluster, clock } = await arrange(given);
        const vmi = await cluster.get(VirtualMachineInstance, { namespace: "default", name: "web" });
        if (vmi === undefined) return;
        const deleting = vmi.metadata.deletionTimestamp !== undefined;
        if (phaseOf(vmi) === "Running" && !deleting) return;
        const deadline = deadlineOf(VirtualMachineInstance, vmi);
        expect(deadline, `${phaseOf(vmi)}${deleting ? ", deleting" : ""}`).toBeInstanceOf(Date);
        expect(Number.isFinite(deadline?.getTime())).toBe(true);
        // It is near: nothing waits unseen for more than a day's grace.
        expect((deadline?.getTime() ?? 0) - clock.now().getTime()).toBeLessThanOrEqual(24 * 3600 * 1000);
        if (isFinal(vmi)) expect(vmi.metadata.finalizers).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("of a VM: while it may not start yet", async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given) => {
        const { cluster } = await arrange(given);
        const vm = await cluster.get(VirtualMachine, { namespace: "default", name: "web" });
        if (vm?.status?.startFailure === undefined) return;
        expect(deadlineOf(VirtualMachine, vm)?.toISOString()).toBe(
          new Date(vm.status.startFailure.retryAfterTimestamp ?? "").toISOString(),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("of a Node: while its runtime is heard", async () => {
    await fc.assert(
      fc.asyncProperty(situation, async (given) => {
        const { cluster } = await arrange(given);
        const node = await cluster.get(Node, { name: "node1" });
        if (node === undefined) return;
        expect(deadlineOf(Node, node) !== undefined).toBe(given.node !== "silent");
      }),
      { numRuns: 100 },
    );
  });

  it.each([VirtualMachineInstance, VirtualMachine, Node])("of a $kind wakes a function", (kind) => {
    const event: CloudEvent = {
      specversion: "1.0",
      id: "1",
      source: "/laws",
      type: flowEvents.deadline.type,
      extensions: { kind: kind.kind },
    };
    expect(all.filter((one) => one.on.some((wake) => compileFilters(wake.filters)(event)))).not.toEqual([]);
  });
});
