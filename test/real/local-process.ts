/**
 * The local shape as a user has it: a process of its own with a state directory of its own, driven by the real kubectl.
 * It can be killed like a user's machine would kill it, started again, and taken down without a trace.
 */
import { spawn, execFile, type ChildProcess } from "node:child_process";
import { mkdtemp, mkdir, readFile, rm, symlink } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createWriteStream } from "node:fs";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { openInstance, runningProcess, type Instance } from "#local/instance.ts";
import { demoGuest } from "../../scripts/guest/guest.ts";
import { Client } from "../../cli/client.ts";
import { eventually } from "./eventually.ts";
import { leftovers } from "./leftovers.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..");
const MAX_OUTPUT = 32 * 1024 * 1024;

/** Why guests can't be booted here, or undefined when they can. Tests skip by this name. */
export function cannotBoot(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  return process.getuid?.() === 0 ? undefined : "needs root (network namespaces, libvirtd)";
}

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function execute(file: string, args: readonly string[], env: NodeJS.ProcessEnv, input?: string): Promise<Answer> {
  const child = run(file, [...args], { env, maxBuffer: MAX_OUTPUT, timeout: 150_000 });
  child.child.stdin?.end(input ?? "");
  try {
    const { stdout, stderr } = await child;
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string; message: string };
    if (typeof failed.code !== "number") throw error;
    return { code: failed.code, stdout: failed.stdout ?? "", stderr: failed.stderr ?? "" };
  }
}

/** The command line as a user calls it; KUBECONFIG is not set. */
export function runCli(args: readonly string[], input?: string): Promise<Answer> {
  const { KUBECONFIG: _unset, ...env } = process.env;
  return execute(process.execPath, [join(root, "cli", "main.ts"), ...args], env, input);
}

export class LocalProcess {
  readonly instance: Instance;
  readonly nodes: number;
  readonly image: string;
  #child: ChildProcess | undefined;
  #client: Client | undefined;
  readonly #kubectl: string;

  private constructor(instance: Instance, nodes: number, image: string, kubectl: string) {
    this.instance = instance;
    this.nodes = nodes;
    this.image = image;
    this.#kubectl = kubectl;
  }

  /** `prepare` may lay the state out before the process starts. */
  static async create(
    nodes = 1,
    prepare: (instance: Instance) => Promise<void> = async () => undefined,
  ): Promise<LocalProcess> {
    const guest = await demoGuest();
    const instance = await openInstance(await mkdtemp(join(tmpdir(), "vt-")));
    await mkdir(join(instance.directory, "layouts"));
    await symlink(guest.layout, join(instance.directory, "layouts", "demo-guest"));
    await prepare(instance);
    const kubectl = (await run("bash", [join(root, "scripts", "kubectl")])).stdout.trim();
    const local = new LocalProcess(instance, nodes, guest.image, kubectl);
    try {
      await local.start();
    } catch (error) {
      // What had come up goes down; what can't is told by the start's own failure.
      await local.close().catch(() => undefined);
      throw error;
    }
    return local;
  }

  /** Starts the process and waits until its API serves. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const args = [
      "cli/main.ts",
      "--state",
      this.instance.directory,
      "serve",
      "--nodes",
      String(this.nodes),
      "--port",
      "0",
    ];
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, VIRTIVE_LOG: "info", ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.pipe(createWriteStream(this.instance.paths.log, { flags: "a" }));
    this.#child = child;
    await eventually("the local process to serve", async () => {
      if (child.exitCode !== null) {
        throw new Error(
          `it ended with ${child.exitCode}:\n${(await readFile(this.instance.paths.log, "utf8")).slice(-3000)}`,
        );
      }
      return (await runningProcess(this.instance))?.url;
    });
    this.#client = await Client.open(this.instance.paths.kubeconfig);
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error("the process has not been started");
    return this.#client;
  }

  /** As a power cut of the process would: no goodbye. */
  async kill9(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    this.#child = undefined;
  }

  kubectl(args: readonly string[], input?: string): Promise<Answer> {
    return execute(
      this.#kubectl,
      args,
      { ...process.env, KUBECONFIG: this.instance.paths.kubeconfig, HOME: this.instance.directory },
      input,
    );
  }

  /** kubectl, where anything but success is the test's failure. */
  async must(args: readonly string[], input?: string): Promise<string> {
    const answer = await this.kubectl(args, input);
    if (answer.code !== 0)
      throw new Error(`kubectl ${args.join(" ")} ended with ${answer.code}: ${answer.stderr}${answer.stdout}`);
    return answer.stdout;
  }

  virtive(args: readonly string[], input?: string): Promise<Answer> {
    return execute(
      process.execPath,
      [join(root, "cli", "main.ts"), "--state", this.instance.directory, ...args],
      { ...process.env, KUBECONFIG: this.instance.paths.kubeconfig },
      input,
    );
  }

  vm(name: string): Promise<VirtualMachine> {
    return this.client.send("GET", `/apis/kubevirt.io/v1/namespaces/default/virtualmachines/${name}`);
  }

  vmi(name: string): Promise<VirtualMachineInstance> {
    return this.client.send("GET", `/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances/${name}`);
  }

  /** Waits until the VMI has one of these phases (and, if given, is not this old run). */
  phase(
    name: string,
    phases: readonly string[],
    notUid?: string,
    timeoutMilliseconds = 90_000,
  ): Promise<VirtualMachineInstance> {
    return eventually(
      `${name} to be ${phases.join(" or ")}`,
      async () => {
        const vmi = await this.vmi(name);
        return phases.includes(vmi.status?.phase ?? "") && vmi.metadata.uid !== notUid ? vmi : undefined;
      },
      timeoutMilliseconds,
      10,
    );
  }

  /** What httpd inside the guest answers, through the address in the VMI's status. */
  async page(name: string, path: string): Promise<string> {
    const address = (await this.vmi(name)).status?.interfaces?.[0]?.ipAddress;
    if (address === undefined) throw new Error(`${name} has no address`);
    return httpGet(address, path);
  }

  /** The guest's counter that lives in its RAM only, and the boot it belongs to. */
  async counter(name: string): Promise<{ readonly count: number; readonly bootID: string }> {
    const [count, , bootID] = (await this.page(name, "/counter")).trim().split(/\s+/);
    if (count === undefined || bootID === undefined) throw new Error("the counter page is empty");
    return { count: Number(count), bootID };
  }

  /** Ends guests and nodes, removes the state. Throws when something of the instance is left on the machine. */
  async close(): Promise<void> {
    const child = this.#child;
    const { code, stderr } = await execute(
      process.execPath,
      [join(root, "cli", "main.ts"), "--state", this.instance.directory, "down", "--grace", "0"],
      process.env,
    );
    if (child?.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    if (code !== 0) throw new Error(`down ended with ${code}: ${stderr}`);
    const left = await leftovers(this.instance);
    if (process.env["VIRTIVE_KEEP"] === undefined) await rm(this.instance.directory, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`down left behind: ${left.join("; ")}`);
  }
}

function httpGet(host: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, path, port: 80, timeout: 3_000, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`HTTP ${response.statusCode}`)),
      );
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 3 s")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** A VirtualMachine that boots the demo guest by kernel; `spec` of the template can be changed before it is applied. */
export function demoVM(
  local: Pick<LocalProcess, "image">,
  name: string,
  change: (vm: Manifest) => void = () => undefined,
): string {
  const vm: Manifest = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name },
    spec: {
      runStrategy: "Always",
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 15,
          domain: {
            memory: { guest: "128Mi" },
            firmware: {
              kernelBoot: {
                // On a busy machine the emulator's timer is late, and the kernel would take it for broken.
                kernelArgs: "console=ttyS0 quiet tsc=unstable swiotlb=noforce no_timer_check",
                container: { image: local.image, kernelPath: "/boot/vmlinux", initrdPath: "/boot/initrd.gz" },
              },
            },
            devices: {
              autoattachGraphicsDevice: false,
              disks: [{ name: "seed", disk: { bus: "virtio" } }],
              interfaces: [{ name: "default", masquerade: {}, ports: [{ port: 80 }] }],
            },
          },
          networks: [{ name: "default", pod: {} }],
          volumes: [
            { name: "seed", cloudInitNoCloud: { userData: `#!/bin/sh\necho "hello from ${name}" > /dev/ttyS0\n` } },
          ],
        },
      },
    },
  };
  change(vm);
  return JSON.stringify(vm);
}

/** What tests change of a manifest. Looser than the API's types: wrong values are a test's business too. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: {
    runStrategy?: string;
    running?: boolean;
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        [field: string]: unknown;
        domain: {
          [field: string]: unknown;
          firmware: { kernelBoot: { kernelArgs: string; container: Record<string, string> } };
          devices: { [field: string]: unknown; disks: object[] };
        };
        networks: object[];
        volumes: { name: string; [source: string]: unknown }[];
      };
    };
  };
}
