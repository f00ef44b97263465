/**
 * `virtive up`: the local shape and, as a first look, the demo VM: its lifecycle a line an event, its console until the
 * prompt, and what to type next.
 */
import { spawn } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { asFault, Fault } from "#events/fault.ts";
import type { JournalEntry } from "#events/journal-entry.ts";
import { logLevel } from "#events/log-level.ts";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { openInstance, runningProcess, type Instance, type ProcessRecord } from "#local/instance.ts";
import { startLocal } from "#local/process.ts";
import { demoGuest } from "../../scripts/guest/guest.ts";
import { ApiError, Client } from "../client.ts";
import { EXIT, TimedOut } from "../exit.ts";
import { openLogFile } from "../log-file.ts";
import { lineOf } from "../story.ts";
import { harmless } from "../words.ts";
import { watchConsole } from "./console.ts";
import { journalPath } from "./events.ts";
import { untilSignalled } from "./serve.ts";

export interface UpOptions {
  readonly state: string;
  readonly nodes: number;
  readonly port: number;
  readonly detach: boolean;
  readonly demo: boolean;
  /** Which of them the user has given: the others are as they come. */
  readonly asked: readonly ("nodes" | "port")[];
}

/** The first capability probe of libvirt on a loaded machine takes long; so does the first boot under TCG. */
const SERVE_TIMEOUT_MILLISECONDS = 180_000;
const BOOT_TIMEOUT_MILLISECONDS = 180_000;
/** The demo guest's prompt; see scripts/guest. */
const PROMPT = /^\S+:\S*# /m;

const root = join(import.meta.dirname, "..", "..");

export async function up(options: UpOptions): Promise<number> {
  const started = Date.now();
  const say = (line: string): void => {
    process.stdout.write(`${seconds(Date.now() - started)}  ${harmless(line)}\n`);
  };
  const level = logLevel();
  const instance = await openInstance(options.state);
  const running = await runningProcess(instance);
  if (running !== undefined) mustBeAsAsked(running, options);
  const guest = options.demo ? demoGuest({ say }) : undefined;
  let foreground: { close(): Promise<void> } | undefined;
  if (running !== undefined) {
    say(`already running: process ${running.pid}`);
    if (guest !== undefined) await offer(instance, (await guest).layout);
  } else if (options.detach) {
    if (guest !== undefined) await offer(instance, (await guest).layout);
    await startDetached(instance, options);
    say(`running in the background; log: ${instance.paths.log}`);
  } else {
    const [built, local] = await Promise.allSettled([
      guest?.then(({ layout }) => offer(instance, layout)),
      startLocal({
        instance,
        nodes: options.nodes,
        port: options.port,
        log: openLogFile(instance.paths.log, level),
        progress: say,
      }),
    ]);
    if (local.status === "rejected") throw local.reason;
    foreground = local.value;
    if (built.status === "rejected") {
      await foreground.close();
      throw built.reason;
    }
  }
  if (foreground === undefined) return show(instance, options, say, false);
  // From here on a signal ends what runs in order, also in the middle of the demo.
  const signalled = untilSignalled();
  try {
    const code = await Promise.race([show(instance, options, say, true), signalled.then(() => EXIT.ok)]);
    await signalled;
    return code;
  } finally {
    await foreground.close();
    process.stdout.write("\nStopped. Guests keep running: `npm run up` adopts them, `npm run down` ends them.\n");
  }
}

/** @throws Fault refused AlreadyRunning, when the process that runs has not what was asked for */
function mustBeAsAsked({ pid, url, nodes }: ProcessRecord, options: UpOptions): void {
  if (url === undefined || nodes === undefined) return; // it still starts
  const has = { nodes: nodes.length, port: Number(new URL(url).port) };
  // Port 0 asks for any.
  const others = options.asked.filter((name) => has[name] !== options[name] && options[name] !== 0);
  if (others.length === 0) return;
  const is = others.map((name) => `--${name} ${has[name]}`).join(" ");
  const wanted = others.map((name) => `--${name} ${options[name]}`).join(" ");
  throw new Fault(
    "refused",
    "AlreadyRunning",
    `process ${pid} runs with ${is}, and that can't be changed while it runs. To have ${wanted}, end it and its guests with "virtive down", and say "up" again`,
  );
}

async function show(
  instance: Instance,
  options: UpOptions,
  say: (line: string) => void,
  foreground: boolean,
): Promise<number> {
  const client = await Client.open(instance.paths.kubeconfig);
  const code = options.demo ? await showDemo(client, say) : EXIT.ok;
  next(instance, options.demo && code === EXIT.ok, foreground);
  return code;
}

/** Gives this instance's image store an OCI layout: a copy, since the cache forgets guests that are no longer made. */
async function offer(instance: Instance, layout: string): Promise<void> {
  const ours = join(instance.paths.layouts, "demo-guest");
  const indexOf = (folder: string): Promise<string | undefined> =>
    readFile(join(folder, "index.json"), "utf8").catch(() => undefined);
  // Guests that run may have its files open: it is left alone when it is the same.
  if ((await indexOf(ours)) === (await indexOf(layout))) return;
  await rm(ours, { recursive: true, force: true });
  await cp(layout, ours, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

async function startDetached(instance: Instance, options: UpOptions): Promise<void> {
  mkdirSync(instance.directory, { recursive: true });
  const log = openSync(instance.paths.log, "a");
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      join(root, "cli/main.ts"),
      "--state",
      instance.directory,
      "serve",
      "--nodes",
      String(options.nodes),
      "--port",
      String(options.port),
      "--log-file",
      instance.paths.log,
    ],
    { cwd: "/", detached: true, stdio: ["ignore", log, log] },
  );
  closeSync(log);
  child.unref();
  const end = Date.now() + SERVE_TIMEOUT_MILLISECONDS;
  while ((await runningProcess(instance))?.url === undefined) {
    if (child.exitCode !== null || child.signalCode !== null) {
      const tail = (await readFile(instance.paths.log, "utf8")).slice(-2000);
      throw new Error(
        `the process ended with ${child.exitCode ?? child.signalCode}; the end of ${instance.paths.log}:\n${tail}`,
      );
    }
    if (Date.now() > end)
      throw new TimedOut(
        `the API did not come up in ${SERVE_TIMEOUT_MILLISECONDS / 1000} s; see ${instance.paths.log}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function showDemo(client: Client, say: (line: string) => void): Promise<number> {
  const manifest = parse(await readFile(join(root, "scripts/guest/demo-vm.yaml"), "utf8")) as VirtualMachine;
  const { name, namespace = "default" } = manifest.metadata;
  const stop = new AbortController();
  const story = tell(client, `${namespace}/${name}`, stop.signal, say);
  try {
    const found = await createOrFind(client, namespace, name, manifest);
    say(found ? `vm ${namespace}/${name} is there already` : `vm ${namespace}/${name} created`);
    const status = await untilSettled(client, namespace, name);
    if (status !== "Running") {
      say(`it is ${status}, as somebody wants it; bin/virtive ${status === "Paused" ? "unpause" : "start"} ${name}`);
      return EXIT.ok;
    }
    say("its serial console:");
    await watchConsole(client, { namespace, name }, PROMPT, BOOT_TIMEOUT_MILLISECONDS, (chunk) =>
      process.stdout.write(withoutQueries(chunk), "latin1"),
    );
    process.stdout.write("\n");
    return EXIT.ok;
  } catch (error) {
    say(`the demo VM did not come up: ${asFault(error).message}`);
    say(`why: bin/virtive explain ${name}`);
    return error instanceof TimedOut ? EXIT.timeout : EXIT.failed;
  } finally {
    stop.abort();
    await story;
  }
}

/** A terminal would answer the guest's question where its cursor is on our standard input, for the next program to read. */
function withoutQueries(chunk: Buffer): string {
  return chunk.toString("latin1").replaceAll("\x1b[6n", "");
}

/** @returns true when it was there already */
async function createOrFind(
  client: Client,
  namespace: string,
  name: string,
  manifest: VirtualMachine,
): Promise<boolean> {
  const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines`;
  try {
    await client.send("POST", path, manifest);
    return false;
  } catch (error) {
    if (error instanceof ApiError && error.code === 409) return true;
    throw error instanceof ApiError
      ? new Error(`creating vm ${name} was refused: ${error.message}`, { cause: error })
      : error;
  }
}

/** Running, or the state in which a user has left it. */
async function untilSettled(client: Client, namespace: string, name: string): Promise<string> {
  const end = Date.now() + BOOT_TIMEOUT_MILLISECONDS;
  for (;;) {
    const vm = await client.send<VirtualMachine>(
      "GET",
      `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines/${name}`,
    );
    const status = vm.status?.printableStatus ?? "";
    const wanted = vm.spec.runStrategy !== "Halted" && status !== "Paused";
    if (status === "Running" || (!wanted && (status === "Stopped" || status === "Paused"))) return status;
    if (Date.now() > end)
      throw new TimedOut(
        `it is ${vm.status?.printableStatus ?? "without status"} after ${BOOT_TIMEOUT_MILLISECONDS / 1000} s`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function tell(client: Client, key: string, signal: AbortSignal, say: (line: string) => void): Promise<void> {
  try {
    for await (const line of client.lines(journalPath({ key, follow: true }), signal)) {
      if (line.trim() === "") continue;
      const text = lineOf(JSON.parse(line) as JournalEntry, false);
      if (text !== undefined) say(text);
    }
  } catch (error) {
    if (!signal.aborted) say(`the event stream ended: ${asFault(error).message}`);
  }
}

function next(instance: Instance, demo: boolean, foreground: boolean): void {
  const lines = [
    "",
    `export KUBECONFIG=${instance.paths.kubeconfig}`,
    "kubectl get vm,vmi,pods -o wide",
    ...(demo
      ? ["bin/virtive console demo      # leave with ^]", "bin/virtive explain demo", "bin/virtive restart demo"]
      : ["bin/virtive get"]),
    foreground
      ? "\nCtrl-C stops this process; guests keep running. `npm run down` ends all."
      : "\n`npm run down` ends all.",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3).padStart(8)} s`;
}
