/** The two moves of an apply: lay the applied fields over the object, and take away those that were given up. */
import { isObject, type JsonObject } from "../json-value.ts";
import { childOf, type Schema } from "../schema/schema.ts";
import { elements, entryElement, isBelow, type FieldSet, type Path } from "./field-set.ts";

/** `live` with `applied` laid over it. Neither is changed. */
export function merged(live: unknown, applied: unknown, schema: Schema | undefined): unknown {
  if (isObject(applied) && isObject(live) && schema?.atomicMap !== true) {
    const result: JsonObject = { ...live };
    for (const [field, value] of Object.entries(applied))
      result[field] = merged(live[field], value, childOf(schema, field));
    return result;
  }
  if (Array.isArray(applied) && Array.isArray(live) && schema !== undefined && schema.list.kind !== "atomic") {
    const result: unknown[] = [...(live as unknown[])];
    const places = new Map(live.map((entry, index) => [entryElement(entry, schema), index]));
    for (const entry of applied) {
      const place = places.get(entryElement(entry, schema));
      if (place === undefined) result.push(entry);
      else result[place] = merged(live[place], entry, schema.items);
    }
    return result;
  }
  return applied;
}

/** Removes fields in place, and the lists and maps that this empties. What `kept` has stays, with all that leads to it. */
export function withoutFields(object: JsonObject, gone: FieldSet, kept: FieldSet, schema: Schema): void {
  // An entry of a list goes before its fields: among them are the keys that it is found by.
  for (const path of [...gone].toSorted((a, b) => elements(a).length - elements(b).length)) {
    if (![...kept].some((other) => isBelow(other, path))) removeAt(object, elements(path), schema);
  }
}

/** @returns whether the container is empty now because of this */
function removeAt(container: unknown, [first, ...rest]: Path[], schema: Schema | undefined): boolean {
  if (first === undefined) return false;
  if (isObject(container) && first.startsWith("f:")) {
    const field = first.slice(2);
    if (!(field in container)) return false;
    if (rest.length === 0 || removeAt(container[field], rest, childOf(schema, field))) delete container[field];
    return Object.keys(container).length === 0;
  }
  if (Array.isArray(container) && schema !== undefined) {
    const index = container.findIndex((entry) => entryElement(entry, schema) === first);
    if (index < 0) return false;
    if (rest.length === 0) container.splice(index, 1);
    else removeAt(container[index], rest, schema.items);
    return container.length === 0;
  }
  return false;
}
