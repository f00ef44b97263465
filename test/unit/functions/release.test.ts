import { describe, expect, it } from "vitest";
import { reports, flowEvents, objectEvents, type EventType } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { MachineStatus } from "#events/machine.ts";
import type { Looks } from "#functions/define.ts";
import { release } from "#functions/release.ts";
import { claimedInstance } from "./objects.ts";

/** Ended, all released: its VM keeps it. */
const kept = claimedInstance("Running", { status: { phase: "Succeeded" }, meta: { finalizers: [] } });
const { uid } = kept.metadata;
const record = { uid, state: "stopped", claim: kept.status?.claim } as MachineStatus;

async function decided(type: EventType): Promise<readonly string[]> {
  const looks: Looks = {
    cluster: { get: async (kind) => (kind.kind === kept.kind ? (kept as never) : undefined), list: async () => [] },
    nodes: {
      identity: async (node) => ({ node, bootID: "boot-1" }),
      machine: async () => record,
      machines: async () => [record],
    },
    event: { type: type.type } as CloudEvent,
  };
  const facts = await release.read(looks, "default/web");
  return facts === undefined ? [] : release.decide(facts, new Date()).effects.map((effect) => effect.do);
}

describe("an instance that has ended and is kept", () => {
  it.each([reports.stopped, flowEvents.differs])(
    "lets its node forget a record that it came back with: %o",
    async (type) => {
      expect(await decided(type)).toEqual(["forget"]);
    },
  );

  it("costs its node no question at other events", async () => {
    expect(await decided(objectEvents.updated)).toEqual([]);
  });
});
