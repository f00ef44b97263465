/** scripts/cluster: a real Kubernetes on this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Fault } from "#events/fault.ts";
import { one, parse, USAGE, type Call } from "./arguments.ts";
import { ensureKube, ensureNodePrograms } from "./build.ts";
import { downCluster, insideNode, loadImage, powerOff, powerOn, upCluster } from "./cluster.ts";
import { ensureKnative } from "./knative.ts";
import { kindClusterNamed, kindClusters, kindIsHere, kindUp } from "./kind.ts";
import { allClusters, findCluster } from "./record.ts";

const start = Date.now();
const say = (line: string): void =>
  console.error(`[${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s] cluster: ${line}`);

async function runInPlace(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: "inherit", env });
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  process.exitCode = code ?? (signal === null ? 1 : 128);
}

async function refuseKind(name: string): Promise<void> {
  if ((await kindClusterNamed(name)) === undefined) return;
  const why = `the nodes of ${name} are kind's, whose power can't be cut; VIRTIVE_CLUSTER_WITH=modules makes nodes without kind`;
  throw new Fault("refused", "NotWithKind", why);
}

const commands: Readonly<Record<string, (call: Call) => Promise<void>>> = {
  async up({ name, nodes, fsync, flags }) {
    if (nodes > 0 && (await kindIsHere()))
      return console.log(await kindUp({ name, nodes, fsync, apiServerFlags: flags }, say));
    const cluster = await upCluster({ name, nodes, fsync, apiServerFlags: flags, say });
    console.log(cluster.kubeconfig);
  },
  async down({ name, all }) {
    const named = await kindClusterNamed(name);
    const kinds = all ? await kindClusters() : named === undefined ? [] : [named];
    for (const kind of kinds) {
      await kind.down();
      say(`${kind.name} is gone`);
    }
    for (const cluster of all ? await allClusters() : named === undefined ? [await findCluster(name)] : []) {
      await downCluster(cluster);
      say(`${cluster.name} is gone`);
    }
  },
  async list() {
    for (const { name, nodes, url, kubeconfig } of await allClusters())
      console.log([name, nodes, url, kubeconfig].join("\t"));
    for (const { name, kubeconfig } of await kindClusters()) console.log([name, "kind", "-", kubeconfig].join("\t"));
  },
  async kubeconfig({ name }) {
    console.log((await kindClusterNamed(name))?.kubeconfig ?? (await findCluster(name)).kubeconfig);
  },
  async exec({ name, words }) {
    const [node, ...argv] = words;
    if (argv.length === 0) one([], "NODE or COMMAND");
    const kind = await kindClusterNamed(name);
    await runInPlace(
      kind?.inside(one([node ?? ""], "NODE"), argv) ?? (await insideNode(await findCluster(name), node ?? "", argv)),
    );
  },
  async load({ name, words }) {
    const archive = one(words, "ARCHIVE");
    const kind = await kindClusterNamed(name);
    await (kind?.load(archive) ?? loadImage(await findCluster(name), archive));
  },
  async stop({ name, words }) {
    await refuseKind(name);
    await powerOff(await findCluster(name), one(words, "NODE"));
  },
  async start({ name, words }) {
    await refuseKind(name);
    await powerOn(await findCluster(name), one(words, "NODE"), say);
  },
  async kubectl({ name, words }) {
    const kubeconfig = (await kindClusterNamed(name))?.kubeconfig ?? (await findCluster(name)).kubeconfig;
    await runInPlace([`${await ensureKube(say)}/kubectl`, ...words], { ...process.env, KUBECONFIG: kubeconfig });
  },
  async build({ nodes, knative }) {
    console.log(await ensureKube(say));
    if (nodes > 0) console.log(await ensureNodePrograms(say));
    if (knative) console.log(await ensureKnative(say));
  },
  async help() {
    console.log(USAGE);
  },
};

const [command = "help", ...rest] = process.argv.slice(2);
const run = commands[command];
try {
  if (run === undefined) throw new Fault("refused", "NoSuchCommand", `no command ${JSON.stringify(command)}\n${USAGE}`);
  await run(parse(command, rest));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`scripts/cluster: ${error.message}`);
  process.exitCode = error instanceof Fault && error.kind === "refused" ? 2 : 1;
}
