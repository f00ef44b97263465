/**
 * A hundred machines, ten a second, through the whole control plane onto modelled hypervisors: how long each takes from
 * its creation to Running, how far the status lags behind the node, and what it costs in writes of the API.
 */
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { WriteCount } from "#local/apiserver/writes.ts";
import { sampled, type FigureSpec } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { bareMachine, machineName } from "../objects.ts";
import { timeNow } from "../rig/messages.ts";
import { sleep, startRig, type Rig } from "../rig/rig.ts";
import { summarize } from "../samples.ts";

const EVERY_MILLISECONDS = 100;
const WARM_UP = 10;
const NODES = 2;

export const density: BenchItem = {
  name: "density",
  about: "machines at 10 a second through the real control plane onto modelled hypervisors",
  quick: true,
  mostSeconds: 600,
  run,
};

async function run({ quick, rounds = quick ? 30 : 100, say, signal }: BenchContext): Promise<readonly FigureSpec[]> {
  const rig = await startRig({ nodes: NODES, say });
  try {
    await startMachines(rig, 0, WARM_UP, signal);
    const before = await rig.quiet(signal);
    const idle = await rig.control.ask({ ask: "usage", collect: true });
    const { created, running } = await startMachines(rig, WARM_UP, rounds, signal);
    const after = await rig.quiet(signal);
    const busy = await rig.control.ask({ ask: "usage", collect: false });
    const starts = new Map(await rig.fleet.ask({ ask: "starts" }));
    const lags = [...running.values()].map(({ uid, at }) => at - (starts.get(uid) ?? Number.NaN));
    const times = [...running].map(([name, { at }]) => at - (created.get(name) ?? Number.NaN));
    return [
      sampled({ name: "create-to-running", title: "create→Running", unit: "ms", better: "less" }, summarize(times)),
      sampled(
        {
          name: "status-lag",
          title: "vCPUs run → the API says Running",
          unit: "ms",
          better: "less",
          promise: { of: "p99", at: "most", limit: 1000 },
        },
        summarize(lags),
      ),
      {
        name: "cpu",
        title: "CPU of the control plane, a start",
        unit: "ms",
        better: "less",
        value: ((busy.cpuSeconds - idle.cpuSeconds) / rounds) * 1000,
      },
      ...writesOf(before.writes, after.writes, rounds),
      {
        name: "function-runs",
        title: "runs of functions, a start",
        unit: "count",
        better: "less",
        value: (total(after.runs) - total(before.runs)) / rounds,
      },
    ];
  } finally {
    await rig.close();
  }
}

function total(runs: Readonly<Record<string, number>>): number {
  return Object.values(runs).reduce((sum, count) => sum + count, 0);
}

/** Per start, by kind, verb and subresource. */
function writesOf(before: readonly WriteCount[], after: readonly WriteCount[], starts: number): FigureSpec[] {
  const name = ({ kind, verb, subresource }: WriteCount): string =>
    `${verb} ${kind}${subresource === "" ? "" : `/${subresource}`}`;
  const old = new Map(before.map((count) => [name(count), count.count]));
  const grown = after.map((count) => ({
    ...count,
    name: name(count),
    value: (count.count - (old.get(name(count)) ?? 0)) / starts,
  }));
  // A node's heartbeats are written by time, not by start.
  const counted = grown.filter(({ value, kind }) => value > 0 && kind !== "Node");
  const instance = counted.filter(({ kind, verb }) => kind === "VirtualMachineInstance" && verb !== "create");
  return [
    {
      name: "instance-writes",
      title: "writes of the VMI after its creation, a start",
      unit: "count",
      better: "less",
      value: instance.reduce((sum, { value }) => sum + value, 0),
      promise: { of: "value", at: "most", limit: 3 },
    },
    ...counted.map(({ name, value }): FigureSpec => {
      const words = name
        .replaceAll(/([a-z])([A-Z])/g, "$1-$2")
        .replaceAll(/[ /]/g, "-")
        .toLowerCase();
      return { name: `writes-${words}`, title: `${name}, a start`, unit: "count", better: "less", value };
    }),
  ];
}

interface Started {
  readonly created: ReadonlyMap<string, number>;
  readonly running: ReadonlyMap<string, { readonly uid: string; readonly at: number }>;
}

/** Resolves when all of them run. */
async function startMachines(rig: Rig, first: number, count: number, signal: AbortSignal): Promise<Started> {
  const created = new Map<string, number>();
  const running = new Map<string, { readonly uid: string; readonly at: number }>();
  const all = Promise.withResolvers<void>();
  const watching = new AbortController();
  const { resourceVersion } = await rig.cluster.snapshot(VirtualMachineInstance, signal);
  const watch = rig.cluster.watch(
    VirtualMachineInstance,
    resourceVersion,
    (notice) => {
      if (notice.type === "BOOKMARK") return;
      const { metadata, status } = notice.object;
      if (status?.phase !== "Running" || running.has(metadata.name)) return;
      running.set(metadata.name, { uid: metadata.uid, at: timeNow() });
      if (running.size === count) all.resolve();
    },
    watching.signal,
  );
  try {
    const creating: Promise<unknown>[] = [];
    const begun = timeNow();
    for (let index = 0; index < count; index += 1) {
      signal.throwIfAborted();
      const name = machineName(first + index);
      created.set(name, timeNow());
      creating.push(rig.cluster.create(VirtualMachine, bareMachine(first + index)));
      await sleep(Math.max(0, begun + (index + 1) * EVERY_MILLISECONDS - timeNow()));
    }
    await Promise.all(creating);
    await Promise.race([all.promise, watch.then(() => Promise.reject(new Error("the watch ended"))), aborted(signal)]);
  } finally {
    watching.abort();
    await watch.catch(() => undefined);
  }
  return { created, running };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );
}
