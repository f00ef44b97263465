/**
 * Names and numbers of links. A link's name has at most 15 characters and must differ between instances on one machine;
 * all are derived, so that a runtime that comes back finds what it made. Pure.
 */
import { createHash } from "node:crypto";

/** One local instance's names; `instance` is its id, six hex digits. */
export function instanceNames(instance: string): {
  readonly bridge: string;
  readonly bridgeMac: string;
  readonly table: string;
  readonly namespacePrefix: string;
  namespace(slot: number): string;
  /** The bridge's end of a pod's eth0. */
  podLink(slot: number): string;
  /** Of eth0 in a pod with this address (its number in the subnet): whichever pod has it, neighbours know it. */
  podMac(address: number): string;
} {
  const namespacePrefix = `vt${instance}-pod-`;
  return {
    bridge: `vb${instance}`,
    bridgeMac: macOf(`${instance}/bridge`),
    table: `virtive_${instance}`,
    namespacePrefix,
    namespace: (slot) => `${namespacePrefix}${slot}`,
    podLink: (slot) => `vp${instance}-${slot}`,
    podMac: (address) => macOf(`${instance}/${address}`),
  };
}

/** Common to all node-side links of one machine. */
export function linkPrefix(uid: string): string {
  return `vn${hash(uid).slice(0, 9)}`;
}

/** The node's end of the pair into the pod, for the machine's nth interface. */
export function pairName(uid: string, nth: number): string {
  return `${linkPrefix(uid)}p${nth}`;
}

/** What the guest's card is opened on. */
export function tapName(uid: string, nth: number): string {
  return `${linkPrefix(uid)}t${nth}`;
}

/**
 * An interface index for a tap. /dev/tapN is named by it, and /dev is one for all network namespaces, while the kernel
 * counts indexes in each: it must be unlikely to be taken anywhere on the machine. `attempt` gives others.
 */
export function tapIndex(instance: string, node: string, uid: string, nth: number, attempt: number): number {
  const number = Number.parseInt(hash(`${instance}/${node}/${uid}/${nth}/${attempt}`).slice(0, 8), 16);
  const lowest = 2 ** 20; // above what the kernel hands out by itself
  return lowest + (number % (2 ** 30 - lowest));
}

/** The same machine and interface, the same address. */
export function derivedMac(uid: string, interfaceName: string): string {
  return macOf(`${uid}/${interfaceName}`);
}

/** Locally administered, unicast. */
function macOf(text: string): string {
  const octets = hash(text).slice(0, 10).match(/../g) ?? [];
  return ["02", ...octets].join(":");
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
