/**
 * What a writer writes, as field paths: "Kind.path", entries of keyed lists by their key ("…conditions[Ready]"), a phase
 * with its value ("…phase=Running").
 */
import type { KubeObject } from "#api/object.ts";
import { mergePatch } from "#events/merge-patch.ts";
import type { Effect } from "#functions/define.ts";

/** Lists whose entries are told apart by a member. */
const LIST_KEYS: Readonly<Record<string, string>> = { conditions: "type", phaseTransitionTimestamps: "phase" };

export function fieldsOf(effect: Effect): readonly string[] {
  switch (effect.do) {
    case "create":
      return [`${effect.kind.kind}.create`];
    case "remove":
      return [`${effect.kind.kind}.remove`];
    case "patch":
      return changedFields(effect.kind.kind, effect.before, effect.after);
    default:
      return [];
  }
}

export function changedFields(kind: string, before: KubeObject, after: KubeObject): readonly string[] {
  return leaves(mergePatch(keyed(before), keyed(after)) ?? {}, kind);
}

/** The field alone: a phase without its value. What qualifies a declaration is cut off too. */
export function pathOf(field: string): string {
  return field.split("=")[0] ?? field;
}

/** `path` is `outer` or lies in it. */
export function within(path: string, outer: string): boolean {
  return path === outer || (path.startsWith(outer) && [".", "["].includes(path[outer.length] ?? ""));
}

/** The object with its keyed lists as maps, so that a difference names entries. */
function keyed(value: unknown): Readonly<Record<string, unknown>> {
  const walk = (inner: unknown, name: string): unknown => {
    const key = LIST_KEYS[name];
    if (Array.isArray(inner)) {
      if (key === undefined) return inner;
      return Object.fromEntries(inner.map((entry: Record<string, unknown>) => [`[${String(entry[key])}]`, entry]));
    }
    if (typeof inner !== "object" || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([member, child]) => [member, walk(child, member)]));
  };
  return walk(value, "") as Readonly<Record<string, unknown>>;
}

function leaves(difference: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  return Object.entries(difference).flatMap(([name, value]) => {
    const here = name.startsWith("[") ? `${path}${name}` : `${path}.${name}`;
    if (here.endsWith(".status.phase")) return [`${here}=${String(value)}`];
    const deeper = typeof value === "object" && value !== null && !Array.isArray(value) && !name.startsWith("[");
    return deeper ? leaves(value as Readonly<Record<string, unknown>>, here) : [here];
  });
}
