/**
 * What several functions read of an instance: its claim, the machine as its node knows it, the node itself. Reading is
 * all that this file does; a node that does not answer is a fact like any other.
 */
import { Node, Pod } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { conditionOf, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { objectEvents } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { asFault, Fault } from "#events/fault.ts";
import type { Claim, MachineStatus } from "#events/machine.ts";
import type { Looks } from "./define.ts";
import { anchorName, type Instance } from "./instance.ts";

/** `silent`: the node did not answer, for this reason. */
export type MachineFact =
  | { readonly known: "yes"; readonly status: MachineStatus }
  | { readonly known: "no" }
  | { readonly known: "silent"; readonly reason: string };

/** What woke us is a change of the instance, which says nothing of its machine. That one exists is not such a change. */
export function isChangeOfInstance(event: CloudEvent): boolean {
  return event.type === objectEvents.updated.type && isOfInstance(event);
}

/** What woke us says that the instance exists, as it does of all at a start, and nothing of its machine. */
export function tellsOfInstance(event: CloudEvent): boolean {
  return event.type === objectEvents.added.type && isOfInstance(event);
}

function isOfInstance(event: CloudEvent): boolean {
  return event.extensions["kind"] === VirtualMachineInstance.kind;
}

/** The claim as nodes know it. */
export function claimOf(vmi: Instance): Claim | undefined {
  const claim = vmi.status?.claim;
  return claim === undefined ? undefined : { node: claim.node, bootID: claim.bootID, epoch: claim.epoch };
}

export type Target = NonNullable<NonNullable<NonNullable<Instance["status"]>["claim"]>["migratingTo"]>;

/** Where it moves to, while the claim may still pass to that node. */
export function targetOf(vmi: Instance): Target | undefined {
  return vmi.status?.claim?.migratingTo;
}

/** @returns undefined without a claim: no node has anything to say then */
export async function readMachine(looks: Looks, vmi: Instance): Promise<MachineFact | undefined> {
  return readMachineOn(looks, claimOf(vmi)?.node, vmi);
}

/** @returns undefined without a node */
export async function readMachineOn(
  looks: Looks,
  node: string | undefined,
  vmi: Instance,
): Promise<MachineFact | undefined> {
  if (node === undefined) return undefined;
  try {
    const status = await looks.nodes.machine(node, vmi.metadata.uid);
    return status === undefined ? { known: "no" } : { known: "yes", status };
  } catch (thrown) {
    const fault = asFault(thrown);
    if (fault.kind !== "later") throw fault;
    return { known: "silent", reason: fault.message };
  }
}

/** The pod that it runs in, or will. Undefined: there is none now, whatever a cache has heard of. */
export async function readAnchor({ cluster, present }: Looks, vmi: Instance): Promise<Stored<Pod> | undefined> {
  const { namespace = "" } = vmi.metadata;
  const at = { namespace, name: anchorName(vmi) };
  return (await cluster.get(Pod, at)) ?? present?.get(Pod, at);
}

export async function readNode(looks: Looks, name: string | undefined): Promise<Stored<Node> | undefined> {
  return name === undefined ? undefined : looks.cluster.get(Node, { name });
}

/** Condition of a Node: its runtime's heartbeats arrive and its hypervisor answers. Written by `attend` alone. */
export const RUNTIME_READY = "RuntimeReady";

export function runtimeIsReady(node: Node | undefined): boolean {
  return node !== undefined && conditionOf(node, RUNTIME_READY)?.status === "True";
}

/** False once the runtime's heartbeats have been missing for too long. */
export function runtimeIsHeard(node: Node | undefined): boolean {
  const condition = node === undefined ? undefined : conditionOf(node, RUNTIME_READY);
  return condition !== undefined && condition.status !== "Unknown";
}

/** Of its present boot; undefined when none is known, or an operator has confirmed that it is over. */
export function bootIDOf(node: Node | undefined): string | undefined {
  const bootID = node?.metadata.annotations?.[annotation.bootID];
  return bootID === node?.metadata.annotations?.[annotation.confirmedOff] ? undefined : bootID;
}

/** What an operator's word that the node is off is about. @throws Fault refused when the node is heard, or never was */
export function bootToConfirmOff(node: Node): string {
  const { name, annotations } = node.metadata;
  const bootID = annotations?.[annotation.bootID];
  if (bootID === undefined) {
    throw new Fault("refused", "NodeNeverHeard", `no runtime has ever reported from ${name}: nothing of it is in use`);
  }
  if (runtimeIsHeard(node)) {
    throw new Fault("refused", "NodeHeard", `${name} is heard: its power is on. Drain it, or shut it down first`);
  }
  return bootID;
}

/**
 * The node of a claim. That it has booted since ends the guest, and a cache may have it as it was before that boot: then it is
 * looked for where it is.
 */
export async function readNodeOf(
  looks: Looks,
  { node: name, bootID }: Pick<Claim, "node" | "bootID">,
): Promise<Stored<Node> | undefined> {
  const known = await readNode(looks, name);
  const { present } = looks;
  return present === undefined || endOfBoot(known, bootID) === undefined ? known : present.get(Node, { name });
}

/** How it is known that nothing of that boot of the node runs any more; undefined while it is not. */
export function endOfBoot(node: Node | undefined, bootID: string): BootEnd | undefined {
  const annotations = node?.metadata.annotations ?? {};
  const present = annotations[annotation.bootID];
  if (present !== undefined && present !== bootID) return { reason: "NodeRebooted", what: "has booted anew" };
  if (annotations[annotation.confirmedOff] !== bootID) return undefined;
  return { reason: "NodeConfirmedOff", what: "is off, as an operator has confirmed" };
}

/** `what`: after the node's name, a sentence. */
export interface BootEnd {
  readonly reason: "NodeRebooted" | "NodeConfirmedOff";
  readonly what: string;
}
