/** What a run costs: CPU and memory of each process, calls by the audit log, writes by etcd's own counter. */
import { readFile, stat, open } from "node:fs/promises";
import { loadavg } from "node:os";

export interface Metered {
  /** Name → pid. */
  readonly processes: ReadonlyMap<string, number>;
  readonly etcd: string;
  readonly audit: string;
}

export interface Reading {
  readonly at: number;
  /** Seconds. */
  readonly cpu: ReadonlyMap<string, number>;
  readonly memoryMiB: ReadonlyMap<string, number>;
  readonly puts: number;
  readonly auditBytes: number;
  readonly load: number;
}

const TICKS_A_SECOND = 100;
const PAGE = 4096;

export async function read({ processes, etcd, audit }: Metered): Promise<Reading> {
  const cpu = new Map<string, number>();
  const memoryMiB = new Map<string, number>();
  for (const [name, pid] of processes) {
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    // The command in parentheses may hold spaces.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    cpu.set(name, (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND);
    memoryMiB.set(name, (Number(fields[21]) * PAGE) / 2 ** 20);
  }
  const metrics = await (await fetch(`${etcd}/metrics`)).text();
  const puts = Number(/^etcd_mvcc_put_total (\S+)$/m.exec(metrics)?.[1] ?? NaN);
  const auditBytes = (await stat(audit)).size;
  return { at: performance.now(), cpu, memoryMiB, puts, auditBytes, load: loadavg()[0] ?? 0 };
}

interface AuditEntry {
  readonly verb: string;
  readonly stage: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code: number };
}

/** "verb resource" → how often; failed ones with their code. */
export type Calls = ReadonlyMap<string, number>;

/** Calls between two sizes of the audit log, by the name of who made them. */
export async function callsBetween(audit: string, from: number, to: number): Promise<ReadonlyMap<string, Calls>> {
  const byUser = new Map<string, Map<string, number>>();
  const file = await open(audit);
  try {
    const { buffer } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
    for (const line of buffer.toString("utf8").split("\n")) {
      const entry = parsed(line);
      if (entry === undefined || entry.verb === "watch") continue;
      const { username } = entry.user;
      const { resource = "?", subresource } = entry.objectRef ?? {};
      const code = entry.responseStatus?.code ?? 0;
      const failed = code >= 400 ? ` [${code}]` : "";
      const key = `${entry.verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}${failed}`;
      let calls = byUser.get(username);
      if (calls === undefined) byUser.set(username, (calls = new Map<string, number>()));
      calls.set(key, (calls.get(key) ?? 0) + 1);
    }
  } finally {
    await file.close();
  }
  return byUser;
}

function parsed(line: string): AuditEntry | undefined {
  try {
    return JSON.parse(line) as AuditEntry;
  } catch {
    return undefined; // cut off at either end
  }
}

const WRITES: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);
/** What goes on at rest too, however many VMs start; and questions, which write nothing. */
const NOT_OF_MACHINES = /^\S+ (leases|nodes|nodes\/status|subjectaccessreviews|tokenreviews)$/;

/** Successful writes about machines. */
export function writesIn(calls: Calls): number {
  return successful(calls, (call) => !NOT_OF_MACHINES.test(call));
}

/** Successful writes that went on beside: each is one of etcd's. */
export function writesBeside(byUser: ReadonlyMap<string, Calls>): number {
  return [...byUser.values()].reduce((sum, calls) => sum + successful(calls, (call) => BESIDE.test(call)), 0);
}

const BESIDE = /^\S+ (leases|nodes|nodes\/status)$/;

function successful(calls: Calls, counts: (call: string) => boolean): number {
  let sum = 0;
  for (const [call, count] of calls) {
    const [verb = ""] = call.split(" ");
    if (WRITES.has(verb) && !call.includes("[") && counts(call)) sum += count;
  }
  return sum;
}
