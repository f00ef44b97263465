/**
 * Runs a network tool: arguments as they are; bounded in time and output. Several commands of one kind go through one
 * process (`ip -batch`), since starting a process costs as much as all of them.
 */
import { access } from "node:fs/promises";
import { Fault } from "#events/fault.ts";
import { runProgram } from "../programs.ts";

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT = 4 * 1024 * 1024;

/** What it printed. @throws Fault later NetworkCommandFailed, refused NetworkToolMissing */
export async function command(program: string, args: readonly string[], input = ""): Promise<string> {
  const options = { input, timeoutMilliseconds: TIMEOUT_MS, mostOutput: MAX_OUTPUT };
  const { code, output, complaint, missing } = await runProgram(program, args, options);
  if (code === 0) return output;
  if (missing) throw new Fault("refused", "NetworkToolMissing", `${program} is not installed on this node`);
  const how = code === undefined ? `was ended (it has ${TIMEOUT_MS} ms)` : `ended with ${code}`;
  const what = `${program} ${args.join(" ").slice(0, 300)} ${how}`;
  throw new Fault("later", "NetworkCommandFailed", `${what}: ${complaint.trim()}`);
}

/** Several `ip` commands in one process, in order; ends at the first that fails. */
export async function ipBatch(namespace: string | undefined, lines: readonly string[]): Promise<void> {
  await ip(namespace, ["-batch", "-"], `${lines.join("\n")}\n`);
}

/** One `ip` command in a namespace. */
export function ip(namespace: string | undefined, args: readonly string[], input = ""): Promise<string> {
  if (namespace === undefined) return command("ip", args, input);
  // `ip -n` knows names only; for them it saves a process.
  return isPath(namespace) ? inside(namespace, "ip", args, input) : command("ip", ["-n", namespace, ...args], input);
}

export interface Link {
  readonly name: string;
  readonly index: number;
  readonly up: boolean;
  /** The bridge that it is on. */
  readonly master?: string | undefined;
}

/** All links of a namespace; none when the namespace is not there. */
export async function links(namespace: string | undefined): Promise<readonly Link[]> {
  if (namespace !== undefined && !(await namespaceExists(namespace))) return [];
  const printed = await ip(namespace, ["-j", "link", "show"]);
  const list = JSON.parse(printed) as { ifindex: number; ifname: string; flags: string[]; master?: string }[];
  return list.map(({ ifname, ifindex, flags, master }) => ({
    name: ifname,
    index: ifindex,
    up: flags.includes("UP"),
    master,
  }));
}

/**
 * Ends with none of these links there. One may be gone, or go meanwhile: the kernel takes a namespace's links down behind
 * its name's end.
 */
export async function removeLinks(namespace: string | undefined, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const lines = names.map((name) => `link del dev ${name}\n`);
  try {
    await ip(namespace, ["-force", "-batch", "-"], lines.join(""));
  } catch (thrown) {
    const left = await links(namespace);
    if (left.some((link) => names.includes(link.name))) throw thrown;
  }
}

/** A namespace is known by its name (`ip netns`) or by the path of a file that stands for it. */
export function namespacePath(namespace: string): string {
  return isPath(namespace) ? namespace : `/run/netns/${namespace}`;
}

function isPath(namespace: string): boolean {
  return namespace.startsWith("/");
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
  if (isPath(namespace)) return command("nsenter", [`--net=${namespace}`, program, ...args], input);
  return command("ip", ["netns", "exec", namespace, program, ...args], input);
}
