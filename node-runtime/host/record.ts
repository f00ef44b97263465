/**
 * What is known of a node's namespaces and daemon from one life of our process to the next. Processes are named by pid
 * and start time and the kernel's boot, so that nothing else is ever taken for them.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import { knownProcess, type ProcessIdentity } from "./process.ts";

const ProcessRecord = z.strictObject({ pid: z.int().min(2), startTime: z.int().min(0) });

const HostRecord = z.strictObject({
  /** The kernel's own boot id: with another one, no process of the record can be alive. */
  kernelBoot: z.string().max(64),
  /** Ours: new with the namespaces. */
  bootID: z.uuid(),
  /** libvirt's, for good: migration tells hosts apart by it. */
  hostUUID: z.uuid(),
  /** Holds the namespaces. */
  keeper: ProcessRecord.optional(),
  daemon: ProcessRecord.optional(),
});
export type HostRecord = z.infer<typeof HostRecord>;

/** Undefined when there is none, or none that can be read: the node is then set up anew. */
export async function readRecord(path: string): Promise<HostRecord | undefined> {
  try {
    const parsed = HostRecord.safeParse(JSON.parse(await readFile(path, "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the file in one step: a reader sees the old record or the new one. */
export async function writeRecord(path: string, record: HostRecord): Promise<void> {
  const fresh = `${path}.${process.pid}.new`;
  await writeFile(fresh, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600, flush: true });
  await rename(fresh, path);
}

export async function kernelBoot(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

export function processOf(
  record: { readonly pid: number; readonly startTime: number } | undefined,
): ProcessIdentity | undefined {
  if (record === undefined) return undefined;
  const known = knownProcess(record.pid, record.startTime);
  return known.alive() ? known : undefined;
}
