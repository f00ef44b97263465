/** Whether a cordoned Node hears of the guests that it still gets. */
import { expect, it } from "vitest";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { objectEvents } from "#events/catalogue.ts";
import { virtualClock } from "#events/clock.ts";
import { objectEvent } from "#events/source/object-event.ts";
import { keysOf } from "#functions/dispatcher.ts";
import type { Instance } from "#functions/instance.ts";
import { tally } from "#functions/tally.ts";
import { claim, claimedInstance, node, START } from "./objects.ts";

const moved = { completed: true, sourceNode: "node9", targetNode: claim.node };

it.each([
  ["that is claimed for it, its pod having been there before", claimedInstance("Scheduled"), true],
  ["that has moved to it", claimedInstance("Running", { status: { migrationState: moved } }), true],
  ["that is claimed for a node that takes guests", claimedInstance("Scheduled"), false],
] as const)("a cordoned node is told of a guest %s: %#", async (_what, object: Instance, unschedulable) => {
  const event = objectEvent({
    type: objectEvents.updated,
    kind: VirtualMachineInstance,
    object,
    source: "/test",
    occasion: "update",
    clock: virtualClock(START),
  });
  const reader = {
    get: async (_kind: unknown, { name }: { readonly name: string }) =>
      (name === claim.node ? node(name, { spec: { unschedulable } }) : node(name)) as never,
    list: async () => [],
  };
  expect(await keysOf(tally)(event, reader)).toEqual(unschedulable ? ["/node1"] : []);
});
