/**
 * JSON merge patches (RFC 7386): the difference between two values as a document, and its application. An array is
 * one value; null in a patch removes.
 */
import type { KubeObject } from "#api/object.ts";
import { isObject, sameJson } from "./json.ts";

type Json = Readonly<Record<string, unknown>>;

/** What turns `before` into `after`; undefined when that is nothing. A member that is undefined is not there. */
export function mergePatch(before: Json, after: Json): Json | undefined {
  let patch: Record<string, unknown> | undefined;
  // Plain objects: all that `for in` finds is their own, and no list of names is made.
  for (const name in before) {
    const [old, wanted] = [before[name], after[name]];
    if (old === wanted || isNothing(old) || !(isNothing(wanted) || isInherited(wanted))) continue;
    patch = withMember(patch, name, null);
  }
  for (const name in after) {
    const [old, wanted] = [before[name], after[name]];
    if (old === wanted || isNothing(wanted)) continue;
    if (isObject(old) && isObject(wanted)) {
      const inner = mergePatch(old, wanted);
      if (inner !== undefined) patch = withMember(patch, name, inner);
    } else if (!sameJson(old, wanted)) {
      patch = withMember(patch, name, wanted);
    }
  }
  return patch;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

/** No JSON: what every object has under "constructor", which may be a label's name. */
function isInherited(value: unknown): boolean {
  return typeof value === "function";
}

function withMember(patch: Record<string, unknown> | undefined, name: string, value: unknown): Record<string, unknown> {
  const members = patch ?? {};
  members[name] = value;
  return members;
}

export function applyMergePatch(target: unknown, patch: Json): Json {
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete result[name];
    else if (isObject(value)) result[name] = applyMergePatch(result[name], value);
    else result[name] = value;
  }
  return result;
}

/**
 * The difference that a writer may make in one part: all but status, or status alone. What only the API server sets
 * is not part of it.
 */
export function patchOf(
  before: KubeObject,
  after: KubeObject,
  part: "object" | "status",
): Readonly<Record<string, unknown>> | undefined {
  if (part === "status") {
    return mergePatch({ status: statusOf(before) }, { status: statusOf(after) });
  }
  return mergePatch(writable(before), writable(after));
}

function statusOf(object: KubeObject): unknown {
  return (object as KubeObject & { readonly status?: unknown }).status;
}

function writable(object: KubeObject): Readonly<Record<string, unknown>> {
  const { labels, annotations, finalizers, ownerReferences } = object.metadata;
  return { ...object, status: undefined, metadata: { labels, annotations, finalizers, ownerReferences } };
}
