/** One run: so many VMs at a rate, until all run; then they are stopped, then deleted. */
import type { KubeObject } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import type { Cluster } from "#events/cluster.ts";
import { callsBetween, read, writesBeside, writesIn, type Calls, type Metered } from "./meters.ts";
import { MILESTONES, type Milestone, type Observer, type Times } from "./observer.ts";

export interface Wanted {
  readonly count: number;
  /** VMs a second; 0: all at once. */
  readonly rate: number;
}

export interface Phase {
  readonly name: "start" | "stop" | "delete";
  readonly count: number;
  /** Until all had reached their goal. */
  readonly seconds: number;
  readonly load: number;
  /** Milliseconds from the request, by milestone. */
  readonly milestones: Partial<Record<Milestone, Distribution>>;
  /** CPU seconds a 1,000 VMs, by process, with what goes on at rest. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly memoryMiB: Readonly<Record<string, number>>;
  /** A VM, without what is written to Leases and Nodes. */
  readonly puts: number;
  /** Successful writes of ours, a VM. */
  readonly writes: number;
  /** Calls of ours, a VM. */
  readonly calls: Readonly<Record<string, number>>;
  /** Calls of everybody else, a VM, by "name: call"; the bench's and the fake nodes' among them. Most often first. */
  readonly others: Readonly<Record<string, number>>;
}

export interface Distribution {
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
}

export interface Arena {
  readonly cluster: Cluster;
  readonly observer: Observer;
  readonly metered: Metered;
  readonly user: string;
  vm(name: string): KubeObject;
}

const IN_FLIGHT = 16;
const LONGEST_MILLISECONDS = 180_000;
/** Late writes count too. */
const SETTLE_MILLISECONDS = 3_000;
const NAMESPACE = "bench";

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export async function race(arena: Arena, tag: string, wanted: Wanted): Promise<readonly Phase[]> {
  const { cluster, observer } = arena;
  const names = Array.from({ length: wanted.count }, (_, index) => `${tag}-${index}`);
  for (const name of names) observer.follow(name);
  const at = (name: string) => ({ namespace: NAMESPACE, name });
  const start = await phase(arena, "start", names, ["vmRunning"], () =>
    paced(names, wanted.rate, async (name) => {
      const times = observer.times(name) ?? {};
      times.asked = performance.now();
      await cluster.create(VirtualMachine, arena.vm(name) as VirtualMachine);
      times.answered = performance.now();
    }),
  );
  const stop = await phase(arena, "stop", names, ["instanceGone", "podGone"], () =>
    paced(names, 0, async (name) => {
      // What a controller writes meanwhile must not send it back.
      for (;;) {
        const vm = await cluster.get(VirtualMachine, at(name));
        if (vm === undefined) return;
        (observer.times(name) ?? {}).asked = performance.now();
        const spec = { ...vm.spec, runStrategy: "Halted" as const };
        const done = await cluster.patch(VirtualMachine, vm, { ...vm, spec }, "object").catch(() => undefined);
        if (done !== undefined) return;
      }
    }),
  );
  const end = await phase(arena, "delete", names, ["vmGone"], () =>
    paced(names, 0, async (name) => {
      const vm = await cluster.get(VirtualMachine, at(name));
      (observer.times(name) ?? {}).asked = performance.now();
      if (vm !== undefined) await cluster.remove(VirtualMachine, vm);
    }),
  );
  return [start, stop, end];
}

/** At a rate, or as many in flight as allowed. */
async function paced(names: readonly string[], rate: number, work: (name: string) => Promise<void>): Promise<void> {
  if (rate > 0) {
    const began = performance.now();
    const all = names.map(async (name, index) => {
      await pause(Math.max(0, began + (index / rate) * 1000 - performance.now()));
      await work(name);
    });
    await Promise.all(all);
    return;
  }
  const left = [...names].reverse();
  const worker = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await work(name);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

async function phase(
  { observer, metered, user }: Arena,
  name: Phase["name"],
  names: readonly string[],
  goals: readonly Milestone[],
  act: () => Promise<void>,
): Promise<Phase> {
  const a = (value: number): number => value / names.length;
  const before = await read(metered);
  await act();
  const all = names.map((one) => observer.times(one) ?? {});
  const late = performance.now() + LONGEST_MILLISECONDS;
  while (!all.every((times) => goals.every((goal) => times[goal] !== undefined))) {
    if (performance.now() > late) {
      const missing = all.filter((times) => goals.some((goal) => times[goal] === undefined)).length;
      throw new Error(`${missing} of ${names.length} VMs did not reach ${goals.join(", ")}`);
    }
    await pause(10);
  }
  const seconds = (performance.now() - before.at) / 1000;
  await pause(SETTLE_MILLISECONDS);
  const after = await read(metered);
  const byUser = await callsBetween(metered.audit, before.auditBytes, after.auditBytes);
  const calls: Calls = byUser.get(user) ?? new Map<string, number>();
  const others = [...byUser].flatMap(([name, made]) =>
    name === user ? [] : [...made].map(([call, count]) => [`${shortName(name)}: ${call}`, a(count)] as const),
  );
  const cpu = [...after.cpu].map(([process, spent]) => [process, a((spent - (before.cpu.get(process) ?? 0)) * 1000)]);
  return {
    name,
    count: names.length,
    seconds,
    load: before.load,
    milestones: distributions(all),
    cpu: Object.fromEntries(cpu) as Record<string, number>,
    memoryMiB: Object.fromEntries(after.memoryMiB),
    puts: a(after.puts - before.puts - writesBeside(byUser)),
    writes: a(writesIn(calls)),
    calls: Object.fromEntries([...calls].sort().map(([call, count]) => [call, a(count)])),
    others: Object.fromEntries(others.sort(([, one], [, other]) => other - one)),
  };
}

/** A user's name without what Kubernetes puts before it. */
function shortName(user: string): string {
  return user.slice(user.lastIndexOf(":") + 1);
}

function distributions(all: readonly Times[]): Phase["milestones"] {
  const found: [Milestone, Distribution][] = [];
  for (const milestone of MILESTONES) {
    const values = all.flatMap(({ asked, [milestone]: reached }) =>
      asked === undefined || reached === undefined || reached < asked ? [] : [reached - asked],
    );
    if (values.length === 0) continue;
    values.sort((one, other) => one - other);
    const at = (part: number): number => values[Math.ceil(part * values.length) - 1] ?? NaN;
    found.push([milestone, { p50: at(0.5), p95: at(0.95), most: at(1) }]);
  }
  return Object.fromEntries(found);
}
