/**
 * Where the time of a start goes: the control plane and the node log each decision and each step, and this log keeps
 * when. A start's steps follow one another, so each one's time is counted from the end of the one before.
 */
import type { Log } from "#events/log.ts";
import { summarize, type Summary } from "./samples.ts";

interface Line {
  readonly at: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

type Matches = (line: Line) => boolean;

const decided =
  (name: string, effect: string): Matches =>
  ({ fields }) =>
    fields["function"] === name && String(fields["effects"]).includes(effect) && fields["outcome"] === "done";
const stepped =
  (step: string): Matches =>
  ({ fields, message }) =>
    message === "step" && fields["step"] === step;

/** In the order of a start; the name says what has been done by then. */
const marks = {
  "VM stored, instance created": decided("run", "create VirtualMachineInstance"),
  "placed, pod created": decided("schedule", "create Pod"),
  "pod ready, claimed, order taken": decided("boot", "order"),
  "disks and links": stepped("create"),
  "libvirt has created the domain": stepped("resume"),
  "console, note, vCPUs run": ({ fields }) => fields["report"] === "started",
} as const satisfies Record<string, Matches>;

const LAST = "reported, written down, seen by the client";

export type Step = keyof typeof marks | typeof LAST;

export interface Trace {
  readonly log: Log;
  /** Forgets what was logged. */
  clear(): void;
  /** Takes in a start: when the client asked for it and when it saw it run, by performance.now(). */
  add(asked: number, seen: number): void;
  /** Milliseconds of each step over all starts that had them all, in their order. */
  steps(): readonly { readonly step: Step; readonly summary: Summary }[];
}

export function createTrace(): Trace {
  let lines: Line[] = [];
  const samples = new Map<Step, number[]>();
  const keep = (fields: object, message: string): void => {
    lines.push({ at: performance.now(), fields: fields as Line["fields"], message });
  };

  function count(step: Step, milliseconds: number): void {
    const there = samples.get(step);
    if (there === undefined) samples.set(step, [milliseconds]);
    else there.push(milliseconds);
  }

  return {
    log: { debug: keep, info: keep, warn: keep, error: keep },
    clear() {
      lines = [];
    },
    add(asked, seen) {
      const took: [Step, number][] = [];
      let last = asked;
      for (const [name, matches] of Object.entries(marks) as [keyof typeof marks, Matches][]) {
        const line = lines.find((one) => one.at >= last && matches(one));
        if (line === undefined) return;
        took.push([name, line.at - last]);
        last = line.at;
      }
      for (const [step, milliseconds] of [...took, [LAST, seen - last] as const]) count(step, milliseconds);
    },
    steps: () => [...samples].map(([step, all]) => ({ step, summary: summarize(all) })),
  };
}
