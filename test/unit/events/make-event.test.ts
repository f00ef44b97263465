import { describe, expect, it } from "vitest";
import { flowEvents, nodeEvents, objectEvents } from "#events/catalogue.ts";
import { virtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { makeEvent } from "#events/make-event.ts";
import { event } from "./sample.ts";

const clock = virtualClock(new Date("2026-03-04T05:06:07.089Z"));
const wake = {
  type: flowEvents.wake,
  source: "/test",
  key: "default/a",
  data: { trigger: "run", key: "default/a" },
  clock,
};

function faultOf(make: () => unknown): Fault {
  try {
    make();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
  }
  throw new Error("no fault was thrown");
}

describe("making an event", () => {
  it("takes time from the clock and puts the key into partitionkey", () => {
    expect(makeEvent({ ...wake, id: "x" })).toEqual({
      specversion: "1.0",
      id: "x",
      source: "/test",
      type: "dev.virtive.wake.due",
      time: "2026-03-04T05:06:07.089Z",
      datacontenttype: "application/json",
      data: { trigger: "run", key: "default/a" },
      extensions: { partitionkey: "default/a" },
    });
  });

  it("derives the id from the cause, so that a second time tells the same event", async () => {
    const cause = event({ id: "cause-1" });
    const first = makeEvent({ ...wake, cause });
    await clock.advance(1000);
    const second = makeEvent({ ...wake, cause });
    expect(second.id).toBe(first.id);
    expect(first.extensions["causationid"]).toBe("cause-1");
  });

  it("derives other ids for other causes, types and keys", () => {
    const ids = [
      makeEvent({ ...wake, cause: event({ id: "a" }) }),
      makeEvent({ ...wake, cause: event({ id: "b" }) }),
      makeEvent({ ...wake, cause: event({ id: "a", source: "/other" }) }),
      makeEvent({ ...wake, cause: event({ id: "a" }), key: "default/b" }),
      makeEvent({ ...wake, cause: event({ id: "a" }), type: flowEvents.resync, data: {} }),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("leaves a cause's id out where no header could carry it", () => {
    expect(makeEvent({ ...wake, cause: event({ id: "with space" }) }).extensions).not.toHaveProperty("causationid");
  });

  it.each([
    ["a subject with a space", { subject: "a b" }],
    ["an id that is empty", { id: "" }],
    ["an extension that is not ASCII", { extensions: { phase: "läuft" } }],
    ["an extension's name with a dash", { extensions: { "node-name": "a" } }],
    ["an extension called as an attribute", { extensions: { type: "a" } }],
    ["data that is not what the catalogue says", { data: { trigger: 7 } }],
    ["data of another shape", { type: nodeEvents.heartbeat }],
  ])("refuses %s as our own mistake", (_, wrong) => {
    expect(faultOf(() => makeEvent({ ...wake, ...wrong })).kind).toBe("bug");
  });

  it("takes an object's data as it is", () => {
    const data = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: { anything: 1 } };
    expect(makeEvent({ ...wake, type: objectEvents.added, data }).data).toBe(data);
  });
});
