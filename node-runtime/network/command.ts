/**
 * Runs a network tool: arguments as they are, no shell; bounded in time and output. Several commands of one kind go
 * through one process (`ip -batch`), since starting a process costs as much as all of them.
 */
import { spawn } from "node:child_process";
import { access } from "node:fs/promises";
import { Fault } from "#events/fault.ts";

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT = 4 * 1024 * 1024;

/** What it printed. @throws Fault later NetworkCommandFailed, refused NetworkToolMissing */
export function command(program: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], timeout: TIMEOUT_MS, killSignal: "SIGKILL" });
    let output = "";
    let complaint = "";
    const fail = (how: string): void =>
      reject(
        new Fault(
          "later",
          "NetworkCommandFailed",
          `${program} ${args.join(" ").slice(0, 300)} ${how}: ${complaint.trim()}`,
        ),
      );
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output.length < MAX_OUTPUT) output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (complaint.length < 2000) complaint += text;
    });
    child.stdin.on("error", () => {}); // it ended before it read all: its exit code tells
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") return fail(`did not start (${error.code ?? error.message})`);
      reject(new Fault("refused", "NetworkToolMissing", `${program} is not installed on this node`));
    });
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else fail(signal === null ? `ended with ${code}` : `was ended by ${signal} (it has ${TIMEOUT_MS} ms)`);
    });
    child.stdin.end(input);
  });
}

/** Several `ip` commands in one process, in order; ends at the first that fails. */
export async function ipBatch(namespace: string | undefined, lines: readonly string[]): Promise<void> {
  await command("ip", [...within(namespace), "-batch", "-"], `${lines.join("\n")}\n`);
}

export interface Link {
  readonly name: string;
  readonly index: number;
  readonly up: boolean;
}

/** All links of a namespace; none when the namespace is not there. */
export async function links(namespace: string | undefined): Promise<readonly Link[]> {
  if (namespace !== undefined && !(await namespaceExists(namespace))) return [];
  const printed = await command("ip", [...within(namespace), "-j", "link", "show"]);
  const list = JSON.parse(printed) as { ifindex: number; ifname: string; flags: string[] }[];
  return list.map((link) => ({ name: link.ifname, index: link.ifindex, up: link.flags.includes("UP") }));
}

export async function removeLinks(namespace: string | undefined, names: readonly string[]): Promise<void> {
  if (names.length > 0)
    await ipBatch(
      namespace,
      names.map((name) => `link del dev ${name}`),
    );
}

export function namespacePath(namespace: string): string {
  return `/run/netns/${namespace}`;
}

export async function namespaceExists(namespace: string): Promise<boolean> {
  try {
    await access(namespacePath(namespace));
    return true;
  } catch {
    return false;
  }
}

/** A program in a namespace. */
export function inside(namespace: string, program: string, args: readonly string[], input = ""): Promise<string> {
  return command("ip", ["netns", "exec", namespace, program, ...args], input);
}

function within(namespace: string | undefined): readonly string[] {
  return namespace === undefined ? [] : ["-n", namespace];
}
