/** When each VM reached what, as its user sees it: by watches on VMs, instances and pods. */
import { Pod } from "#api/core.ts";
import { label } from "#api/names.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Cluster, WatchNotice } from "#events/cluster.ts";

/** In the order in which a VM passes them; then those of its end. */
export const MILESTONES = [
  "answered",
  "instance",
  "pod",
  "bound",
  "podRunning",
  "scheduled",
  "running",
  "vmRunning",
  "instanceGone",
  "podGone",
  "vmGone",
] as const;
export type Milestone = (typeof MILESTONES)[number];

/** Milliseconds of the monotonic clock. */
export type Times = { [M in Milestone | "asked"]?: number };

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export interface Observer {
  /** From now on the VM of this name is followed. */
  follow(name: string): Times;
  times(name: string): Times | undefined;
  close(): void;
}

export function observe(cluster: Cluster): Observer {
  const followed = new Map<string, Times>();
  const ending = new AbortController();

  function note(name: string | undefined, ...reached: readonly (Milestone | false)[]): void {
    const times = followed.get(name ?? "");
    if (times === undefined) return;
    const now = performance.now();
    for (const milestone of reached) if (milestone !== false) times[milestone] ??= now;
  }

  const watched: readonly [Kind, (object: Stored<KubeObject>, gone: boolean) => void][] = [
    [
      VirtualMachine,
      (object, gone) => {
        const { printableStatus } = (object as Stored<VirtualMachine>).status ?? {};
        note(object.metadata.name, printableStatus === "Running" && "vmRunning", gone && "vmGone");
      },
    ],
    [
      VirtualMachineInstance,
      (object, gone) => {
        const { phase } = (object as Stored<VirtualMachineInstance>).status ?? {};
        const isScheduled = phase === "Scheduled" || phase === "Running";
        note(
          object.metadata.name,
          "instance",
          isScheduled && "scheduled",
          phase === "Running" && "running",
          gone && "instanceGone",
        );
      },
    ],
    [
      Pod,
      (object, gone) => {
        const { spec, status, metadata } = object as Stored<Pod>;
        const isBound = spec.nodeName !== undefined;
        const isRunning = status?.phase === "Running";
        note(metadata.labels?.[label.vmName], "pod", isBound && "bound", isRunning && "podRunning", gone && "podGone");
      },
    ],
  ];
  for (const [kind, see] of watched) {
    void follow(cluster, kind, ending.signal, (notice) => {
      if (notice.type !== "BOOKMARK") see(notice.object, notice.type === "DELETED");
    });
  }

  return {
    follow(name) {
      const times: Times = {};
      followed.set(name, times);
      return times;
    },
    times: (name) => followed.get(name),
    close: () => ending.abort(),
  };
}

async function follow(
  cluster: Cluster,
  kind: Kind,
  signal: AbortSignal,
  notice: (notice: WatchNotice) => void,
): Promise<void> {
  let version = (await cluster.snapshot(kind, signal)).resourceVersion;
  while (!signal.aborted) {
    const seen = (one: WatchNotice): void => {
      version = one.type === "BOOKMARK" ? one.resourceVersion : one.object.metadata.resourceVersion;
      notice(one);
    };
    // A watch that breaks goes on from where it was; one that can't is seen by what is missing in the end.
    await cluster.watch(kind, version, seen, signal).catch(() => pause(100));
  }
}
