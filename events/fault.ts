/**
 * Faults: errors named by what the caller does next. Foreign errors become faults at the door to the foreign thing,
 * nowhere else; nothing ever matches on a message's text.
 */

/**
 * - `stale`: the object changed since it was read; read it again (HTTP 409).
 * - `later`: it may work when tried again (HTTP 503).
 * - `refused`: this request or spec can never work as it is (HTTP 400 or 422 to a user; a condition on an object).
 * - `bug`: our own mistake; retrying is useless (HTTP 422 to a broker: dead letter).
 */
export type FaultKind = "stale" | "later" | "refused" | "bug";

/** One wrong field: `field` is a path such as spec.template.spec.domain.cpu.cores. */
export interface Cause {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

export class Fault extends Error {
  override readonly name = "Fault";
  readonly kind: FaultKind;
  /** CamelCase, stable: the condition's reason and the metric's label. */
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  readonly causes: readonly Cause[];

  constructor(
    kind: FaultKind,
    reason: string,
    message: string,
    more: { readonly retryAfterSeconds?: number; readonly causes?: readonly Cause[]; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.kind = kind;
    this.reason = reason;
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.causes = more.causes ?? [];
  }
}

/** Whatever was thrown, as a fault: what no door has named is a bug. */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Fault("bug", "UnexpectedError", message, { cause: thrown });
}
