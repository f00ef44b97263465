/** The process of a domain: whether QEMU itself is gone and whether its vCPUs run, not by anybody's word. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { wait, type Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { processAt, type ProcessIdentity } from "../host/process.ts";

/** Nothing tells a process that is no child of ours when another ends: it is looked at this often. */
const LOOK_MILLISECONDS = 20;

export interface DomainProcess {
  /** Resolves once the process is gone. Never known: gone. @throws Fault later when it lives on after the time */
  gone(timeoutMilliseconds: number, clock: Clock): Promise<void>;
  /** How often its vCPUs were given a processor; undefined when it is gone, or the kernel does not count. */
  vcpuRuns(): number | undefined;
}

/** Reads libvirt's pid file of the domain, in qemu/ beside its socket. */
export function domainProcess(socketPath: string, domainName: string): DomainProcess {
  const identity = read(join(dirname(socketPath), "qemu", `${domainName}.pid`));
  return {
    async gone(timeoutMilliseconds, clock) {
      if (identity === undefined) return;
      const end = clock.now().getTime() + timeoutMilliseconds;
      while (identity.alive()) {
        if (clock.now().getTime() >= end) {
          const message = `QEMU of ${domainName} (pid ${identity.pid}) lives on ${timeoutMilliseconds} ms after its end`;
          throw new Fault("later", "ProcessLingers", message);
        }
        await wait(clock, LOOK_MILLISECONDS);
      }
    },
    vcpuRuns: () => (identity?.alive() === true ? vcpuRuns(identity.pid) : undefined),
  };
}

function read(path: string): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  return processAt(Number(text.trim()));
}

/** QEMU names the threads of its vCPUs so: "CPU 0/KVM", "CPU 1/TCG", "ALL CPUs/TCG". */
const VCPU_THREAD = /^(CPU \d+|ALL CPUs)\//;

/** How often the kernel has given a processor to the vCPUs' threads of this QEMU; undefined when it does not say. */
export function vcpuRuns(pid: number): number | undefined {
  return sumOverVcpus(pid, 2);
}

/** Nanoseconds that they ran, all of them together. */
export function vcpuNanoseconds(pid: number): number | undefined {
  return sumOverVcpus(pid, 0);
}

/** Of a thread's schedstat: nanoseconds that it ran, nanoseconds that it waited, and how often it was given a processor. */
function sumOverVcpus(pid: number, field: 0 | 2): number | undefined {
  let sum: number | undefined;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const task = `/proc/${pid}/task/${thread}`;
      if (!VCPU_THREAD.test(readFileSync(`${task}/comm`, "utf8"))) continue;
      const value = Number(readFileSync(`${task}/schedstat`, "utf8").trim().split(" ")[field]);
      if (Number.isSafeInteger(value)) sum = (sum ?? 0) + value;
    }
  } catch {
    return undefined; // it ended meanwhile, or the kernel keeps no such counts
  }
  return sum;
}
