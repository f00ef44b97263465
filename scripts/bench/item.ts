/** What a benchmark item is. One file each in items/, listed in registry.ts; each runs in a process of its own. */
import type { FigureSpec } from "./figure.ts";

export interface BenchContext {
  /** True in `npm run bench` without items: less of the same, so that all quick items take three minutes. */
  readonly quick: boolean;
  /** --rounds, where it was given. */
  readonly rounds: number | undefined;
  /** A line for whoever waits. */
  readonly say: (line: string) => void;
  /** Aborts when the run is to end before its time: clean up and throw. */
  readonly signal: AbortSignal;
}

export interface BenchItem {
  /** Stable, in lower-case words with hyphens: what the command line and the report call it. */
  readonly name: string;
  /** One sentence: what is measured beside what. */
  readonly about: string;
  /** Part of `npm run bench` without names. */
  readonly quick: boolean;
  /** Seconds after which the run is ended as stuck. */
  readonly mostSeconds: number;
  /** Needs root, libvirt and the Debian packages; without them it is reported as not run. */
  readonly needsNode?: boolean;
  run(context: BenchContext): Promise<readonly FigureSpec[]>;
}
