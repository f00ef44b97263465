/** RFC 6902. The only file that knows fast-json-patch. */
import jsonPatch, { type Operation } from "fast-json-patch";
import { isObject, type JsonObject } from "../json-value.ts";
import { badRequest, StatusError, tooLarge } from "../status.ts";

/** Operations of one patch. */
const MAX_OPERATIONS = 10_000;

/** Characters of JSON that the copies of one patch may make: copies of copies double. */
const MAX_COPIED = 3 * 1024 * 1024;

const operations: ReadonlySet<unknown> = new Set(["add", "remove", "replace", "move", "copy", "test"]);

/** Changes the object. @throws StatusError 400 for a malformed patch, 422 when it does not fit the object */
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
      throw badRequest(
        `operation ${index} of the JSON patch must have an op (${[...operations].join(", ")}) and a path`,
      );
    }
  });
  try {
    return patch.some(isCopy)
      ? appliedOneByOne(object, patch as Operation[])
      : jsonPatch.applyPatch(object, patch as Operation[], true, true, true).newDocument;
  } catch (error) {
    if (error instanceof StatusError) throw error;
    const { name, index } = error as { name?: string; index?: number };
    throw new StatusError(
      422,
      "Invalid",
      `the JSON patch does not fit the object: operation ${index ?? "?"}: ${name ?? "failed"}`,
    );
  }
}

function isCopy(operation: unknown): boolean {
  return isObject(operation) && operation["op"] === "copy";
}

/** What each copy adds is counted before it is made. */
function appliedOneByOne(object: JsonObject, patch: readonly Operation[]): JsonObject {
  let document = object;
  let copied = 0;
  for (const [index, operation] of patch.entries()) {
    if (operation.op === "copy") {
      const value: unknown = jsonPatch.getValueByPointer(document, operation.from);
      copied += JSON.stringify(value ?? null).length;
      if (copied > MAX_COPIED) throw tooLarge("what the patch copies", copied, MAX_COPIED);
    }
    document = jsonPatch.applyOperation(document, operation, true, true, true, index).newDocument;
  }
  return document;
}
