/** IPv4 subnets as numbers: parsing, printing, and a free one. Pure. */
import { Fault } from "#events/fault.ts";

export interface Subnet {
  /** The first address, as an unsigned 32-bit number. */
  readonly base: number;
  readonly prefix: number;
}

/** @throws Fault refused, naming the field */
export function parseSubnet(text: string, field: string): Subnet {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const octets = match?.slice(1, 5).map(Number) ?? [];
  const prefix = Number(match?.[5]);
  if (match === null || octets.some((octet) => octet > 255) || prefix > 32) {
    const message = `${field} is ${JSON.stringify(text)}; it must be an IPv4 subnet such as 10.0.2.0/24`;
    throw new Fault("refused", "InvalidSubnet", message, { causes: [{ reason: "FieldValueInvalid", field, message }] });
  }
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return { base: address - (address % sizeOf(prefix)), prefix };
}

export function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}

export function printAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

export function printSubnet(subnet: Subnet): string {
  return `${printAddress(subnet.base)}/${subnet.prefix}`;
}

export function netmask(prefix: number): string {
  return printAddress(2 ** 32 - sizeOf(prefix));
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + sizeOf(b.prefix) && b.base < a.base + sizeOf(a.prefix);
}

/**
 * A private subnet that overlaps nothing that is taken: a /16 of 10/8, else a /24 of 192.168/16. `seed` decides where
 * the search starts, so that two instances that look at the same moment rarely find the same one.
 */
export function freeSubnet(taken: readonly Subnet[], seed: number): Subnet | undefined {
  const wide = Array.from({ length: 192 }, (_, index) => ({ base: (10 * 256 + 64 + index) * 65_536, prefix: 16 }));
  const narrow = Array.from({ length: 256 }, (_, index) => ({
    base: (192 * 256 + 168) * 65_536 + index * 256,
    prefix: 24,
  }));
  return [wide, narrow]
    .flatMap((list) => [...list.slice(seed % list.length), ...list.slice(0, seed % list.length)])
    .find((candidate) => !taken.some((subnet) => overlaps(candidate, subnet)));
}

/** Where `ip -j route` says that something is reached; default routes overlap everything and do not count. */
export function routedSubnet(destination: string): Subnet | undefined {
  if (!/^[\d./]+$/.test(destination)) return undefined;
  const subnet = parseSubnet(destination.includes("/") ? destination : `${destination}/32`, "route");
  return subnet.prefix === 0 ? undefined : subnet;
}
