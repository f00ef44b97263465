/** What instances and machines leave on this computer, for tests that nothing of them stays. */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import type { Instance } from "#local/instance.ts";
import { layoutOf } from "#node-runtime/host/layout.ts";
import { eventually } from "./eventually.ts";

const run = promisify(execFile);
const MAX_OUTPUT = 32 * 1024 * 1024;

type Local = { readonly instance: Instance };

/** Command lines of processes on this machine that hold the text. */
export async function processesWith(
  text: string,
): Promise<readonly { readonly pid: number; readonly commandLine: string }[]> {
  const found: { pid: number; commandLine: string }[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    if (commandLine.includes(text)) found.push({ pid, commandLine });
  }
  return found;
}

/** QEMU processes that run this domain. */
export async function qemuOf(uuid: string): Promise<readonly number[]> {
  return (await processesWith(uuid)).filter((p) => p.commandLine.includes("-uuid ")).map((p) => p.pid);
}

/** What of the instance is on the machine beyond its state directory: processes, links, namespaces. */
export async function leftovers(instance: Instance): Promise<readonly string[]> {
  const processes = (await processesWith(instance.directory)).map(
    (p) => `process ${p.pid}: ${p.commandLine.slice(0, 120)}`,
  );
  const links = (await run("ip", ["-o", "link"])).stdout.split("\n").filter((line) => line.includes(instance.id));
  const spaces = (await run("ip", ["netns", "list"])).stdout.split("\n").filter((line) => line.includes(instance.id));
  return [...processes, ...links.map((line) => `link ${line}`), ...spaces.map((line) => `namespace ${line}`)];
}

/**
 * Everything that machines may leave on this computer: processes, namespaces, links, packet filter tables, domains, and
 * files of the node. What there are several of is counted; a number in a name does not matter.
 */
export async function everythingOf(local: Local, node = "node-1"): Promise<readonly string[]> {
  const { instance } = local;
  const { networkNamespace, socketPath } = layoutOf({
    name: node,
    stateDirectory: instance.paths.host(node),
    instance: instance.id,
  });
  const spaces = (await lines("ip", ["netns", "list"])).map((line) => line.split(" ")[0] ?? "");
  const found = (await processesWith(instance.directory)).map(({ commandLine }) => `process ${commandLine}`);
  for (const name of spaces.filter((space) => space.includes(instance.id) || space === networkNamespace)) {
    found.push(`namespace ${name}`);
    for (const link of await lines("ip", ["-n", name, "-o", "link"])) found.push(`link ${nameOf(link)} in ${name}`);
    const tables = await lines("ip", ["netns", "exec", name, "nft", "list", "tables"]);
    for (const table of tables) found.push(`${table} in ${name}`);
    for (const pid of await lines("ip", ["netns", "pids", name])) {
      const program = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => undefined);
      if (program !== undefined) found.push(`process ${program.trim()} in ${name}`);
    }
  }
  const ours = (line: string): boolean => line.includes(instance.id);
  for (const link of (await lines("ip", ["-o", "link"])).filter(ours)) found.push(`link ${nameOf(link)}`);
  for (const table of (await lines("nft", ["list", "tables"])).filter(ours)) found.push(table);
  const virsh = ["-c", `qemu+unix:///system?socket=${socketPath}`, "list", "--all", "--name"];
  for (const domain of await lines("virsh", virsh)) found.push(`domain ${domain}`);
  for (const entry of await readdir(instance.paths.node(node), { recursive: true, withFileTypes: true })) {
    const path = relative(instance.paths.node(node), join(entry.parentPath, entry.name));
    if (!entry.isDirectory() && !KEPT.test(path)) found.push(`file ${path}`);
  }
  return counted(found.map((line) => line.replaceAll(/(-pod|vp[0-9a-f]{6})-\d+/g, "$1-N")));
}

/** What a node keeps for itself: logs, libvirt's own, what a database has beside itself; and epochs, which outlive machines. */
const KEPT = /^host\/(log|cache|etc|lib)\/|-(wal|shm)$|^runtime\/epochs\.log$/;

async function lines(program: string, args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run(program, [...args], { maxBuffer: MAX_OUTPUT });
  return stdout.split("\n").filter((line) => line.trim() !== "");
}

/** Of a line of `ip -o link`. */
function nameOf(line: string): string {
  return (line.split(": ")[1] ?? line).split("@")[0] ?? line;
}

function counted(found: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const what of found) counts.set(what, (counts.get(what) ?? 0) + 1);
  return [...counts].map(([what, count]) => (count === 1 ? what : `${count} × ${what}`)).sort();
}

/** Waits until all is as it was before. @throws with what is there beyond it, or is missing */
export async function nothingBut(before: readonly string[], local: Local): Promise<void> {
  await eventually(
    "everything to be as before",
    async () => {
      const now = await everythingOf(local);
      const more = now.filter((what) => !before.includes(what)).map((what) => `+ ${what}`);
      const fewer = before.filter((what) => !now.includes(what)).map((what) => `- ${what}`);
      if (more.length + fewer.length > 0) throw new Error([...more, ...fewer].join("\n"));
      return true;
    },
    30_000,
    500,
  );
}
