/** What the processes of the rig say to each other. Times are milliseconds of the machine's clock, with fractions. */
import type { WriteCount } from "#local/apiserver/writes.ts";

export interface Usage {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** Seconds since the process began, all threads. */
  readonly cpuSeconds: number;
  /** Nanoseconds of monotonic time, for rates. */
  readonly at: number;
}

/** Ask the process to collect garbage first where it is told to. */
export type Request =
  | { readonly ask: "usage"; readonly collect: boolean }
  | { readonly ask: "counts" }
  | { readonly ask: "change" }
  | { readonly ask: "starts" }
  | { readonly ask: "run" }
  | { readonly ask: "close" };

export interface Counts {
  readonly writes: readonly WriteCount[];
  /** Events that the broker took. */
  readonly published: number;
  /** Deliveries that wait, run or pause. */
  readonly unfinished: number;
  /** Runs of functions, by function. */
  readonly runs: Readonly<Record<string, number>>;
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** One machine was changed under the runtime's eyes: its guest agent is now connected, or is gone. */
export interface Changed {
  readonly uid: string;
  readonly agent: boolean;
  readonly at: number;
}

export interface Answers {
  readonly usage: Usage;
  readonly counts: Counts;
  readonly change: Changed;
  /** uid → when its vCPUs first ran. */
  readonly starts: readonly (readonly [string, number])[];
  readonly run: null;
  readonly close: null;
}

export interface ControlReady {
  readonly ingressURL: string;
}

export interface ControlOptions {
  readonly directory: string;
  readonly nodes: readonly string[];
}

export interface FleetOptions {
  readonly directory: string;
  /** The nodes' own. */
  readonly stateDirectory: string;
  readonly ingressURL: string;
  readonly nodes: readonly string[];
  /** Machines that run already when the runtimes start: a record and a domain each. JSON file with orders. */
  readonly orders: string | undefined;
}

/** The present time on a clock that all processes of the machine share. */
export function timeNow(): number {
  return performance.timeOrigin + performance.now();
}
