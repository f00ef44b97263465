import { describe, expect, it } from "vitest";
import { Node, Pod } from "#api/core.ts";
import { isNews } from "#functions/news.ts";
import { node } from "./objects.ts";

const before = node("node1");
const { status } = before;
const conditions = status?.conditions ?? [];

function after(changes: object): typeof before {
  return { ...before, metadata: { ...before.metadata, resourceVersion: "99" }, ...changes };
}

describe("a change of a Node", () => {
  it("is no news when it is the time of a heartbeat alone", () => {
    const later = conditions.map((one) => ({ ...one, lastHeartbeatTime: "2026-01-01T01:00:00Z" }));
    expect(isNews(Node, before, after({ status: { ...status, conditions: later } }))).toBe(false);
  });

  it.each([
    [
      "a condition's status",
      { status: { ...status, conditions: conditions.map((one) => ({ ...one, status: "Unknown" })) } },
    ],
    ["one condition more", { status: { ...status, conditions: [...conditions, { type: "Other", status: "True" }] } }],
    ["no condition any more", { status: { ...status, conditions: [] } }],
    ["no status any more", { status: undefined }],
    [
      "the boot",
      { metadata: { ...before.metadata, annotations: { ...before.metadata.annotations, "virtive.dev/boot-id": "b" } } },
    ],
    ["a mark to be spared", { spec: { unschedulable: true } }],
    ["its deletion", { metadata: { ...before.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }],
  ])("is news when it is %s", (_what, changes) => {
    expect(isNews(Node, before, after(changes))).toBe(true);
  });

  it("is told of whatever it is, of any other kind", () => {
    expect(isNews(Pod, before, after({}))).toBe(true);
  });
});
