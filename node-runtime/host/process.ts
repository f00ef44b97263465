/** A process of this machine, known by pid and start time: a pid alone may be somebody else's by now. */
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the kernel's boot to the process's start. */
  readonly startTime: number;
  /** Whether this very process still runs. A zombie does not. */
  alive(): boolean;
}

interface Stat {
  readonly state: string;
  readonly startTime: number;
}

function stat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may hold anything, parentheses and blanks too.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields[0], Number(fields[19])];
  return state === undefined || !Number.isSafeInteger(startTime) ? undefined : { state, startTime };
}

const runs = (found: Stat | undefined): found is Stat => found !== undefined && !/[ZXx]/.test(found.state);

/** The process that has this pid now; undefined when there is none. */
export function processAt(pid: number): ProcessIdentity | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  const found = stat(pid);
  return runs(found) ? knownProcess(pid, found.startTime) : undefined;
}

/** A process as it was written down; it may be gone. */
export function knownProcess(pid: number, startTime: number): ProcessIdentity {
  return {
    pid,
    startTime,
    alive() {
      const found = stat(pid);
      return runs(found) && found.startTime === startTime;
    },
  };
}
