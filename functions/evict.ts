/**
 * evict: answers who wants an anchor pod gone by the Eviction API (`kubectl drain`). A guest that is to move is marked, and
 * the answer is "try again": the pod goes once the guest has left it. Wakes on admission (HTTP); writes
 * `status.evacuationNodeName`, which `evacuate` acts on.
 */
import { Pod } from "#api/core.ts";
import type { ClusterConfig } from "#api/cluster-config.ts";
import { label } from "#api/names.ts";
import { controllerOf, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import { anchorName, isFinal, type Instance } from "./instance.ts";
import { claimOf, targetOf } from "./machine-facts.ts";
import { obstacleOf } from "./migrate/migratable.ts";

export interface Eviction {
  readonly namespace: string;
  readonly pod: string;
  readonly dryRun: boolean;
}

export type Verdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly message: string;
      /** The instance is to leave its node. */ readonly mark: boolean;
    };

export interface Evictor {
  review(eviction: Eviction, config: ClusterConfig): Promise<Verdict>;
}

const ALLOWED: Verdict = { allowed: true };

export function createEvictor(parts: { readonly reader: Reader; readonly writer: Pick<Writer, "patch"> }): Evictor {
  const { reader, writer } = parts;
  return {
    async review({ namespace, pod: name, dryRun }, config) {
      const pod = await reader.get(Pod, { namespace, name });
      const owner = pod === undefined ? undefined : controllerOf(pod);
      if (pod?.metadata.labels?.[label.component] !== "virt-launcher" || owner === undefined) return ALLOWED;
      const vmi = await reader.get(VirtualMachineInstance, { namespace, name: owner.name });
      if (vmi === undefined || vmi.metadata.uid !== owner.uid) return ALLOWED;
      const verdict = verdictOn(vmi, pod, config.evictionStrategy);
      if (!verdict.allowed && verdict.mark && !dryRun) await mark(writer, vmi);
      return verdict;
    },
  };
}

/** Pure. */
export function verdictOn(vmi: Instance, pod: Stored<Pod>, byDefault: ClusterConfig["evictionStrategy"]): Verdict {
  const node = claimOf(vmi)?.node;
  if (isFinal(vmi) || node === undefined) return ALLOWED;
  const { name } = vmi.metadata;
  if (pod.metadata.name === targetOf(vmi)?.pod) {
    return { allowed: false, mark: false, message: `Instance ${name} is moving into this pod; try again later.` };
  }
  if (pod.metadata.name !== anchorName(vmi)) return ALLOWED;
  const strategy = vmi.spec.evictionStrategy ?? byDefault;
  if (strategy === "None") return ALLOWED;
  const obstacle = obstacleOf(vmi);
  if (obstacle !== undefined && strategy === "LiveMigrateIfPossible") return ALLOWED;
  if (obstacle !== undefined && strategy === "LiveMigrate") {
    const message = `Instance ${name} may only leave ${node} by moving, and it can't: ${obstacle.message} Stop it first, or set another evictionStrategy.`;
    return { allowed: false, mark: false, message };
  }
  const who = strategy === "External" ? "whoever manages it moves it" : "it moves to another node";
  return {
    allowed: false,
    mark: true,
    message: `Instance ${name} leaves ${node}: ${who}, and then this pod goes; try again.`,
  };
}

async function mark(writer: Pick<Writer, "patch">, vmi: Instance): Promise<void> {
  const evacuationNodeName = claimOf(vmi)?.node;
  if (evacuationNodeName === undefined || vmi.status?.evacuationNodeName === evacuationNodeName) return;
  const after = { ...vmi, status: { ...vmi.status, evacuationNodeName } };
  try {
    await writer.patch(VirtualMachineInstance, vmi, after, "status");
  } catch (thrown) {
    // Somebody wrote in between: who drains asks again in a moment.
    if (!(thrown instanceof Fault) || thrown.kind !== "stale") throw thrown;
  }
}
