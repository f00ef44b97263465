/**
 * What 0, 1,000 and 10,000 running machines cost (a hundred a modelled node): memory and CPU at rest, writes at rest,
 * CPU under ten changes a second, and how far the API then lags behind the nodes. The machines are copies of one that was
 * really started; control plane and nodes then find them as after a restart of everything.
 */
import { conditionOf } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { sampled, type FigureSpec } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { bareMachine } from "../objects.ts";
import { timeNow, type Changed, type Counts, type Usage } from "../rig/messages.ts";
import { sampleMachine, sleep, startRig, type Rig } from "../rig/rig.ts";
import { summarize } from "../samples.ts";

const MACHINES_A_NODE = 100;
const EVERY_MILLISECONDS = 100;
/** After the last change. */
const PATIENCE_MILLISECONDS = 30_000;
const MOST_IDLE_MIB = 150;
const MOST_LAG_MILLISECONDS = 1000;

export const scale: BenchItem = {
  name: "scale",
  about: "memory, CPU, writes and status lag with 0, 1,000 and 10,000 machines on modelled nodes",
  quick: true,
  mostSeconds: 3600,
  run,
};

async function run({ quick, say, signal }: BenchContext): Promise<readonly FigureSpec[]> {
  const sample = await sampleMachine(bareMachine(0), say, signal);
  const seconds = quick ? 10 : 30;
  const figures: FigureSpec[] = [];
  for (const count of quick ? [0, 1000] : [0, 1000, 10_000]) {
    const machines = { count, like: sample };
    const rig = await startRig({ nodes: Math.max(1, count / MACHINES_A_NODE), machines, say });
    try {
      const settled = await rig.quiet(signal);
      const settling = await rig.control.ask({ ask: "usage", collect: false });
      say(`${count} machines: quiet after ${settling.cpuSeconds.toFixed(1)} s of CPU`);
      figures.push(
        cpuFigure(
          `settle-${count}`,
          `${count} machines: CPU from the start of the process until all is quiet`,
          settling.cpuSeconds,
        ),
        {
          name: `settle-writes-${count}`,
          title: `${count} machines: writes until all is quiet, a machine`,
          unit: "count",
          better: "less",
          value: writes(settled) / Math.max(1, count),
        },
        ...(await atRest(rig, count, seconds, signal)),
        ...(count === 0 ? [] : await underChanges(rig, count, seconds, signal)),
      );
      if (settled.published === 0) throw new Error("nothing was ever published");
    } finally {
      await rig.close();
    }
  }
  return figures;
}

function cpuFigure(name: string, title: string, value: number): FigureSpec {
  return { name, title, unit: "s", better: "less", value };
}

async function atRest(rig: Rig, count: number, seconds: number, signal: AbortSignal): Promise<FigureSpec[]> {
  // Garbage of the start is no memory of the rest.
  await rig.control.ask({ ask: "usage", collect: true });
  const counts = await rig.control.ask({ ask: "counts" });
  const { before, after, more } = await during(rig, () => sleep(seconds * 1000));
  signal.throwIfAborted();
  const resting = await rig.control.ask({ ask: "usage", collect: true });
  const of = `${count} machines at rest`;
  return [
    {
      name: `memory-${count}`,
      title: `${of}: memory of the control plane (RSS)`,
      unit: "MiB",
      better: "less",
      value: resting.rssMiB,
      ...(count === 0 ? { promise: { of: "value", at: "most", limit: MOST_IDLE_MIB } } : {}),
    },
    { name: `heap-${count}`, title: `${of}: JavaScript heap`, unit: "MiB", better: "less", value: resting.heapMiB },
    {
      name: `cpu-rest-${count}`,
      title: `${of}: CPU of one core`,
      unit: "%",
      better: "less",
      value: cpuPercent(before, after),
    },
    {
      name: `writes-rest-${count}`,
      title: `${of}: writes in ${seconds} s besides nodes' heartbeats`,
      unit: "count",
      better: "less",
      value: writes(more) - writes(counts),
      promise: { of: "value", at: "most", limit: 0 },
    },
    {
      name: `runs-rest-${count}`,
      title: `${of}: runs of functions a second`,
      unit: "1/s",
      better: "less",
      value: (runs(more) - runs(counts)) / seconds,
    },
  ];
}

async function underChanges(rig: Rig, count: number, seconds: number, signal: AbortSignal): Promise<FigureSpec[]> {
  const changes: Changed[] = [];
  const begun = timeNow();
  const lags = await lagsOf(rig, signal, async () => {
    for (let index = 0; index < (seconds * 1000) / EVERY_MILLISECONDS; index += 1) {
      signal.throwIfAborted();
      changes.push(await rig.fleet.ask({ ask: "change" }));
      await sleep(Math.max(0, begun + (index + 1) * EVERY_MILLISECONDS - timeNow()));
    }
    return changes;
  });
  return [
    sampled(
      {
        name: `lag-${count}`,
        title: `${count} machines, 10 changes a second: a node's change → the API says so`,
        unit: "ms",
        better: "less",
        promise: { of: "p99", at: "most", limit: MOST_LAG_MILLISECONDS },
      },
      summarize(lags.milliseconds),
    ),
    {
      name: `cpu-changes-${count}`,
      title: `${count} machines, 10 changes a second: CPU of one core`,
      unit: "%",
      better: "less",
      value: cpuPercent(lags.before, lags.after),
    },
  ];
}

/** From each change until a watch shows it. */
async function lagsOf(rig: Rig, signal: AbortSignal, act: () => Promise<readonly Changed[]>) {
  const seen = new Map<string, number[]>();
  const watching = new AbortController();
  const { items, resourceVersion } = await rig.cluster.snapshot(VirtualMachineInstance, signal);
  const last = new Map(items.map((vmi) => [vmi.metadata.uid, hasAgent(vmi)]));
  const watch = rig.cluster.watch(
    VirtualMachineInstance,
    resourceVersion,
    (notice) => {
      if (notice.type === "BOOKMARK") return;
      const { uid } = notice.object.metadata;
      const agent = hasAgent(notice.object);
      if (last.get(uid) === agent) return;
      last.set(uid, agent);
      const times = seen.get(uid) ?? [];
      seen.set(uid, times);
      times.push(timeNow());
    },
    watching.signal,
  );
  try {
    const { before, after, value: changes } = await during(rig, act);
    const end = timeNow() + PATIENCE_MILLISECONDS;
    const shown = (): number => [...seen.values()].reduce((sum, times) => sum + times.length, 0);
    while (shown() < changes.length && timeNow() < end) await sleep(50);
    if (shown() < changes.length)
      throw new Error(`${changes.length - shown()} of ${changes.length} changes never came to the API`);
    const milliseconds = changes.map(({ uid, at }) => (seen.get(uid)?.shift() ?? Number.NaN) - at);
    return { before, after, milliseconds };
  } finally {
    watching.abort();
    await watch.catch(() => undefined);
  }
}

function hasAgent(vmi: VirtualMachineInstance): boolean {
  return conditionOf(vmi, "AgentConnected")?.status === "True";
}

async function during<T>(rig: Rig, act: () => Promise<T>) {
  const before = await rig.control.ask({ ask: "usage", collect: false });
  const value = await act();
  const after = await rig.control.ask({ ask: "usage", collect: false });
  return { before, after, value, more: await rig.control.ask({ ask: "counts" }) };
}

function cpuPercent(before: Usage, after: Usage): number {
  return ((after.cpuSeconds - before.cpuSeconds) / ((after.at - before.at) / 1e9)) * 100;
}

function writes({ writes }: Counts): number {
  return writes.filter(({ kind }) => kind !== "Node").reduce((sum, { count }) => sum + count, 0);
}

function runs({ runs }: Counts): number {
  return Object.values(runs).reduce((sum, count) => sum + count, 0);
}
