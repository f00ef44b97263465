/**
 * What the control plane adds to a start, a pause and a stop: create→Running through the API, beside bare `virsh create` of
 * the same domain XML on the same libvirt, in one run and in turns; then pause, unpause and stop beside virsh's suspend,
 * resume and destroy. Both boot the demo guest, which is in its firmware all the while.
 */
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Local } from "#local/process.ts";
import type { Client } from "../../../cli/client.ts";
import { withDemoNodes, type Subject } from "../demo-nodes.ts";
import { sampled, type FigureSpec } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { VMIS, watchInstances, type InstanceWatch, type Seen } from "../instance-watch.ts";
import { summarize } from "../samples.ts";
import { createTrace } from "../trace.ts";
import { twinOf, virsh, type Twin } from "../twin.ts";

const VMS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines";
const NODE = "node-1";
/** The first rounds compile our code and warm libvirt's caches; they are not counted. */
const WARM_UP_ROUNDS = 2;

/** What a start may cost; see SPECIFICATION.md. */
const MOST_ADDED_MILLISECONDS = 25;
const MOST_WRITES = 3;

export const start: BenchItem = {
  name: "start",
  about: "create→Running, pause, unpause, stop through the API, beside virsh on a domain of the same XML",
  quick: true,
  mostSeconds: 1800,
  needsNode: true,
  run: benchStart,
};

async function benchStart(context: BenchContext): Promise<readonly FigureSpec[]> {
  return withDemoNodes({ nodes: 1, trace: createTrace(), say: context.say }, (subject) => measure(subject, context));
}

async function measure(subject: Subject, context: BenchContext): Promise<readonly FigureSpec[]> {
  const { local, instance, trace, client, demo } = subject;
  const { say, signal, quick, rounds = quick ? 5 : 10 } = context;
  // Ended at once after each round: a guest that is still in its firmware would not hear the button.
  const { template } = demo.spec;
  const spec = { ...template.spec, terminationGracePeriodSeconds: 0 };
  const manifest = { ...demo, spec: { ...demo.spec, template: { ...template, spec } } };
  const ours: number[] = [];
  const bare: number[] = [];
  const writes: number[] = [];
  const oursOf = { pause: [], unpause: [], stop: [] } as Record<Verb, number[]>;
  const bareOf = { pause: [], unpause: [], stop: [] } as Record<Verb, number[]>;
  let twin: Twin | undefined;
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
    signal.throwIfAborted();
    const counted = round >= WARM_UP_ROUNDS;
    const name = `bench-${round}`;
    trace.clear();
    const watch = await watchInstances(client);
    const started = await startThroughApi(client, watch, local, manifest, name);
    if (counted) trace.add(started.asked, started.seen);
    for (const verb of VERBS) {
      const milliseconds = await verbThroughApi(client, watch, name, verb);
      if (counted) oursOf[verb].push(milliseconds);
    }
    watch.close();
    twin ??= await twinOf({ local, instance, vmi: started.vmi, node: NODE });
    await removeThroughApi(client, name);
    const created = await bareOn(twin, ["create", twin.xmlPath]);
    for (const verb of VERBS) {
      const milliseconds = await bareOn(twin, [verbs[verb].virsh, twin.name]);
      if (counted) bareOf[verb].push(milliseconds);
    }
    if (counted) {
      ours.push(started.seen - started.asked);
      writes.push(started.writes);
      bare.push(created);
    }
    say(
      `round ${round + 1}: create→Running ${(started.seen - started.asked).toFixed(0)} ms, virsh create ${created.toFixed(0)} ms${counted ? "" : " (warm-up)"}`,
    );
  }
  await twin?.remove();
  const virshCreate = summarize(bare);
  return [
    sampled(
      {
        name: "create-to-running",
        title: "create→Running, through the API",
        unit: "ms",
        better: "less",
        baseline: { title: "virsh create, same domain XML", value: virshCreate.median, samples: virshCreate },
        promise: { of: "added", at: "most", limit: MOST_ADDED_MILLISECONDS },
      },
      summarize(ours),
    ),
    sampled(
      {
        name: "instance-writes",
        title: "writes of the VMI after its creation, a start",
        unit: "count",
        better: "less",
        promise: { of: "max", at: "most", limit: MOST_WRITES },
      },
      summarize(writes),
    ),
    ...VERBS.map((verb) => {
      const samples = summarize(bareOf[verb]);
      const title = `virsh ${verbs[verb].virsh}, same domain XML`;
      return sampled(
        {
          name: verb,
          title: `${verb}, through the API`,
          unit: "ms",
          better: "less",
          baseline: { title, value: samples.median, samples },
        },
        summarize(oursOf[verb]),
      );
    }),
    ...trace.figures(),
  ];
}

interface Started {
  /** By performance.now(): when the create was sent, and when the watch showed the phase Running. */
  readonly asked: number;
  readonly seen: number;
  readonly writes: number;
  readonly vmi: VirtualMachineInstance;
}

async function startThroughApi(
  client: Client,
  watch: InstanceWatch,
  local: Local,
  manifest: object,
  name: string,
): Promise<Started> {
  const before = instanceWrites(local);
  const asked = performance.now();
  await client.send("POST", VMS, { ...manifest, metadata: { name } });
  const { at, vmi } = await watch.until(
    asked,
    ({ vmi: { metadata, status } }) => metadata.name === name && status?.phase === "Running",
  );
  return { asked, seen: at, writes: instanceWrites(local) - before, vmi };
}

/** What is done to a guest that runs: until a watch shows it, beside virsh's call for the same. */
const verbs = {
  pause: { resource: "virtualmachineinstances", fits: ({ vmi }: Seen) => isPaused(vmi), virsh: "suspend" },
  unpause: { resource: "virtualmachineinstances", fits: ({ vmi }: Seen) => !isPaused(vmi), virsh: "resume" },
  // Without a grace period: the guest is ended, its disks and links are taken down, the instance is gone.
  stop: { resource: "virtualmachines", fits: ({ type }: Seen) => type === "DELETED", virsh: "destroy" },
} as const;
type Verb = keyof typeof verbs;
const VERBS = Object.keys(verbs) as readonly Verb[];

function isPaused({ status }: VirtualMachineInstance): boolean {
  return status?.conditions?.some((condition) => condition.type === "Paused" && condition.status === "True") === true;
}

/** Milliseconds. */
async function verbThroughApi(client: Client, watch: InstanceWatch, name: string, verb: Verb): Promise<number> {
  const { resource, fits } = verbs[verb];
  const asked = performance.now();
  await client.send("PUT", `/apis/subresources.kubevirt.io/v1/namespaces/default/${resource}/${name}/${verb}`, {});
  const { at } = await watch.until(asked, (seen) => seen.vmi.metadata.name === name && fits(seen));
  return at - asked;
}

/** Updates and patches of VMIs, the object and its status, since the server's start. */
function instanceWrites(local: Local): number {
  return local.api
    .writes()
    .filter(({ kind, verb }) => kind === "VirtualMachineInstance" && verb !== "create" && verb !== "delete")
    .reduce((sum, { count }) => sum + count, 0);
}

async function removeThroughApi(client: Client, name: string): Promise<void> {
  await client.send("DELETE", `${VMS}/${name}`);
  for (;;) {
    const vms = await client.send<{ items: unknown[] }>("GET", VMS);
    const vmis = await client.send<{ items: unknown[] }>("GET", VMIS);
    if (vms.items.length === 0 && vmis.items.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Milliseconds of virsh's whole run: it starts, connects, calls. */
async function bareOn(twin: Twin, args: readonly string[]): Promise<number> {
  const begin = performance.now();
  await virsh(twin.uri, args);
  return performance.now() - begin;
}
