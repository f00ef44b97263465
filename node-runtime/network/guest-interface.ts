/**
 * What an interface of the spec asks of the network, checked: the link plan of one machine. Pure.
 */
import { Fault } from "#events/fault.ts";
import type { MachineOrder, MachineStatus } from "#events/machine.ts";
import { parseSubnet, printAddress, sizeOf } from "./addresses.ts";
import { derivedMac, pairName, tapName } from "./names.ts";

type Wanted = NonNullable<MachineOrder["spec"]["domain"]["devices"]["interfaces"]>[number];

export interface PortRule {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly from: number;
  readonly to: number;
}

/**
 * - `masquerade`: the guest has a private address behind its pod's, which the listed ports are forwarded from
 * - `bridge`: the guest has the pod's own address
 */
export type Binding =
  | {
      readonly kind: "masquerade";
      readonly guest: string;
      readonly gateway: string;
      readonly prefix: number;
      /** Empty: everything is forwarded. */
      readonly ports: readonly PortRule[];
    }
  | { readonly kind: "bridge" };

export interface GuestInterface {
  readonly name: string;
  readonly mac: string;
  readonly binding: Binding;
  /** On the node: the pair's end and the tap on it. */
  readonly pair: string;
  readonly tap: string;
  readonly dhcp: Wanted["dhcpOptions"];
}

/** The guest's network behind a masquerade when the spec names none, as guests of KubeVirt know it. */
const DEFAULT_CIDR = "10.0.2.0/24";

/** @throws Fault refused NetworkNotSupported, InvalidSubnet, with the field */
export function guestInterfaces(order: MachineOrder): readonly GuestInterface[] {
  const wanted = order.spec.domain.devices.interfaces ?? [];
  return wanted.map((wish, nth) => {
    const field = `spec.domain.devices.interfaces[${nth}]`;
    const network = order.spec.networks?.find((candidate) => candidate.name === wish.name);
    if (network === undefined) throw refused(field, `no entry of spec.networks is named ${JSON.stringify(wish.name)}`);
    if (network.pod === undefined)
      throw refused(field, `its network ${wish.name} is not the pod network; only that is supported`);
    if (nth > 0) throw refused(field, "a pod has one network, and the first interface is on it");
    return {
      name: wish.name,
      mac: macOf(wish.macAddress, order.uid, wish.name),
      binding: bindingOf(wish, network.pod.vmNetworkCIDR, field),
      pair: pairName(order.uid, nth),
      tap: tapName(order.uid, nth),
      dhcp: wish.dhcpOptions,
    };
  });
}

/** What the status tells of the machine's interfaces. Never throws: a spec that is refused has no interfaces to tell of. */
export function statusInterfaces(order: MachineOrder): MachineStatus["interfaces"] {
  const { podIP } = order.anchor;
  return (order.spec.domain.devices.interfaces ?? []).map((wish) => ({
    name: wish.name,
    mac: macOf(wish.macAddress, order.uid, wish.name),
    ...(podIP === undefined ? {} : { ipAddress: podIP }),
    ipAddresses: podIP === undefined ? [] : [podIP],
  }));
}

function macOf(wished: string | undefined, uid: string, name: string): string {
  return wished === undefined || wished === "" ? derivedMac(uid, name) : wished.toLowerCase().replaceAll("-", ":");
}

function bindingOf(wish: Wanted, cidr: string | undefined, field: string): Binding {
  if (wish.bridge !== undefined) return { kind: "bridge" };
  if (wish.masquerade === undefined) throw refused(field, "it must have masquerade or bridge");
  const named = cidr === undefined || cidr === "" ? DEFAULT_CIDR : cidr;
  const subnet = parseSubnet(named, "spec.networks[].pod.vmNetworkCIDR");
  if (subnet.prefix > 30) {
    throw refused(
      "spec.networks[].pod.vmNetworkCIDR",
      `${named} has no room for a guest and its gateway; /30 is the smallest`,
    );
  }
  return {
    kind: "masquerade",
    gateway: printAddress(subnet.base + 1),
    guest: printAddress(subnet.base + Math.min(2, sizeOf(subnet.prefix) - 2)),
    prefix: subnet.prefix,
    ports: portsOf(wish, field),
  };
}

function portsOf(wish: Wanted, field: string): readonly PortRule[] {
  const single = (wish.ports ?? []).map((port) => ({ protocol: port.protocol, from: port.port, to: port.port }));
  const ranges = (wish.portRanges ?? []).map((range) => ({
    protocol: range.protocol,
    from: range.start,
    to: range.end,
  }));
  return [...single, ...ranges].map(({ protocol, from, to }) => {
    const lower = (protocol === undefined || protocol === "" ? "tcp" : protocol).toLowerCase();
    if (lower !== "tcp" && lower !== "udp" && lower !== "sctp") {
      throw refused(`${field}.ports`, `protocol ${JSON.stringify(protocol)} is none of TCP, UDP, SCTP`);
    }
    if (from < 1 || to > 65_535 || from > to)
      throw refused(`${field}.ports`, `${from}–${to} is no port or range in 1–65535`);
    return { protocol: lower, from, to };
  });
}

function refused(field: string, problem: string): Fault {
  const message = `${field}: ${problem}`;
  return new Fault("refused", "NetworkNotSupported", message, {
    causes: [{ reason: "FieldValueNotSupported", field, message }],
  });
}
