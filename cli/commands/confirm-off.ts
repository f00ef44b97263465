/**
 * `virtive confirm-off NODE`: an operator's word that a node which does not answer is off, where nothing else can prove it.
 * What the node had is let go: machines start elsewhere, a guest that was moving there is found to have ended.
 *
 * The word stands on the Node. Where that was deleted, as a cluster's autoscaler does, one is made to carry it: nothing
 * else says which boots of it instances go by.
 */
import { Node } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { apiVersionOf, type Stored } from "#api/object.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { Fault } from "#events/fault.ts";
import { isFinal } from "#functions/instance.ts";
import { bootToConfirmOff, claimOf, targetOf } from "#functions/machine-facts.ts";
import { goneOrThrow, type Client } from "../client.ts";

type Api = Pick<Client, "send">;

const NODES = "/api/v1/nodes";
const INSTANCES = "/apis/kubevirt.io/v1/virtualmachineinstances";

export interface ConfirmedOff {
  /** The boot that the word is about. */
  readonly bootID: string;
  /** There was no Node of the name any more, and one was made. */
  readonly made: boolean;
}

/** @throws Fault refused when the node is heard, or none of its boots is known */
export async function confirmOff(client: Api, name: string, sure: boolean): Promise<ConfirmedOff> {
  const path = `${NODES}/${encodeURIComponent(name)}`;
  const node = await client.send<Node>("GET", path).catch(goneOrThrow);
  const bootID = node === undefined ? await bootOfGone(client, name) : bootToConfirmOff(node);
  if (!sure) {
    const message = `is the power of ${name} really off? If its guests still run there, they will run twice and may destroy their disks. Say so with --yes`;
    throw new Fault("refused", "NotConfirmed", message);
  }
  if (node === undefined) {
    await client.send<Node>("POST", NODES, nodeThatIsOff(name, bootID));
    return { bootID, made: true };
  }
  await client.send<Node>(
    "PATCH",
    path,
    { metadata: { annotations: { [annotation.confirmedOff]: bootID } } },
    { "content-type": "application/merge-patch+json" },
  );
  return { bootID, made: false };
}

/** The boot by which an instance still goes. Where there are several, any but the last is over in any case. */
async function bootOfGone(client: Api, name: string): Promise<string> {
  const { items } = await client.send<{ readonly items: readonly Stored<VirtualMachineInstance>[] }>("GET", INSTANCES);
  const boots = items
    .filter((vmi) => !isFinal(vmi))
    .flatMap((vmi) => [claimOf(vmi), targetOf(vmi)])
    .flatMap((claim) => (claim?.node === name ? [claim.bootID] : []));
  const [bootID] = boots;
  if (bootID !== undefined) return bootID;
  const message = `there is no node "${name}", and no instance that is said to be on it: nothing waits for your word`;
  throw new Fault("refused", "NodeNotFound", message);
}

/** With the boot as its present one, all others count as over: the node is off, whichever it was. */
function nodeThatIsOff(name: string, bootID: string): Node {
  return {
    apiVersion: apiVersionOf(Node),
    kind: Node.kind,
    metadata: { name, annotations: { [annotation.bootID]: bootID, [annotation.confirmedOff]: bootID } },
    spec: { unschedulable: true },
  };
}
