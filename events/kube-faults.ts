/** A Kubernetes API server's answers as faults: by status code and the Status object's reason, never by its text. */
import { Fault, type Cause, type FaultKind } from "./fault.ts";

/** The parts of a Status object (meta/v1) that say what went wrong. */
interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly field?: string; readonly message?: string }[];
  };
}

/** By status code; 5xx and what is not listed: later for 5xx, refused for 4xx. */
const KINDS: Readonly<Record<number, FaultKind>> = {
  // Credentials are read again before the next attempt.
  401: "later",
  // A kind or namespace that is not there yet; the one who patches or deletes asks for something else, see `missing`.
  404: "later",
  408: "later",
  409: "stale",
  410: "stale",
  429: "later",
};

/** What a 404 means for a verb, where it is a fault at all. */
export const missing = {
  create: "later",
  list: "later",
  watch: "later",
  patch: "stale",
} as const satisfies Record<string, FaultKind>;

export function faultOf(
  code: number,
  body: unknown,
  what: string,
  verb?: keyof typeof missing,
  retryAfter?: number,
): Fault {
  const status = statusOf(body);
  const kind =
    code === 404 && verb !== undefined ? missing[verb] : (KINDS[code] ?? (code >= 500 ? "later" : "refused"));
  const retryAfterSeconds = retryAfter ?? status.details?.retryAfterSeconds;
  const causes: Cause[] = (status.details?.causes ?? []).map((cause) => ({
    reason: cause.reason ?? "FieldValueInvalid",
    field: cause.field ?? "",
    message: cause.message ?? "",
  }));
  return new Fault(
    kind,
    status.reason ?? `HTTP${code}`,
    `${what}: ${status.message ?? `the API server answered ${code}`}`,
    {
      causes,
      ...(kind === "later" && retryAfterSeconds !== undefined ? { retryAfterSeconds } : {}),
    },
  );
}

/** What never got an answer. */
export function unreachable(what: string, thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Fault("later", "APIServerUnreachable", `${what}: ${message}`, { cause: thrown });
}

function statusOf(body: unknown): Status {
  return typeof body === "object" && body !== null && "kind" in body && body.kind === "Status" ? (body as Status) : {};
}
