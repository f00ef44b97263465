/**
 * Which life of the node this is: the boot id that claims name and heartbeats carry. It is new with each boot of the
 * machine, and it is new where the runtime finds none of its files: the epochs that it took went with them, and an order
 * of a run that has ended would be taken for a new one. Orders for the life before are refused by its id.
 *
 *   boot.json ──of this boot of the machine──► the same id
 *       └──none, or of another──► end what runs ──► tidy files ──► new id, on disk ──► heartbeats, orders
 *
 * To others a new boot id is the proof that nothing of the one before runs. So nothing is told, and no order taken,
 * before the hypervisor has said that no domain of ours is left.
 */
import { join } from "node:path";
import { z } from "zod";
import { wait, type Clock } from "#events/clock.ts";
import { asFault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import type { Disk } from "./disk.ts";
import type { DomainDescription } from "./driver/ports.ts";
import type { Hypervisor } from "./hypervisor.ts";

const BootRecord = z.object({
  /** The machine's own id of its boot. */
  host: z.string().min(1).max(128),
  bootID: z.string().min(1).max(128),
});

export interface BootIdentityOptions {
  /** The runtime's own. */
  readonly directory: string;
  /** Identity of this boot of the machine. */
  readonly hostBootID: string;
  readonly disk: Disk;
  readonly hypervisor: Pick<Hypervisor, "list" | "xml" | "destroy">;
  readonly domain: Pick<DomainDescription, "claimOf">;
  readonly uuid: () => string;
  /** Called when a life begins: nothing of the ones before runs any more, and nothing of this one is noted yet. */
  readonly begins: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

const AGAIN_MILLISECONDS = 1_000;

/** Resolves once the id may be told; that waits for the hypervisor where the id is new. @throws Fault later when it can't be kept */
export async function openBootIdentity(options: BootIdentityOptions): Promise<string> {
  const { directory, hostBootID, disk, uuid, log } = options;
  const path = join(directory, "boot.json");
  const known = BootRecord.safeParse(jsonOrNothing(await disk.read(path)));
  if (known.success && known.data.host === hostBootID) return known.data.bootID;
  await endWhatRuns(options);
  // Before the id is on disk: cut short, it is done again.
  await options.begins();
  const bootID = uuid();
  await disk.replace(path, JSON.stringify({ host: hostBootID, bootID }));
  log.info({ bootID, host: hostBootID }, known.success ? "the machine has booted" : "no files of an earlier life");
  return bootID;
}

/** Until a list shows no domain that carries our mark. Others' domains are left alone. */
async function endWhatRuns({ hypervisor, domain, clock, log }: BootIdentityOptions): Promise<void> {
  for (;;) {
    try {
      let left = 0;
      for (const { uuid, name } of await hypervisor.list()) {
        const claim = domain.claimOf(await hypervisor.xml(uuid));
        if (claim === undefined) continue;
        left += 1;
        log.warn({ uid: claim.uid, epoch: claim.epoch, domain: name }, "ends a domain of an earlier life of the node");
        await hypervisor.destroy(uuid);
      }
      if (left === 0) return;
    } catch (thrown) {
      const { kind, reason, message } = asFault(thrown);
      if (kind === "bug") throw thrown;
      log.warn({ reason }, `domains of an earlier life can't be looked for yet: ${message}`);
      await wait(clock, AGAIN_MILLISECONDS);
    }
  }
}

function jsonOrNothing(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
