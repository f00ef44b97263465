/**
 * What a move costs: request→Succeeded through the API, beside a bare `virsh migrate` of a guest that is in everything
 * the same, between the same two libvirts, in one run and in turns, to and fro. Bare, the two QEMUs speak over a socket of
 * this machine without encryption, and pods, links and disks are there already. Both guests run all the time; the one that
 * moves is asked for its page without a pause, and ours keeps a counter that lives in its memory only.
 */
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { copiedDisks } from "#node-runtime/domain/incoming.ts";
import { withDemoNodes, type Subject } from "../demo-nodes.ts";
import { sampled, type FigureSpec } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { summarize } from "../samples.ts";
import { createTrace, MOVE, type Trace } from "../trace.ts";
import { twinOf, virsh, type Twin } from "../twin.ts";

const API = "/apis/kubevirt.io/v1/namespaces/default";
const NAME = "mover";
const WARM_UP_ROUNDS = 1;
const ASK_EVERY_MILLISECONDS = 10;

/** What a move may cost; see SPECIFICATION.md. */
const MOST_TIMES_BARE = 1.2;
const MOST_TIMES_BARE_DOWNTIME = 1.1;
const MOST_TO_LIBVIRT_MILLISECONDS = 100;

export const migration: BenchItem = {
  name: "migration",
  about: "live migration through the API, beside bare `virsh migrate` of the same guest",
  quick: false,
  mostSeconds: 3600,
  needsNode: true,
  run: (context) => benchMigration(context, false),
};

/** Both ends' ciphers are on the one thread that also drives both, which between two machines they are not. */
export const migrationTls: BenchItem = {
  ...migration,
  name: "migration-tls",
  about: "the same through TLS, as between machines, though with both nodes in one process",
  run: (context) => benchMigration(context, true),
};

async function benchMigration(context: BenchContext, tunnels: boolean): Promise<readonly FigureSpec[]> {
  return withDemoNodes({ nodes: 2, tunnels, trace: createTrace(MOVE), say: context.say }, (subject) =>
    measure(subject, context),
  );
}

interface Moved {
  readonly totalMilliseconds: number;
  readonly downtimeMilliseconds: number;
}

async function measure(subject: Subject, context: BenchContext): Promise<readonly FigureSpec[]> {
  const { say, signal, quick, rounds = quick ? 4 : 10 } = context;
  const { trace } = subject;
  const ours: Moved[] = [];
  const bare: Moved[] = [];
  const toLibvirt: number[] = [];
  const gaps: number[] = [];
  const vmi = await startOurs(subject, signal);
  const address = addressOf(vmi) ?? "";
  const uid = randomUUID();
  const { local, instance } = subject;
  const twins = [
    await twinOf({ local, instance, vmi, node: "node-1", uid }),
    await twinOf({ local, instance, vmi, node: "node-2", uid }),
  ] as const;
  await virsh(twins[0].uri, ["create", twins[0].xmlPath]);
  await answers(twins[0].address, signal);
  let asked = address;
  const pages = keepAsking(() => asked);
  try {
    let [from, to]: readonly [Twin, Twin] = twins;
    let before = await counter(address);
    for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
      signal.throwIfAborted();
      asked = address;
      await pages.longestGap();
      const mine = await move(subject);
      // Asked at the same address all the time, which goes along.
      const gap = await pages.longestGap();
      const after = await counter(address);
      if (after.bootID !== before.bootID || after.count < before.count)
        throw new Error(`the guest was reset: ${JSON.stringify(before)} became ${JSON.stringify(after)}`);
      before = after;
      // Its pages are forked processes: whoever serves them has more to copy, and the machine has more to do.
      asked = from.address;
      await pages.longestGap();
      const other = await moveBare(from, to);
      asked = to.address;
      await pages.longestGap();
      [from, to] = [to, from];
      const counted = round >= WARM_UP_ROUNDS;
      if (counted) {
        ours.push(mine);
        bare.push(other);
        gaps.push(gap);
        const called = trace.until("libvirt called");
        if (called !== undefined) toLibvirt.push(called);
      }
      say(
        `round ${round + 1}: ours ${told(mine)}, page away ${gap.toFixed(0)} ms; virsh ${told(other)}${counted ? "" : " (warm-up)"}`,
      );
    }
    await virsh(from.uri, ["destroy", from.name]);
  } finally {
    pages.end();
    for (const twin of twins) await twin.remove();
  }
  return figures({ ours, bare, toLibvirt, gaps }, trace);
}

function told({ totalMilliseconds, downtimeMilliseconds }: Moved): string {
  return `${totalMilliseconds.toFixed(0)} ms, halted ${downtimeMilliseconds.toFixed(0)} ms`;
}

function figures(
  measured: {
    readonly ours: readonly Moved[];
    readonly bare: readonly Moved[];
    readonly toLibvirt: readonly number[];
    readonly gaps: readonly number[];
  },
  trace: Trace,
): readonly FigureSpec[] {
  const { ours, bare, toLibvirt, gaps } = measured;
  const beside = (name: string, title: string, milliseconds: (moved: Moved) => number, limit: number): FigureSpec => {
    const samples = summarize(bare.map(milliseconds));
    return sampled(
      {
        name,
        title,
        unit: "ms",
        better: "less",
        baseline: { title: "virsh migrate, same guest", value: samples.median, samples },
        promise: { of: "ratio", at: "most", limit },
      },
      summarize(ours.map(milliseconds)),
    );
  };
  return [
    beside("total", "request→Succeeded, through the API", (moved) => moved.totalMilliseconds, MOST_TIMES_BARE),
    beside(
      "downtime",
      "the guest halted, as libvirt counts it",
      (moved) => moved.downtimeMilliseconds,
      MOST_TIMES_BARE_DOWNTIME,
    ),
    sampled(
      {
        name: "request-to-libvirt",
        title: "request→first call of libvirt's migration",
        unit: "ms",
        better: "less",
        promise: { of: "value", at: "most", limit: MOST_TO_LIBVIRT_MILLISECONDS },
      },
      summarize(toLibvirt),
    ),
    sampled({ name: "page-away", title: "the guest's page unanswered", unit: "ms", better: "less" }, summarize(gaps)),
    ...trace.figures(),
  ];
}

async function startOurs({ client, demo }: Subject, signal: AbortSignal): Promise<VirtualMachineInstance> {
  const { kernelBoot } = demo.spec.template.spec.domain.firmware ?? {};
  // On a busy machine the emulator's timer is late, and the kernel would take it for broken.
  const patient = { kernelArgs: `${kernelBoot?.kernelArgs ?? ""} no_timer_check` };
  if (kernelBoot !== undefined) Object.assign(kernelBoot, patient);
  await client.send("POST", `${API}/virtualmachines`, { ...demo, metadata: { name: NAME } });
  for (;;) {
    signal.throwIfAborted();
    const { items } = await client.send<{ items: VirtualMachineInstance[] }>("GET", `${API}/virtualmachineinstances`);
    const [vmi] = items;
    const address = addressOf(vmi);
    if (vmi?.status?.phase === "Running" && address !== undefined) {
      await answers(address, signal);
      return vmi;
    }
    await pause(100);
  }
}

function addressOf(vmi: VirtualMachineInstance | undefined): string | undefined {
  return vmi?.status?.interfaces?.[0]?.ipAddress;
}

/** Asked for until a watch says that it has succeeded. */
async function move({ client, local, trace }: Subject): Promise<Moved> {
  const path = `${API}/virtualmachineinstancemigrations`;
  const list = await client.send<{ metadata: { resourceVersion: string } }>("GET", path);
  const stop = new AbortController();
  trace.clear();
  const asked = performance.now();
  const { metadata } = await client.send<VirtualMachineInstanceMigration>("POST", path, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { generateName: "bench-" },
    spec: { vmiName: NAME },
  });
  for await (const line of client.lines(
    `${path}?watch=true&resourceVersion=${list.metadata.resourceVersion}`,
    stop.signal,
  )) {
    const { object } = JSON.parse(line) as { object: VirtualMachineInstanceMigration };
    if (object.metadata.name !== metadata.name) continue;
    if (object.status?.phase === "Failed") throw new Error(JSON.stringify(object.status.migrationState));
    if (object.status?.phase !== "Succeeded") continue;
    const seen = performance.now();
    stop.abort();
    trace.add(asked, seen);
    const statuses = [...local.nodes.runtimes.values()].flatMap((runtime) => runtime.machines());
    const arrived = statuses.find(({ move: one }) => one?.migration === metadata.uid && one?.phase === "arrived");
    const downtimeMilliseconds = arrived?.move?.figures?.downtimeMilliseconds;
    if (downtimeMilliseconds === undefined) throw new Error("the target does not say how long the guest was halted");
    return { totalMilliseconds: seen - asked, downtimeMilliseconds };
  }
  throw new Error("the watch ended before the guest had moved");
}

/** As `virsh` does it from a shell: the client drives both daemons; the QEMUs meet at a socket. */
async function moveBare(from: Twin, to: Twin): Promise<Moved> {
  const live = await virsh(from.uri, ["dumpxml", "--migratable", from.name]);
  const xml = join(to.directory, "incoming.xml");
  await writeFile(xml, live.replaceAll(from.directory, to.directory));
  const disks = copiedDisks(from.order.spec);
  const begin = performance.now();
  await virsh(from.uri, [
    "migrate",
    "--live",
    ...(disks.length === 0 ? [] : ["--copy-storage-all", "--migrate-disks", disks.join(",")]),
    "--xml",
    xml,
    "--migrateuri",
    `unix://${join(to.directory, "m")}`,
    "--disks-uri",
    `unix://${join(to.directory, "d")}`,
    from.name,
    to.uri,
  ]);
  const totalMilliseconds = performance.now() - begin;
  const said = /^Total downtime:\s+(\d+)/m.exec(await virsh(to.uri, ["domjobinfo", "--completed", to.name]));
  if (said === null) throw new Error("virsh does not say how long the guest was halted");
  return { totalMilliseconds, downtimeMilliseconds: Number(said[1]) };
}

interface Asking {
  /** Milliseconds between two answers at most, since the last call and up to the next answer. */
  longestGap(): Promise<number>;
  end(): void;
}

/** A client that wants the page all the time, each time by a new connection. */
function keepAsking(address: () => string): Asking {
  let ended = false;
  let gap = 0;
  let answered = performance.now();
  let next = Promise.withResolvers<void>();
  void (async () => {
    while (!ended) {
      const there = await page(address(), 200).then(
        () => true,
        () => false,
      );
      if (there) {
        gap = Math.max(gap, performance.now() - answered);
        answered = performance.now();
        next.resolve();
        next = Promise.withResolvers();
      }
      await pause(ASK_EVERY_MILLISECONDS);
    }
  })();
  return {
    async longestGap() {
      // One that lasts still is counted, too.
      await next.promise;
      const longest = gap;
      gap = 0;
      return longest;
    },
    end: () => void (ended = true),
  };
}

async function counter(address: string): Promise<{ readonly count: number; readonly bootID: string }> {
  const [count, , bootID] = (await page(address, 5_000)).trim().split(/\s+/);
  if (count === undefined || bootID === undefined) throw new Error("the counter page is empty");
  return { count: Number(count), bootID };
}

async function answers(address: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await page(address, 1_000);
      return;
    } catch {
      await pause(200); // it boots
    }
  }
}

function page(host: string, timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, path: "/counter", agent: false, signal: AbortSignal.timeout(timeout) }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => resolve(text));
    });
    sent.on("error", reject);
    sent.end();
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
