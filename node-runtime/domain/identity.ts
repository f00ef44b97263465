/**
 * Whose domain it is. A runtime that comes back finds domains by their UUID and reads from their metadata which VMI and
 * which epoch they run for. Pure.
 */
import { createHash } from "node:crypto";
import { Fault } from "#events/fault.ts";
import type { MachineOrder } from "#events/machine.ts";
import { element, type Element } from "./element.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NAMESPACE = "https://virtive.dev/xmlns/machine/1";

/** libvirt names files after the domain (log, pid file, sockets); file names end at 255 bytes. */
const LONGEST_NAME = 200;

export type Identified = Pick<MachineOrder, "uid" | "namespace" | "name" | "claim" | "spec">;

/**
 * The domain's UUID: `spec.domain.firmware.uuid` where it is set, else the VMI's uid (hashed into a UUID if it is none).
 * libvirt and QEMU have one UUID for the domain and for the guest's SMBIOS table, so what the guest must see decides.
 * @throws Fault refused InvalidFirmwareUUID
 */
export function domainUuid(order: Pick<MachineOrder, "uid" | "spec">): string {
  const wished = order.spec.domain.firmware?.uuid;
  if (wished !== undefined && wished !== "") {
    if (UUID.test(wished)) return wished.toLowerCase();
    const field = "spec.domain.firmware.uuid";
    const message = `${field} is ${JSON.stringify(wished)}; it must be a UUID such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301`;
    throw new Fault("refused", "InvalidFirmwareUUID", message, {
      causes: [{ reason: "FieldValueInvalid", field, message }],
    });
  }
  return UUID.test(order.uid) ? order.uid.toLowerCase() : uuidFrom(order.uid);
}

/** `<namespace>_<name>`, as KubeVirt's tools expect; very long names end in a hash. */
export function domainName(order: Pick<MachineOrder, "namespace" | "name">): string {
  const name = `${order.namespace}_${order.name}`;
  if (name.length <= LONGEST_NAME) return name;
  return `${name.slice(0, LONGEST_NAME - 17)}-${hash(name).slice(0, 16)}`;
}

export function claimElement(order: Identified): Element {
  return element(
    "metadata",
    {},
    element("virtive:machine", {
      "xmlns:virtive": NAMESPACE,
      "uid": order.uid,
      "epoch": order.claim.epoch,
      "node": order.claim.node,
      "namespace": order.namespace,
      "name": order.name,
    }),
  );
}

export interface DomainClaim {
  readonly uid: string;
  readonly epoch: number;
  readonly node: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * What `domainXml` wrote about the machine, from the domain's XML as libvirt has it; undefined for a domain that is not
 * ours. The element cannot be forged by a user's text: there "<" is always escaped.
 */
export function claimOfDomain(xml: string): DomainClaim | undefined {
  const found = /<virtive:machine\s([^<>]*)\/?>/.exec(xml);
  if (found === null) return undefined;
  const attributes = new Map<string, string>();
  for (const [, name = "", single, double] of (found[1] ?? "").matchAll(/([\w:]+)=(?:'([^']*)'|"([^"]*)")/g)) {
    attributes.set(name, single ?? double ?? "");
  }
  const [uid, node, namespace, name] = ["uid", "node", "namespace", "name"].map((key) => attributes.get(key));
  const epoch = Number(attributes.get("epoch"));
  if (attributes.get("xmlns:virtive") !== NAMESPACE || !Number.isSafeInteger(epoch) || epoch < 1) return undefined;
  if (uid === undefined || node === undefined || namespace === undefined || name === undefined) return undefined;
  return { uid, epoch, node, namespace, name };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A UUID of version 8 (custom) made from a text: the same text, the same UUID. */
function uuidFrom(text: string): string {
  const hex = hash(`virtive:${text}`);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
