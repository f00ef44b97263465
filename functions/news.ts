/**
 * Whether a change of an object says anything to a function. A Node is written every few seconds for the time of its last
 * heartbeat alone; who woke for it would read and decide nothing. The source's cache and deadlines take such a change in
 * all the same.
 */
import { Node } from "#api/core.ts";
import type { Kind, KubeObject } from "#api/object.ts";

/** Members that differ although nothing is new, wherever they stand in a Node. */
const SAY_NOTHING: ReadonlySet<string> = new Set(["resourceVersion", "managedFields", "lastHeartbeatTime"]);

export function isNews(kind: Kind, before: KubeObject, after: KubeObject): boolean {
  return kind.kind !== Node.kind || kind.group !== Node.group || !saySame(before, after);
}

function saySame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isObject(one) || !isObject(other)) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  for (const name in one) {
    if (!SAY_NOTHING.has(name) && !saySame(one[name], other[name])) return false;
  }
  for (const name in other) {
    if (!SAY_NOTHING.has(name) && other[name] !== undefined && one[name] === undefined) return false;
  }
  return true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
