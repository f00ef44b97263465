/**
 * npm run bench:race: the control plane alone, on a real API server, scheduler and etcd, with 50 fake nodes.
 *
 *   --groups N:RATE:TIMES,…   VMs, VMs a second (0: at once), repetitions
 *   --nodes N                 fake nodes (50)
 *   --replicas N              control processes (2); the takeover needs two
 *   --takeovers N             leaders killed at the end (5)
 *   --json FILE               all that was measured
 *   --profile DIRECTORY       CPU profiles of the control processes (.cpuprofile); then no takeover
 *   --source                  control from its source, not the bundle that the image has
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Namespace } from "#api/core.ts";
import type { KubeObject } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { bundle } from "../bundle.ts";
import { downCluster, upCluster } from "../kubernetes/cluster.ts";
import { clusterProcesses } from "../kubernetes/processes.ts";
import type { Cluster } from "../kubernetes/record.ts";
import { install, makeNodes, removeAddress } from "./installation.ts";
import { callsBetween, read, type Metered } from "./meters.ts";
import { observe } from "./observer.ts";
import { table } from "./report.ts";
import { startFleet, startReplica, type Part, type Replica } from "./replicas.ts";
import { pause, race, type Arena, type Phase } from "./run.ts";
import { PROFILED, profileServer } from "./server-profile.ts";

const { values } = parseArgs({
  options: {
    groups: { type: "string", default: "1:0:10,100:2:1,100:10:1,100:0:3,500:0:1,1000:0:1" },
    nodes: { type: "string", default: "50" },
    replicas: { type: "string", default: "2" },
    takeovers: { type: "string", default: "5" },
    json: { type: "string" },
    profile: { type: "string" },
    source: { type: "boolean", default: false },
  },
});
const profiles = values.profile;
const groups = values.groups.split(",").map((text) => {
  const [count = NaN, rate = NaN, times = 1] = text.split(":").map(Number);
  if (!Number.isInteger(count) || count < 1 || !(rate >= 0) || !Number.isInteger(times)) {
    throw new Error(`--groups ${text}: VMs:RATE:TIMES is wanted, such as 100:10:3`);
  }
  return { count, rate, times };
});

const AUDIT = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  omitManagedFields: true,
  rules: [{ level: "None", nonResourceURLs: ["/healthz*", "/readyz*", "/livez*", "/metrics"] }, { level: "Metadata" }],
};
const USER = "system:serviceaccount:virtive:virtive-control";
const REST_MILLISECONDS = 10_000;
/** Of a group's first start; of one at a rate for as long as it takes. */
const PROFILE_SECONDS = 8;
/** For a replica that has just come to list all that exists. */
const SYNC_MILLISECONDS = 3_000;

const home = await mkdtemp(join(tmpdir(), "virtive-race-"));
const audit = join(home, "audit.log");
await writeFile(join(home, "policy.json"), JSON.stringify(AUDIT));
const say = (line: string): void => console.error(`race: ${line}`);
// Inside the repository: a bundle finds manifests from where it is.
const dist = join(import.meta.dirname, "../../dist");
await mkdir(dist, { recursive: true });
const built = await mkdtemp(join(dist, "race-"));
const program = values.source
  ? undefined
  : (await bundle(join(built, "out"))).find(({ name }) => name === "control")?.file;
const cluster = await upCluster({
  name: `race-${process.pid}`,
  apiServerFlags: [
    `--audit-policy-file=${join(home, "policy.json")}`,
    `--audit-log-path=${audit}`,
    "--audit-log-maxsize=4000",
    ...(profiles === undefined ? [] : [PROFILED]),
  ],
  say,
});
const parts: Part[] = [];
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void clean().then(() => process.exit(1)));
}
async function clean(): Promise<void> {
  for (const part of parts.splice(0).reverse()) await part.stop();
  await downCluster(cluster);
  await removeAddress(cluster);
  for (const folder of [home, built]) await rm(folder, { recursive: true, force: true });
}
try {
  await compete();
} finally {
  await clean();
}
process.exit();

async function compete(): Promise<void> {
  const installation = await install(cluster);
  try {
    const replicas: Replica[] = [];
    const start = async (index: number): Promise<Replica> => {
      const replica = await startReplica(installation, {
        index,
        logs: home,
        ...(program === undefined ? {} : { program }),
        ...(profiles === undefined ? {} : { profiles }),
      });
      replicas[index] = replica;
      parts.push(replica);
      return replica;
    };
    for (let index = 0; index < Number(values.replicas); index += 1) await start(index);
    const [leader, second] = replicas;
    if (leader === undefined) throw new Error("--replicas: one or more is wanted");
    await installation.lead(replicas);
    const names = Array.from({ length: Number(values.nodes) }, (_, index) => `fake-${index + 1}`);
    await makeNodes(installation.cluster, names);
    const metadata = { name: "bench" };
    await installation.cluster.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata });
    const fleet = await startFleet(
      {
        nodes: names,
        controlURL: `https://${installation.address}:${(second ?? leader).ingressPort}`,
        stateDirectory: join(home, "nodes"),
        authority: await installation.authority(),
        kubeconfig: cluster.kubeconfig,
      },
      home,
    );
    parts.push(fleet);
    const processes = new Map([
      ["leader", leader.pid],
      ...replicas.slice(1).map(({ name, pid }) => [name, pid] as const),
      ["fake nodes", fleet.pid],
      ...(await componentsOf(cluster)),
      ["bench", process.pid],
    ]);
    const metered: Metered = { processes, etcd: `http://127.0.0.1:${cluster.etcdPort}`, audit };
    const observer = observe(installation.cluster);
    const template = await readFile(join(import.meta.dirname, "vm.json"), "utf8");
    const vm = (name: string): KubeObject => JSON.parse(template.replaceAll("@NAME@", name)) as KubeObject;
    const arena: Arena = { cluster: installation.cluster, observer, metered, user: USER, vm };
    await race(arena, "prime", { count: 5, rate: 0 });
    const before = await read(metered);
    await pause(REST_MILLISECONDS);
    const after = await read(metered);
    const seconds = (after.at - before.at) / 1000;
    const restPuts = (after.puts - before.puts) / seconds;
    const busy = (name: string): string =>
      (((after.cpu.get(name) ?? 0) - (before.cpu.get(name) ?? 0)) / seconds).toFixed(3);
    const held = (name: string): string => `${(after.memoryMiB.get(name) ?? 0).toFixed(0)} MiB`;
    const calls = await callsBetween(metered.audit, before.auditBytes, after.auditBytes);
    const ours = [...(calls.get(USER) ?? [])]
      .map(([call, count]) => `${call} ${(count / seconds).toFixed(1)}/s`)
      .join(", ");
    console.log(
      `at rest: ${restPuts.toFixed(1)} etcd puts/s by everybody, calls of ours: ${ours}; ` +
        `CPU s/s: leader ${busy("leader")}, ${second?.name ?? "no other"} ${busy(second?.name ?? "")}; ` +
        `memory: leader ${held("leader")}, other ${held(second?.name ?? "")}; load ${after.load.toFixed(1)}`,
    );
    const results: { readonly group: string; readonly phases: readonly Phase[] }[] = [];
    for (const { count, rate, times } of groups) {
      const group = `${count} ${rate === 0 ? (count === 1 ? "alone" : "at once") : `at ${rate}/s`}`;
      for (let time = 1; time <= times; time += 1) {
        const seconds = rate === 0 ? PROFILE_SECONDS : Math.ceil(count / rate);
        const profiled =
          profiles === undefined || time > 1
            ? undefined
            : profileServer(cluster, seconds, join(profiles, `kube-apiserver-${count}-${rate}.pprof`));
        const phases = await race(arena, `r${count}-${rate}-${time}`, { count, rate });
        await profiled;
        results.push({ group, phases });
        say(`${group}, ${time} of ${times}: ${(phases[0]?.seconds ?? 0).toFixed(2)} s`);
        if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results, undefined, 1));
      }
    }
    console.log(table(results));
    if (second !== undefined && profiles === undefined) await takeovers(arena, replicas, start);
    observer.close();
  } finally {
    await installation.close();
  }
}

/** Kills the first replica, which leads, again and again: between two deaths it comes back and is given the lease. */
async function takeovers(arena: Arena, replicas: readonly Replica[], start: (index: number) => Promise<Replica>) {
  for (let time = 1; time <= Number(values.takeovers); time += 1) {
    if (replicas[0] === undefined) return;
    await takeover(arena, replicas[0], `takeover-${time}`);
    if (time === Number(values.takeovers)) return;
    await start(0);
    await pause(SYNC_MILLISECONDS);
    await replicas[1]?.stop();
    await start(1);
    await pause(SYNC_MILLISECONDS);
  }
}

/** From the leader's death to the first thing that the next one does. */
async function takeover(arena: Arena, leader: Part, name: string): Promise<void> {
  const { cluster: api, observer } = arena;
  const times = observer.follow(name);
  await leader.kill();
  const killed = performance.now();
  for (;;) {
    // Admission is a replica's too: the API server may still ask the dead one.
    const created = await api.create(VirtualMachine, arena.vm(name) as VirtualMachine).catch(() => undefined);
    if (created !== undefined) break;
    await pause(10);
  }
  while (times.instance === undefined || times.vmRunning === undefined) await pause(5);
  const after = (time: number): string => `${(time - killed).toFixed(0)} ms`;
  const load = loadavg()[0] ?? 0;
  console.log(
    `${name} from a killed leader: instance made after ${after(times.instance)}, VM runs after ${after(times.vmRunning)}, load ${load.toFixed(1)}`,
  );
}

/** etcd and Kubernetes' own, by the names that they were started with. */
async function componentsOf(one: Cluster): Promise<(readonly [string, number])[]> {
  const found: (readonly [string, number])[] = [];
  for (const { pid } of await clusterProcesses(one)) {
    const [program = "", component = ""] = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    if (program.endsWith("/kube")) found.push([component, pid]);
  }
  return found;
}
