/** Options of requests, from the query and, for deletes, from the body; checked. */
import { parseBody, type Body } from "../body.ts";
import { isObject, objectAt, stringAt } from "../json-value.ts";
import type { WriteContext } from "../room.ts";
import { badRequest, invalidOptions, type StatusError } from "../status.ts";
import type { UserInfo } from "../authentication/user.ts";
import type { WriteVerb } from "../writes.ts";

export type Query = URLSearchParams;

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

const optionsOf = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions",
  apply: "PatchOptions",
  delete: "DeleteOptions",
} as const satisfies Record<WriteVerb, string>;

function invalidOption(
  verb: WriteVerb,
  field: string,
  message: string,
  reason = "FieldValueNotSupported",
): StatusError {
  return invalidOptions(optionsOf[verb], [{ reason, field, message }]);
}

/** Only "All" exists. */
function isDryRun(verb: WriteVerb, values: readonly string[]): boolean {
  for (const value of values) {
    if (value !== "All")
      throw invalidOption(verb, "dryRun", `Unsupported value: ${JSON.stringify(value)}: supported values: "All"`);
  }
  return values.length > 0;
}

export function writeContext(
  query: Query,
  request: {
    readonly user: UserInfo;
    readonly userAgent: string;
    readonly verb: WriteVerb;
    readonly subresource: string | undefined;
  },
): WriteContext {
  const fieldValidation = query.get("fieldValidation") ?? "";
  const manager = query.get("fieldManager") ?? "";
  if (!/^[\x20-\x7e]{0,128}$/.test(manager)) {
    throw invalidOption(request.verb, "fieldManager", "Invalid value: at most 128 printable characters are allowed");
  }
  return {
    user: request.user,
    dryRun: isDryRun(request.verb, query.getAll("dryRun")),
    fieldValidation: validationOf(request.verb, fieldValidation),
    fieldManager: manager === "" ? (request.userAgent.split("/", 1)[0]?.slice(0, 128) ?? "unknown") : manager,
    verb: request.verb,
    warnings: [],
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  };
}

function validationOf(verb: WriteVerb, value: string): WriteContext["fieldValidation"] {
  switch (value) {
    case "":
    case "Warn":
      return "Warn";
    case "Strict":
    case "Ignore":
      return value;
    default:
      throw invalidOption(
        verb,
        "fieldValidation",
        `Unsupported value: ${JSON.stringify(value)}: supported values: "Ignore", "Warn", "Strict"`,
      );
  }
}

const policies = ["Background", "Foreground", "Orphan"] as const;

export interface AskedDelete {
  readonly options: DeleteOptions;
  readonly dryRun: boolean;
}

/** From the body when there is one, else from the query. `dryRun` may stand in either. */
export function deleteOptions(query: Query, bytes: Buffer, contentType: string | null): AskedDelete {
  const body: Body | undefined = bytes.length === 0 ? undefined : parseBody(bytes, contentType);
  return deleteOptionsIn(body?.value ?? {}, query);
}

/** @param given a DeleteOptions, on its own or in an Eviction */
export function deleteOptionsIn(given: unknown, query: Query): AskedDelete {
  if (!isObject(given) || (given["kind"] ?? "DeleteOptions") !== "DeleteOptions") {
    throw badRequest("the options of a delete must be a DeleteOptions object");
  }
  const fromQuery = query.get("gracePeriodSeconds");
  const grace = given["gracePeriodSeconds"] ?? (fromQuery === null ? undefined : Number(fromQuery));
  if (grace !== undefined && grace !== null && !Number.isInteger(grace)) {
    throw invalidOption("delete", "gracePeriodSeconds", "Invalid value: must be a whole number of seconds");
  }
  const wished = stringAt(given, "propagationPolicy") ?? query.get("propagationPolicy") ?? undefined;
  const policy = policies.find((known) => known === wished);
  if (wished !== undefined && wished !== "" && policy === undefined) {
    throw invalidOption(
      "delete",
      "propagationPolicy",
      `Unsupported value: ${JSON.stringify(wished)}: supported values: ${policies.join(", ")}`,
    );
  }
  const orphans = given["orphanDependents"];
  if (policy !== undefined && typeof orphans === "boolean") {
    throw invalidOption(
      "delete",
      "propagationPolicy",
      "Invalid value: orphanDependents, its older form, is set too",
      "FieldValueInvalid",
    );
  }
  const propagationPolicy = policy ?? (orphans === true ? "Orphan" : orphans === false ? "Background" : undefined);
  const preconditions = objectAt(given, "preconditions");
  const uid = stringAt(preconditions, "uid");
  const resourceVersion = stringAt(preconditions, "resourceVersion");
  const dryRun = Array.isArray(given["dryRun"]) ? given["dryRun"].map(String) : [];
  return {
    options: {
      // Less than none is one second: the shortest that lets a node hear of it.
      ...(typeof grace === "number" ? { gracePeriodSeconds: grace < 0 ? 1 : grace } : {}),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    },
    dryRun: isDryRun("delete", [...dryRun, ...query.getAll("dryRun")]),
  };
}
