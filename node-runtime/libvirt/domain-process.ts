/** The process of a domain: whether QEMU itself is gone, by pid and start time, not by anybody's word. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { wait, type Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { processAt, type ProcessIdentity } from "../host/process.ts";

/** Nothing tells a process that is no child of ours when another ends: it is looked at this often. */
const LOOK_MILLISECONDS = 20;

export interface DomainProcess {
  /** Resolves once the process is gone. Never known: gone. @throws Fault later when it lives on after the time */
  gone(timeoutMilliseconds: number, clock: Clock): Promise<void>;
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
