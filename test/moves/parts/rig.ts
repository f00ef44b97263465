/**
 * The local shape in processes that can be killed one by one: the control plane and two nodes. Whoever is killed is
 * started again, as a service manager would.
 */
import { fork, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect as dial, createServer, type Server } from "node:net";
import { join } from "node:path";
import { silentLog } from "#events/log.ts";
import { openInstance, type Instance } from "#local/instance.ts";
import { openPki } from "#local/pki.ts";
import { teardown } from "#local/teardown.ts";
import { realDisk } from "#node-runtime/disk.ts";
import { openPodNetwork, type PodNetwork } from "#node-runtime/network/pod-network.ts";
import { runProgram } from "#node-runtime/programs.ts";
import { Client } from "../../../cli/client.ts";
import { demoGuest } from "../../../scripts/guest/guest.ts";
import { leftovers } from "../../real/leftovers.ts";
import type { ControlOptions } from "./control.ts";
import { link, type Link } from "./link.ts";
import type { NodeOptions, Point } from "./node.ts";
import { pidIn } from "./running.ts";

export const NODES = ["node-1", "node-2"] as const;
export type NodeName = (typeof NODES)[number];

interface NodeReady {
  readonly url: string;
  readonly networkNamespace: string;
}

interface Part<Ready> {
  readonly child: ChildProcess;
  readonly link: Link;
  readonly ready: Promise<Ready>;
}

const READY_MS = 90_000;

export class Parts {
  readonly instance: Instance;
  readonly image: string;
  readonly #layouts: readonly string[];
  readonly #network: PodNetwork;
  readonly #door: Server;
  readonly #doorPort: number;
  readonly #apiPort: number;
  #ingressPort = 0;
  #control: Part<{ readonly ingressURL: string }>;
  readonly #nodes = new Map<NodeName, Part<NodeReady>>();
  #client: Client | undefined;
  #ended = false;
  /** Who waits at a point of a move, and what lets it go on. */
  readonly #held = new Map<NodeName, () => void>();
  readonly #reached: ((node: NodeName) => void)[] = [];

  private constructor(parts: {
    readonly instance: Instance;
    readonly guest: { readonly image: string; readonly layout: string };
    readonly network: PodNetwork;
    readonly door: Server;
    readonly apiPort: number;
  }) {
    this.instance = parts.instance;
    this.image = parts.guest.image;
    this.#layouts = [parts.guest.layout];
    this.#network = parts.network;
    this.#door = parts.door;
    this.#doorPort = portOf(parts.door);
    this.#apiPort = parts.apiPort;
    // Nodes know one address of the control plane, whichever process it is.
    this.#door.on("connection", (socket) => {
      const onward = dial(this.#ingressPort, "127.0.0.1");
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
        one.pipe(other);
      }
    });
    this.#control = this.#startControl();
  }

  static async start(): Promise<Parts> {
    const guest = await demoGuest();
    // In /tmp whatever TMPDIR says: the paths of sockets in it are short.
    const instance = await openInstance(await mkdtemp("/tmp/vt-"));
    await openPki(instance.paths.pki); // made once, before two processes could both make it
    const { id, paths } = instance;
    const network = await openPodNetwork({ instance: id, directory: paths.network, disk: realDisk, log: silentLog });
    const [door, free] = [await listening(), await listening()];
    const apiPort = portOf(free);
    await new Promise((resolve) => free.close(resolve));
    const parts = new Parts({ instance, guest, network, door, apiPort });
    try {
      await parts.#control.ready;
      for (const name of NODES) parts.#nodes.set(name, parts.#startNode(name));
      await Promise.all([...parts.#nodes.values()].map(({ ready }) => ready));
      parts.#client = await Client.open(paths.kubeconfig);
      return parts;
    } catch (error) {
      const log = (await readFile(paths.log, "utf8").catch(() => "")).slice(-2000);
      await parts.close().catch(() => undefined);
      throw new Error(`the parts did not come up:\n${log}`, { cause: error });
    }
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error("the parts have not come up");
    return this.#client;
  }

  /** Pid file of a domain's QEMU. */
  pidFile(node: NodeName, domain: string): string {
    return join(this.instance.paths.host(node), "run/qemu", `${domain}.pid`);
  }

  /** Resolves once a node stands at the point, which it will do once. */
  async holdAt(node: NodeName, point: Point): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      const listen = (at: NodeName): void => {
        if (at === node) resolve();
        else this.#reached.push(listen);
      };
      this.#reached.push(listen);
    });
    await this.#part(node).link.ask("arm", point);
    return reached;
  }

  /** Whoever stands at a point goes on. */
  release(): void {
    for (const go of this.#held.values()) go();
    this.#held.clear();
  }

  /** kill -9; resolves when it is gone. It is started again at once; `ready` waits for that. */
  async killRuntime(node: NodeName): Promise<void> {
    await kill9(this.#part(node).child);
    this.#held.delete(node);
    this.#nodes.set(node, this.#startNode(node));
  }

  /** As by its power button: runtime, libvirtd and guest are gone, and nobody starts them again. */
  async powerOff(node: NodeName, domain: string): Promise<void> {
    await kill9(this.#part(node).child);
    this.#held.delete(node);
    this.killLibvirtd(node);
    if (pidIn(this.pidFile(node, domain)) !== undefined) this.killQemu(node, domain);
  }

  async killControl(): Promise<void> {
    await kill9(this.#control.child);
    this.#control = this.#startControl();
  }

  /** Its runtime starts another one. */
  killLibvirtd(node: NodeName): void {
    kill(join(this.instance.paths.host(node), "run/libvirtd.pid"));
  }

  killQemu(node: NodeName, domain: string): void {
    kill(this.pidFile(node, domain));
  }

  /** Nothing reaches the node's runtime for a while: neither orders nor guests. */
  async cutOff(node: NodeName, milliseconds: number): Promise<void> {
    const { port } = new URL((await this.#part(node).ready).url);
    const table = `inet ${this.#table}`;
    await nft(
      `add table ${table}\nadd chain ${table} out { type filter hook output priority 0; }\n` +
        `add rule ${table} out tcp dport ${port} drop\n`,
    );
    setTimeout(() => void nft(`delete table ${table}\n`), milliseconds);
  }

  /** Resolves when all parts serve. */
  async ready(): Promise<void> {
    await Promise.all([this.#control.ready, ...[...this.#nodes.values()].map(({ ready }) => ready)]);
  }

  async close(): Promise<void> {
    this.#ended = true;
    for (const { child } of [this.#control, ...this.#nodes.values()]) await kill9(child);
    await nft(`add table inet ${this.#table}\ndelete table inet ${this.#table}\n`).catch(() => undefined);
    this.#door.close();
    await this.#network.close();
    await teardown(this.instance, { graceSeconds: 0, progress: () => undefined });
    const left = await leftovers(this.instance);
    if (process.env["VIRTIVE_KEEP"] === undefined) await rm(this.instance.directory, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`left behind: ${left.join("; ")}`);
  }

  get #table(): string {
    return `vtcut_${this.instance.id}`;
  }

  #part(node: NodeName): Part<NodeReady> {
    const part = this.#nodes.get(node);
    if (part === undefined) throw new Error(`there is no ${node}`);
    return part;
  }

  #startControl(): Part<{ readonly ingressURL: string }> {
    const options: ControlOptions = { directory: this.instance.directory, port: this.#apiPort, nodes: NODES };
    const part = this.#start<{ readonly ingressURL: string }>("control.ts", options, {
      ensure: (pod: { readonly podUID: string; readonly heirOf?: string }) =>
        this.#network.ensure(pod.podUID, pod.heirOf),
      end: (podUID: string) => this.#network.end(podUID),
    });
    void part.ready.then(({ ingressURL }) => (this.#ingressPort = Number(new URL(ingressURL).port))).catch(() => {});
    return part;
  }

  #startNode(name: NodeName): Part<NodeReady> {
    const options: NodeOptions = {
      directory: this.instance.directory,
      name,
      controlURL: `https://127.0.0.1:${this.#doorPort}`,
      layouts: this.#layouts,
    };
    return this.#start<NodeReady>("node.ts", options, {
      find: async (podUID: string) => (await this.#network.find(podUID)) ?? null,
      hold: (podUID: string) => this.#network.hold(podUID),
      at: () => this.#stand(name),
    });
  }

  #stand(node: NodeName): Promise<void> {
    return new Promise((go) => {
      this.#held.set(node, go);
      for (const reached of this.#reached.splice(0)) reached(node);
    });
  }

  #start<Ready>(file: string, options: object, handlers: Record<string, (argument: never) => unknown>): Part<Ready> {
    const child = fork(join(import.meta.dirname, file), [JSON.stringify(options)], {
      execArgv: ["--disable-warning=ExperimentalWarning"],
      env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "../../../node_modules/.cache/node"), ...process.env },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let complaint = "";
    child.stderr?.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)));
    const ready = Promise.withResolvers<Ready>();
    ready.promise.catch(() => undefined); // whoever waits for it is told
    const late = setTimeout(() => ready.reject(new Error(`${file} is not ready after ${READY_MS} ms`)), READY_MS);
    child.on("exit", (code, signal) => {
      clearTimeout(late);
      ready.reject(new Error(`${file} ended with ${signal ?? code}: ${complaint}`));
      if (signal !== "SIGKILL" && !this.#ended) process.stderr.write(`${file} ended with ${code}: ${complaint}\n`);
    });
    const there = link(child, {
      ...handlers,
      ready: (value: Ready) => {
        clearTimeout(late);
        ready.resolve(value);
      },
    });
    return { child, link: there, ready: ready.promise };
  }
}

async function kill9(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

function kill(pidFile: string): void {
  const pid = pidIn(pidFile);
  if (pid === undefined) throw new Error(`${pidFile} names no process`);
  process.kill(pid, "SIGKILL");
}

async function nft(script: string): Promise<void> {
  const { code, complaint } = await runProgram("nft", ["-f", "-"], { timeoutMilliseconds: 10_000, input: script });
  if (code !== 0) throw new Error(`nft: ${complaint}`);
}

async function listening(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
