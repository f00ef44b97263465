/** scripts/cluster: a real Kubernetes on this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { Fault } from "#events/fault.ts";
import { ensureKube, ensureNodePrograms } from "./build.ts";
import { downCluster, insideNode, loadImage, powerOff, powerOn, upCluster } from "./cluster.ts";
import { kindClusterNamed, kindIsHere, kindUp } from "./kind.ts";
import { allClusters, findCluster } from "./record.ts";

const USAGE = `usage: scripts/cluster COMMAND [--name NAME]        (NAME: default)
  up [--nodes N] [--fsync] [--flag --x=y]…   brings a cluster up and prints its kubeconfig's path
                                             --nodes  real nodes; 0 (default): the control plane alone, without root
                                             --fsync  etcd waits for the disk, as in production
                                             --flag   one more flag for the API server
  down [--all]                               ends it and removes all that it made
  list                                       the clusters of this user
  kubeconfig                                 prints its kubeconfig's path
  exec NODE COMMAND…                         runs a command inside a node
  load ARCHIVE                               gives all nodes an image (docker save, OCI layout as tar)
  stop NODE | start NODE                     cuts a node's power; gives it back
  kubectl ARGUMENTS…                         kubectl of the same version, with that kubeconfig
  build [--nodes N]                          builds what 'up' would build`;

const OPTIONS = {
  name: { type: "string", default: "default" },
  nodes: { type: "string", default: "0" },
  fsync: { type: "boolean", default: false },
  all: { type: "boolean", default: false },
  flag: { type: "string", multiple: true, default: [] as string[] },
} as const;

const start = Date.now();
const say = (line: string): void =>
  console.error(`[${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s] cluster: ${line}`);

/** Commands whose arguments after the first `positionals` are another program's. */
const PASSED_ON: Readonly<Record<string, number>> = { exec: 1, kubectl: 0 };

interface Call {
  readonly name: string;
  readonly nodes: number;
  readonly fsync: boolean;
  readonly all: boolean;
  readonly flags: readonly string[];
  readonly words: readonly string[];
}

function parse(words: readonly string[], passedOn: number | undefined): Call {
  // What is for another program may begin with dashes too: ours end before it.
  let own = words.length;
  if (passedOn !== undefined) {
    own = 0;
    for (let seen = 0; own < words.length; own++) {
      if (words[own] === "--name") own++;
      else if (!words[own]?.startsWith("--name=") && seen++ === passedOn) break;
    }
  }
  const { values, positionals } = parseArgs({
    args: words.slice(0, own),
    options: OPTIONS,
    allowPositionals: true,
  });
  const { name, nodes, fsync, all, flag } = values;
  return { name, nodes: Number(nodes), fsync, all, flags: flag, words: [...positionals, ...words.slice(own)] };
}

const one = (words: readonly string[], what: string): string => {
  const [word] = words;
  if (word === undefined) throw new Fault("refused", "WordMissing", `${what} is missing\n${USAGE}`);
  return word;
};

async function runInPlace(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: "inherit", env });
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  process.exitCode = code ?? (signal === null ? 1 : 128);
}

const commands: Readonly<Record<string, (call: Call) => Promise<void>>> = {
  async up({ name, nodes, fsync, flags }) {
    if (nodes > 0 && (await kindIsHere())) return console.log(await kindUp(name, nodes, say));
    const cluster = await upCluster({ name, nodes, fsync, apiServerFlags: flags, say });
    console.log(cluster.kubeconfig);
  },
  async down({ name, all }) {
    const kind = await kindClusterNamed(name);
    if (kind !== undefined) return kind.down();
    for (const cluster of all ? await allClusters() : [await findCluster(name)]) {
      await downCluster(cluster);
      say(`${cluster.name} is gone`);
    }
  },
  async list() {
    for (const { name, nodes, url, kubeconfig } of await allClusters())
      console.log([name, nodes, url, kubeconfig].join("\t"));
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
    await powerOff(await findCluster(name), one(words, "NODE"));
  },
  async start({ name, words }) {
    await powerOn(await findCluster(name), one(words, "NODE"), say);
  },
  async kubectl({ name, words }) {
    const kubeconfig = (await kindClusterNamed(name))?.kubeconfig ?? (await findCluster(name)).kubeconfig;
    await runInPlace([`${await ensureKube(say)}/kubectl`, ...words], { ...process.env, KUBECONFIG: kubeconfig });
  },
  async build({ nodes }) {
    console.log(await ensureKube(say));
    if (nodes > 0) console.log(await ensureNodePrograms(say));
  },
  async help() {
    console.log(USAGE);
  },
};

const [command = "help", ...rest] = process.argv.slice(2);
const run = commands[command];
try {
  if (run === undefined) throw new Fault("refused", "NoSuchCommand", `no command ${JSON.stringify(command)}\n${USAGE}`);
  await run(parse(rest, PASSED_ON[command]));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`scripts/cluster: ${error.message}`);
  process.exitCode = error instanceof Fault && error.kind === "refused" ? 2 : 1;
}
