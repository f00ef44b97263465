/** Control processes on this machine, and fake nodes for them: each a process of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import type { FleetOptions } from "./fleet.ts";
import type { Installation } from "./installation.ts";

const root = join(import.meta.dirname, "../..");
const READY_MILLISECONDS = 120_000;

export interface Part {
  readonly pid: number;
  /** SIGTERM, and its end. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface Replica extends Part {
  readonly name: string;
  readonly apiPort: number;
  readonly ingressPort: number;
  readonly log: string;
}

/** Resolves once it serves. @param program default: from source */
export async function startReplica(
  { address, kubeconfig, anchorImage }: Installation,
  options: {
    readonly index: number;
    readonly logs: string;
    readonly program?: string;
    readonly env?: NodeJS.ProcessEnv;
    /** Directory for a CPU profile of its whole life, written when it is stopped. */
    readonly profiles?: string;
  },
): Promise<Replica> {
  const { index, logs, program = join(root, "control/main.ts"), profiles } = options;
  const name = `control-${index}`;
  const apiPort = 8443 + index * 10;
  const ingressPort = 8444 + index * 10;
  const env = {
    PATH: process.env["PATH"],
    KUBECONFIG: kubeconfig,
    POD_NAME: name,
    VIRTIVE_ANCHOR_IMAGE: anchorImage,
    VIRTIVE_BIND: address,
    VIRTIVE_API_PORT: String(apiPort),
    VIRTIVE_INGRESS_PORT: String(ingressPort),
    ...options.env,
  };
  const log = join(logs, `${name}.log`);
  const flags =
    profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${name}.cpuprofile`];
  const child = spawn(process.execPath, [...flags, program], { env, stdio: ["ignore", "ignore", "pipe"] });
  const serving = said(child, child.stderr, log, "this replica serves");
  await serving.catch((thrown: unknown) => {
    child.kill("SIGKILL");
    throw thrown;
  });
  return { ...partOf(child), name, apiPort, ingressPort, log };
}

export async function startFleet(options: FleetOptions, logs: string, env: NodeJS.ProcessEnv = {}): Promise<Part> {
  const child = spawn(process.execPath, [join(root, "scripts/race/fleet.ts"), JSON.stringify(options)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await said(child, child.stdout, join(logs, "fleet.log"), "ready");
  return partOf(child);
}

function partOf(child: ChildProcess): Part {
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return { pid: child.pid ?? 0, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

/** Resolves when the stream has said the words; keeps all that it says in the file. */
function said(child: ChildProcess, stream: NodeJS.ReadableStream | null, file: string, words: string): Promise<void> {
  const log = createWriteStream(file, { flags: "a" });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => fail(`said nothing of it in ${READY_MILLISECONDS} ms`), READY_MILLISECONDS);
    const fail = (how: string): void => {
      clearTimeout(late);
      reject(new Fault("later", "NotReady", `a process did not come up: it ${how}; see ${file}`));
    };
    let heard = "";
    stream?.on("data", (chunk: Buffer) => {
      log.write(chunk);
      if (heard.length > 1_000_000) return;
      heard += chunk.toString();
      if (!heard.includes(words)) return;
      heard = " ".repeat(1_000_001);
      clearTimeout(late);
      resolve();
    });
    child.once("exit", (code) => fail(`ended with ${code}`));
  });
}
