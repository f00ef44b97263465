/** The changes of a cluster in memory, bounded, and the watches that follow them. Notices arrive in microtasks. */
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import type { WatchNotice } from "./cluster.ts";
import { Fault } from "./fault.ts";

export interface Change {
  readonly version: number;
  readonly kind: Kind;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Stored<KubeObject>;
}

export interface History {
  record(change: Change): void;
  /** Tells changes after the version until the signal aborts or `disconnect`. @throws Fault stale when it is too old */
  watch(kind: Kind, from: number, tell: (notice: WatchNotice) => void, signal: AbortSignal): Promise<void>;
  /** Forgets all changes up to this version. */
  compact(version: number): void;
  /** Ends all watches: with the fault, or quietly. */
  disconnect(fault?: Fault): void;
}

interface Watch {
  readonly kind: Kind;
  readonly tell: (notice: WatchNotice) => void;
  readonly end: (fault?: Fault) => void;
  waiting: WatchNotice[];
  scheduled: boolean;
}

export function createHistory(length: number): History {
  const watches = new Set<Watch>();
  let changes: Change[] = [];
  /** The oldest version that a watch can resume from. */
  let horizon = 0;

  function queue(watch: Watch, notice: WatchNotice): void {
    watch.waiting.push(notice);
    if (watch.scheduled) return;
    watch.scheduled = true;
    queueMicrotask(() => {
      watch.scheduled = false;
      const notices = watch.waiting;
      watch.waiting = [];
      for (const waiting of notices) if (watches.has(watch)) watch.tell(waiting);
    });
  }

  return {
    record(change) {
      changes.push(change);
      const extra = changes.length - length;
      if (extra > 0) {
        horizon = changes[extra - 1]?.version ?? horizon;
        changes = changes.slice(extra);
      }
      for (const watch of watches) if (sameKind(watch.kind, change.kind)) queue(watch, change);
    },

    watch(kind, from, tell, signal) {
      return new Promise<void>((resolve, reject) => {
        if (signal.aborted) return resolve();
        if (from < horizon) {
          return reject(new Fault("stale", "Expired", `version ${from} is too old; the oldest kept is ${horizon}`));
        }
        const watch: Watch = {
          kind,
          tell,
          waiting: [],
          scheduled: false,
          end(fault) {
            watches.delete(watch);
            signal.removeEventListener("abort", aborted);
            if (fault === undefined) resolve();
            else reject(fault);
          },
        };
        const aborted = (): void => watch.end();
        signal.addEventListener("abort", aborted, { once: true });
        watches.add(watch);
        for (const change of changes) {
          if (change.version > from && sameKind(change.kind, kind)) queue(watch, change);
        }
      });
    },

    compact(version) {
      changes = [];
      horizon = version;
    },

    disconnect(fault) {
      for (const watch of [...watches]) watch.end(fault);
    },
  };
}

function sameKind(one: Kind, other: Kind): boolean {
  return one.group === other.group && one.plural === other.plural;
}
