/**
 * Where a guest runs, by the kernel's own account: its vCPUs' threads are given a processor, whatever libvirt and its
 * runtimes say and whether they live. Looked at all the time, so that two that run at once are seen.
 */
import { readFileSync } from "node:fs";
import { vcpuNanoseconds, vcpuRuns } from "#node-runtime/libvirt/domain-process.ts";

const LOOK_MS = 100;
/**
 * Threads of vCPUs also wake without the guest: QEMU saves and loads its state on them, and they end with it. Two guests
 * are told from that by what they use in a look, or by how long it lasts: an idle guest uses little, but it goes on.
 */
const GUEST_NANOSECONDS = 5_000_000;
const MOST_LOOKS = 4;

export interface Watched {
  /** Nodes whose vCPUs ran in the last moment. */
  running(): readonly string[];
  /** When two were at work for longer than one look, or two woke in four looks one after the other: a sentence each. */
  readonly violations: string[];
  /** The longest time in which nobody ran, since the last call. Milliseconds. */
  longestGap(): number;
  end(): void;
}

/** `pidFiles`: of the domain on each node. */
export function watchRunning(pidFiles: ReadonlyMap<string, string>): Watched {
  const last = new Map<string, { readonly pid: number; readonly runs: number; readonly nanoseconds: number }>();
  const violations: string[] = [];
  let now: readonly string[] = [];
  /** Nodes whose vCPUs were at work for long enough in this look. */
  let busy = new Set<string>();
  /** Looks one after the other in which two woke. */
  let both = 0;
  let ranAt = performance.now();
  let gap = 0;
  const look = (): void => {
    const before = busy;
    busy = new Set();
    now = [...pidFiles].filter(([node, file]) => hasRun(node, file)).map(([node]) => node);
    if (now.length > 0) {
      gap = Math.max(gap, performance.now() - ranAt);
      ranAt = performance.now();
    }
    both = now.length > 1 ? both + 1 : 0;
    // One look may see the last moment here and the first one there.
    if ((busy.size > 1 && before.size > 1) || both >= MOST_LOOKS)
      violations.push(`at ${new Date().toISOString()} on ${now.join(" and ")}`);
  };
  const hasRun = (node: string, file: string): boolean => {
    const pid = pidIn(file);
    const runs = pid === undefined ? undefined : vcpuRuns(pid);
    const nanoseconds = pid === undefined ? undefined : vcpuNanoseconds(pid);
    const seen = last.get(node);
    if (pid === undefined || runs === undefined || nanoseconds === undefined) {
      last.delete(node);
      return false;
    }
    last.set(node, { pid, runs, nanoseconds });
    if (seen?.pid === pid && nanoseconds - seen.nanoseconds >= GUEST_NANOSECONDS) busy.add(node);
    return seen?.pid === pid && runs > seen.runs;
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    running: () => now,
    violations,
    longestGap() {
      const longest = Math.max(gap, performance.now() - ranAt);
      gap = 0;
      return longest;
    },
    end: () => clearInterval(timer),
  };
}

export function pidIn(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, "utf8").trim());
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
