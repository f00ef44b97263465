/**
 * Where the time of a start or a move goes: the control plane and the nodes log each decision and each step, and this log
 * keeps when. The steps follow one another, so each one's time is counted from the end of the one before.
 */
import type { Log } from "#events/log.ts";
import { sampled, type FigureSpec } from "./figure.ts";
import { summarize } from "./samples.ts";

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

/** In the order of a start. */
const START: Marks = {
  "VM stored, instance created": decided("run", "create VirtualMachineInstance"),
  "placed, pod created": decided("schedule", "create Pod"),
  "pod ready, claimed, order taken": decided("boot", "order"),
  "disks and links": stepped("create"),
  "libvirt has created the domain": stepped("resume"),
  "console, note, vCPUs run": ({ fields }) => fields["report"] === "started",
};

/** In the order of a move. */
export const MOVE: Marks = {
  "migration stored, pod created": decided("migrate", "create Pod"),
  "pod ready, claim names its heir, target told": decided("move", "order incoming"),
  "disks, links and QEMU's way prepared": ({ fields }) => fields["report"] === "ready",
  "source told": stepped("leave"),
  "libvirt called": ({ message }) => message.startsWith("open the migration of"),
  "target's QEMU started": ({ message }) => message === "prepare the incoming domain",
  "copied, guest halted for the last of it": ({ message }) => message.startsWith("copy domain"),
  "changed over": ({ fields }) => fields["report"] === "arrived",
};

const LAST = "reported, written down, seen by the client";

/** The name says what has been done by then. */
type Marks = Readonly<Record<string, Matches>>;

export interface Trace {
  readonly log: Log;
  /** Forgets what was logged. */
  clear(): void;
  /** Takes in a start: when the client asked for it and when it saw it run, by performance.now(). */
  add(asked: number, seen: number): void;
  /** Milliseconds of each step over all that had them all, in their order. */
  figures(): readonly FigureSpec[];
  /** Milliseconds from `asked` to the step, of the last that was taken in; undefined when it had not all steps. */
  until(step: string): number | undefined;
}

export function createTrace(marks: Marks = START): Trace {
  let lines: Line[] = [];
  let reached = new Map<string, number>();
  const samples = new Map<string, number[]>();
  const keep = (fields: object, message: string): void => {
    lines.push({ at: performance.now(), fields: fields as Line["fields"], message });
  };

  function count(step: string, milliseconds: number): void {
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
      const took: [string, number][] = [];
      reached = new Map();
      let last = asked;
      for (const [name, matches] of Object.entries(marks)) {
        const line = lines.find((one) => one.at >= last && matches(one));
        if (line === undefined) return;
        took.push([name, line.at - last]);
        last = line.at;
        reached.set(name, last - asked);
      }
      for (const [step, milliseconds] of [...took, [LAST, seen - last] as const]) count(step, milliseconds);
    },
    until: (step) => reached.get(step),
    figures: () =>
      [...samples].map(([step, all]) =>
        sampled(
          { name: `step-${step.replaceAll(/[^a-z]+/gi, "-")}`, title: `of it: ${step}`, unit: "ms", better: "less" },
          summarize(all),
        ),
      ),
  };
}
