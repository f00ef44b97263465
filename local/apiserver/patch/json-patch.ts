/** RFC 6902. The only file that knows fast-json-patch. */
import jsonPatch, { type Operation } from "fast-json-patch";
import { isObject, type JsonObject } from "../json-value.ts";
import { badRequest, StatusError, tooLarge } from "../status.ts";

/** Operations of one patch. */
const MAX_OPERATIONS = 10_000;

/** Characters of JSON that the copies of one patch may make: copies of copies double. */
const MAX_COPIED = 3 * 1024 * 1024;

const operations: ReadonlySet<unknown> = new Set(["add", "remove", "replace", "move", "copy", "test"]);

/** Changes the object. @throws StatusError 400 for what is no list, 422 when an operation is none or does not fit the object */
export function applyJsonPatch(object: JsonObject, patch: unknown): JsonObject {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch must be a list of operations");
  if (patch.length > MAX_OPERATIONS) {
    throw new StatusError(
      413,
      "RequestEntityTooLarge",
      `the patch has ${patch.length} operations; at most ${MAX_OPERATIONS} are allowed`,
    );
  }
  patch.forEach((operation: unknown, index) => {
    if (!isObject(operation) || !operations.has(operation["op"]) || typeof operation["path"] !== "string") {
      throw unfit(index, `it must have an op (${[...operations].join(", ")}) and a path`);
    }
    // It would become its own part.
    if (operation["op"] === "move" && operation["path"].startsWith(`${String(operation["from"])}/`))
      throw unfit(index, "it moves a value into itself");
  });
  const patched: unknown = appliedOneByOne(object, patch as Operation[]);
  if (!isObject(patched)) throw new StatusError(422, "Invalid", "the JSON patch leaves no object");
  return patched;
}

/** What each copy adds is counted before it is made. */
function appliedOneByOne(object: JsonObject, patch: readonly Operation[]): JsonObject {
  let document = object;
  let copied = 0;
  for (const [index, operation] of patch.entries()) {
    if (operation.op === "copy") {
      copied += charactersAt(document, operation.from, index);
      if (copied > MAX_COPIED) throw tooLarge("what the patch copies", copied, MAX_COPIED);
    }
    document = applied(document, operation, index);
  }
  return document;
}

function charactersAt(document: JsonObject, from: string, index: number): number {
  try {
    const value: unknown = jsonPatch.getValueByPointer(document, from);
    return JSON.stringify(value ?? null).length;
  } catch (error) {
    throw unfit(index, (error as { name?: string }).name ?? "failed");
  }
}

function applied(document: JsonObject, operation: Operation, index: number): JsonObject {
  // RFC 6902 asks for what is replaced to be there. Kubernetes does not when it is a field, and scripts have come to rely on it.
  const fitting: Operation =
    operation.op === "replace" && isAbsentField(document, operation.path) ? { ...operation, op: "add" } : operation;
  try {
    return jsonPatch.applyOperation(document, fitting, true, true, true, index).newDocument;
  } catch (error) {
    throw unfit(index, (error as { name?: string }).name ?? "failed");
  }
}

function isAbsentField(document: JsonObject, path: string): boolean {
  const steps = path.split("/").slice(1).map(jsonPatch.unescapePathComponent);
  const field = steps.pop();
  let parent: unknown = document;
  for (const step of steps) {
    if (Array.isArray(parent)) parent = parent[Number(step)] as unknown;
    else parent = isObject(parent) && Object.hasOwn(parent, step) ? parent[step] : undefined;
  }
  return field !== undefined && isObject(parent) && !Object.hasOwn(parent, field);
}

function unfit(index: number, why: string): StatusError {
  return new StatusError(422, "Invalid", `the JSON patch does not fit the object: operation ${index}: ${why}`);
}
