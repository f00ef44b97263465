/**
 * `virtive confirm-off NODE`: an operator's word that a node which does not answer is off, where nothing else can prove it.
 * What the node had is let go: machines start elsewhere, a guest that was moving there is found to have ended.
 */
import type { Node } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { Fault } from "#events/fault.ts";
import { bootToConfirmOff } from "#functions/machine-facts.ts";
import type { Client } from "../client.ts";

type Api = Pick<Client, "send">;

/** Answers the boot that the word is about. @throws Fault refused when the node is heard, or none of its boots is known */
export async function confirmOff(client: Api, name: string, sure: boolean): Promise<string> {
  const node = await client.send<Node>("GET", `/api/v1/nodes/${encodeURIComponent(name)}`);
  const bootID = bootToConfirmOff(node);
  if (!sure) {
    const message = `is the power of ${name} really off? If its guests still run there, they will run twice and may destroy their disks. Say so with --yes`;
    throw new Fault("refused", "NotConfirmed", message);
  }
  await client.send<Node>(
    "PATCH",
    `/api/v1/nodes/${encodeURIComponent(name)}`,
    { metadata: { annotations: { [annotation.confirmedOff]: bootID } } },
    { "content-type": "application/merge-patch+json" },
  );
  return bootID;
}
