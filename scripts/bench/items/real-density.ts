/**
 * Real guests, all at once, on one node: how soon they all run, what each takes, how far the API lags behind, and what it
 * costs while they run; beside as many domains of the same XML from as many bare `virsh create`s at once.
 */
import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { freemem } from "node:os";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { silentLog, type Log } from "#events/log.ts";
import { cpuTimer } from "../cpu.ts";
import { withDemoNodes, type Subject } from "../demo-nodes.ts";
import { sampled, type FigureSpec } from "../figure.ts";
import { VMIS, watchInstances } from "../instance-watch.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { sleep } from "../rig/rig.ts";
import { summarize } from "../samples.ts";
import { createTrace } from "../trace.ts";
import { twinOf, virsh, type Twin } from "../twin.ts";

const VMS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines";
const NODE = "node-1";
/** A guest of 128 MiB under QEMU's emulator, with room for what the machine does besides. */
const MIB_A_GUEST = 400;
const FEWEST = 2;
/** Guests boot, and with an emulator they take all CPUs for it. */
const SETTLE_MILLISECONDS = 30_000;

export const realDensity: BenchItem = {
  name: "real-density",
  about: "real guests, all at once, through the API, beside as many `virsh create`s of the same XML",
  quick: false,
  mostSeconds: 1800,
  needsNode: true,
  run,
};

/** uid → when the node's runtime told that the vCPUs run, by performance.now(). */
type Starts = Map<string, number>;

async function run(context: BenchContext): Promise<readonly FigureSpec[]> {
  const starts: Starts = new Map();
  const log: Log = {
    ...silentLog,
    info(fields) {
      const { report, uid } = fields as { readonly report?: string; readonly uid?: string };
      if (report === "started" && uid !== undefined) starts.set(uid, performance.now());
    },
  };
  return withDemoNodes({ nodes: 1, trace: { ...createTrace(), log }, say: context.say }, (subject) =>
    measure(subject, starts, context),
  );
}

async function measure(subject: Subject, starts: Starts, context: BenchContext): Promise<readonly FigureSpec[]> {
  const { say, signal, quick, rounds = quick ? 4 : 10 } = context;
  const count = Math.min(rounds, Math.floor(freemem() / 2 ** 20 / MIB_A_GUEST));
  if (count < FEWEST) throw new Error(`the free memory is too little for ${FEWEST} guests`);
  const names = Array.from({ length: count }, (_, index) => `guest-${index}`);
  // The first of all compiles our code, and libvirt's daemon makes its threads; so with the bare domains.
  const before = await started(
    subject,
    names.map((name) => `first-${name}`),
  );
  await removed(subject);
  const memoryBefore = ownMemory();
  const ours = await started(subject, names);
  say(`${count} guests run after ${ours.milliseconds.toFixed(0)} ms`);
  await sleep(SETTLE_MILLISECONDS);
  signal.throwIfAborted();
  const memoryAfter = ownMemory();
  const seconds = quick ? 10 : 30;
  const cpu = cpuTimer();
  await sleep(seconds * 1000);
  const restCpu = cpu();
  const qemus = await memoryOfQemus("default_guest-");
  if (qemus.length !== count) throw new Error(`${qemus.length} QEMUs are there for ${count} guests`);
  const lags = [...ours.running].map(([uid, at]) => at - (starts.get(uid) ?? Number.NaN));
  await removed(subject);

  const twins: Twin[] = [];
  for (const name of names) {
    twins.push(await twinOf({ ...subject, vmi: before.last, node: NODE, uid: randomUUID(), name: `bare-${name}` }));
  }
  await created(twins);
  await destroyed(twins);
  const bare = await created(twins);
  say(`${count} bare domains run after ${bare.toFixed(0)} ms`);
  await sleep(SETTLE_MILLISECONDS);
  const bareQemus = await memoryOfQemus("bench_bare-guest-");
  if (bareQemus.length !== count) throw new Error(`${bareQemus.length} QEMUs are there for ${count} bare domains`);
  await destroyed(twins);
  for (const twin of twins) await twin.remove();
  const [memory, bareMemory] = [summarize(qemus), summarize(bareQemus)];
  return [
    { name: "guests", title: "guests, all at once", unit: "count", better: "more", value: count },
    {
      name: "rate",
      title: "guests a second, from the first creation until all run",
      unit: "1/s",
      better: "more",
      value: count / (ours.milliseconds / 1000),
      baseline: { title: "virsh create, all at once", value: count / (bare / 1000) },
    },
    sampled(
      { name: "status-lag", title: "vCPUs run → the API says Running", unit: "ms", better: "less" },
      summarize(lags),
    ),
    sampled(
      {
        name: "qemu-memory",
        title: "memory of a guest's QEMU (PSS)",
        unit: "MiB",
        better: "less",
        baseline: { title: "QEMU of a bare domain", value: bareMemory.median, samples: bareMemory },
      },
      memory,
    ),
    {
      name: "memory",
      title: "heap of the local shape, a guest",
      unit: "MiB",
      better: "less",
      value: (memoryAfter - memoryBefore) / count,
    },
    {
      name: "cpu-rest",
      title: "CPU of one core of the local shape, while the guests run",
      unit: "%",
      better: "less",
      value: (restCpu / seconds) * 100,
    },
  ];
}

/** All at once. Answers the milliseconds until the last one runs. */
async function created(twins: readonly Twin[]): Promise<number> {
  const begun = performance.now();
  await Promise.all(twins.map(({ uri, xmlPath }) => virsh(uri, ["create", xmlPath])));
  return performance.now() - begun;
}

async function destroyed(twins: readonly Twin[]): Promise<void> {
  for (const twin of twins) await virsh(twin.uri, ["destroy", twin.name]);
}

interface Started {
  /** From the first creation until the watch showed the last one Running. */
  readonly milliseconds: number;
  /** uid → when it was seen, by performance.now(). */
  readonly running: ReadonlyMap<string, number>;
  readonly last: VirtualMachineInstance;
}

async function started({ client, demo }: Subject, names: readonly string[]): Promise<Started> {
  const { template } = demo.spec;
  const spec = { ...template.spec, terminationGracePeriodSeconds: 0 };
  const watch = await watchInstances(client);
  try {
    const begun = performance.now();
    await Promise.all(
      names.map((name) =>
        client.send("POST", VMS, {
          ...demo,
          metadata: { name },
          spec: { ...demo.spec, template: { ...template, spec } },
        }),
      ),
    );
    const seen = await Promise.all(
      names.map((name) =>
        watch.until(begun, ({ vmi }) => vmi.metadata.name === name && vmi.status?.phase === "Running"),
      ),
    );
    const last = seen.reduce((one, other) => (other.at > one.at ? other : one));
    const running = new Map(seen.map(({ vmi, at }) => [vmi.metadata.uid ?? "", at]));
    return { milliseconds: last.at - begun, running, last: last.vmi };
  } finally {
    watch.close();
  }
}

async function removed({ client }: Subject): Promise<void> {
  interface Names {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  }
  const { items } = await client.send<Names>("GET", VMS);
  await Promise.all(items.map(({ metadata }) => client.send("DELETE", `${VMS}/${metadata.name}`)));
  while ((await client.send<Names>("GET", VMIS)).items.length > 0) await sleep(100);
}

/** MiB that are in use. This process is the local shape, and its client. */
function ownMemory(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

/** MiB of each QEMU whose guest's name begins so: what is its own, and its part of what it shares. */
async function memoryOfQemus(prefix: string): Promise<readonly number[]> {
  const sizes: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!command.includes("qemu-system") || !command.includes(`guest=${prefix}`)) continue;
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
    sizes.push(Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) / 1024);
  }
  return sizes;
}
