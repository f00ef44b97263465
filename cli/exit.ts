/** Exit codes, for scripts. Documented in docs/cli.md. */
import { Fault } from "#events/fault.ts";
import { ApiError } from "./client.ts";

export const EXIT = {
  ok: 0,
  /** The request was understood and refused, or something failed. */
  failed: 1,
  /** Wrong arguments. */
  usage: 2,
  /** Something that must be installed or running is not. */
  unavailable: 3,
  notFound: 4,
  /** What was waited for did not come in time. */
  timeout: 5,
  /** A console: the machine ended. */
  ended: 6,
  /** A console: another client took it. */
  taken: 7,
} as const;

export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

/** Reasons of what must be installed or running first. */
const UNAVAILABLE = /^(Kubeconfig|LibvirtMissing$|ProgramMissing$|NetworkToolMissing$)/;

export function exitCodeOf(error: unknown): number {
  if (error instanceof ApiError) return error.code === 404 ? EXIT.notFound : EXIT.failed;
  if (error instanceof TimedOut) return EXIT.timeout;
  if (error instanceof Fault && error.kind === "later") return EXIT.unavailable;
  if (error instanceof Fault && UNAVAILABLE.test(error.reason)) return EXIT.unavailable;
  return EXIT.failed;
}
