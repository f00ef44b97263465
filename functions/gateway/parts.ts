/** What the gateway is made of, and how it reads and changes what it acts on. */
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { wait, type Clock } from "#events/clock.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import type { Journal } from "#events/journal-entry.ts";
import type { Log } from "#events/log.ts";
import type { NodeDoors } from "../nodes.ts";
import { notFound, Refused } from "./status.ts";

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string | undefined;
  readonly extra?: Extra | undefined;
}

/** What an authenticator knows of a user besides; some authorizers look at it. */
export type Extra = Readonly<Record<string, readonly string[]>>;

/** A request as an authorizer sees it: Kubernetes' attributes. */
export interface Attributes {
  readonly user: User;
  readonly verb: "get" | "update";
  readonly group: string;
  /** Such as virtualmachines. */
  readonly resource: string;
  /** Such as start. */
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface GatewayParts {
  /** Lists, and what is waited for: a cache will do. */
  readonly reader: Reader;
  /**
   * What is there now: nobody is refused for what was. A cache whose watch has ended, as after the API server's restart, tells
   * of the past without knowing it.
   */
  readonly present: Pick<Reader, "get">;
  readonly writer: Writer;
  readonly nodes: Pick<NodeDoors, "machine" | "act" | "console">;
  readonly journal: Pick<Journal, "read" | "follow" | "latestDecisions" | "last">;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the user may; where the API server in front has asked already, leave it out. */
  readonly authorize?: (attributes: Attributes) => Promise<boolean>;
  /** As KubeVirt counts them; virtctl compares major and minor with its own. */
  readonly version?: string;
}

export interface At {
  readonly namespace: string;
  readonly name: string;
}

/** @throws Refused 404 */
export async function findVM(parts: Pick<GatewayParts, "present">, at: At): Promise<Stored<VirtualMachine>> {
  const vm = await parts.present.get(VirtualMachine, at);
  if (vm === undefined) throw notFound({ name: at.name, plural: VirtualMachine.plural });
  return vm;
}

/** @throws Refused 404 */
export async function findVMI(parts: Pick<GatewayParts, "present">, at: At): Promise<Stored<VirtualMachineInstance>> {
  const vmi = await parts.present.get(VirtualMachineInstance, at);
  if (vmi === undefined) throw notFound({ name: at.name, plural: VirtualMachineInstance.plural });
  return vmi;
}

const TRIES = 10;
const PAUSE_MILLISECONDS = 20;

/**
 * Reads the object, changes it, writes it; anew when somebody else wrote in between. `change` answers undefined when
 * nothing is to be written, and throws Refused when what it sees does not allow it.
 */
export async function edit<T extends KubeObject>(
  parts: GatewayParts,
  kind: Kind<T>,
  at: At,
  part: "object" | "status",
  change: (old: Stored<T>) => T | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const old = await parts.present.get(kind, at);
    if (old === undefined) throw notFound({ name: at.name, plural: kind.plural });
    const next = change(old);
    if (next === undefined) return;
    try {
      await parts.writer.patch(kind, old, next, part);
      return;
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.kind !== "stale") throw thrown;
      if (attempt === TRIES) {
        throw new Refused(409, `${kind.plural} "${at.name}" keeps changing; try again`, { ...at, plural: kind.plural });
      }
      // Who writes so often is given a moment.
      await wait(parts.clock, PAUSE_MILLISECONDS);
    }
  }
}
