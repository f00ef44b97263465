/** Kubernetes' functions on addresses, networks and URLs. */
import { BlockList, isIP, isIPv4, SocketAddress } from "node:net";
import type { Environment } from "@marcbachmann/cel-js";
import { hasFormat } from "../schema/formats.ts";

class Address {
  readonly text: string;
  readonly family: "ipv4" | "ipv6";

  constructor(text: string) {
    if (!isAddress(text)) throw new Error(`${JSON.stringify(text)} is no IP address`);
    this.family = isIPv4(text) ? "ipv4" : "ipv6";
    this.text = new SocketAddress({ address: text, family: this.family }).address;
  }

  isIn(network: string): boolean {
    return new Network(network).holds(this);
  }
}

/** As Kubernetes takes them: no zones, and no IPv4 address within an IPv6 one. */
function isAddress(text: string): boolean {
  return isIPv4(text) || (isIP(text) === 6 && !/[%.]/.test(text) && !isMapped(text));
}

/** ::ffff:102:304 */
function isMapped(text: string): boolean {
  return new SocketAddress({ address: text, family: "ipv6" }).address.startsWith("::ffff:");
}

class Network {
  readonly address: Address;
  readonly prefix: number;
  readonly #block = new BlockList();

  constructor(text: string) {
    if (!hasFormat(text, "cidr")) throw new Error(`${JSON.stringify(text)} is no CIDR`);
    const slash = text.lastIndexOf("/");
    this.address = new Address(text.slice(0, slash));
    this.prefix = Number(text.slice(slash + 1));
    this.#block.addSubnet(this.address.text, this.prefix, this.address.family);
  }

  holds({ text, family }: Address): boolean {
    return family === this.address.family && this.#block.check(text, family);
  }

  contains(other: Network): boolean {
    return other.prefix >= this.prefix && this.holds(other.address);
  }
}

export function registerNetwork(environment: Environment): void {
  const ip = "net.IP";
  const cidr = "net.CIDR";
  environment.registerType(ip, Address);
  environment.registerType(cidr, Network);
  environment.registerOperator(`${ip} == ${ip}`, (one: Address, other: Address) => one.text === other.text);
  environment.registerFunction("isIP(string): bool", isAddress);
  environment.registerFunction(`ip(string): ${ip}`, (text: string) => new Address(text));
  environment.registerFunction(`${ip}.family(): int`, ({ family }: Address) => (family === "ipv4" ? 4n : 6n));
  environment.registerFunction(
    `${ip}.isLoopback(): bool`,
    (own: Address) => own.isIn("127.0.0.0/8") || own.isIn("::1/128"),
  );
  environment.registerFunction(
    `${ip}.isUnspecified(): bool`,
    ({ text }: Address) => text === "0.0.0.0" || text === "::",
  );
  environment.registerFunction("isCIDR(string): bool", (text: string) => hasFormat(text, "cidr"));
  environment.registerFunction(`cidr(string): ${cidr}`, (text: string) => new Network(text));
  environment.registerFunction(`${cidr}.prefixLength(): int`, ({ prefix }: Network) => BigInt(prefix));
  environment.registerFunction(`${cidr}.ip(): ${ip}`, ({ address }: Network) => address);
  environment.registerFunction(`${cidr}.containsIP(${ip}): bool`, (own: Network, other: Address) => own.holds(other));
  environment.registerFunction(`${cidr}.containsIP(string): bool`, (own: Network, text: string) =>
    own.holds(new Address(text)),
  );
  environment.registerFunction(`${cidr}.containsCIDR(${cidr}): bool`, (own: Network, other: Network) =>
    own.contains(other),
  );
  environment.registerFunction(`${cidr}.containsCIDR(string): bool`, (own: Network, text: string) =>
    own.contains(new Network(text)),
  );
  registerUrls(environment);
}

/** A URL as it is written: nothing is left out or made smaller. Without a scheme it is the path of a request. */
class Url {
  readonly scheme: string;
  /** With the port. */
  readonly host: string;
  readonly path: string;

  constructor(text: string) {
    const isPath = text.startsWith("/");
    if (!(isPath || URL.canParse(text)) || /[\u0000-\u001f\u007f]/.test(text))
      throw new Error(`${JSON.stringify(text)} is no URL`);
    const [, scheme = "", authority = "", path = ""] = isPath
      ? [text, "", "", /^[^?]*/.exec(text)?.[0]]
      : (/^([^:]+):(?:\/\/([^/?]*)([^?]*))?/.exec(text) ?? []);
    this.scheme = scheme.toLowerCase();
    this.host = authority.slice(authority.lastIndexOf("@") + 1);
    this.path = path.replaceAll(/[^!-~]|["<>\\^`{|}]/gu, encodeURIComponent);
  }

  get hostname(): string {
    return this.host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1");
  }

  get port(): string {
    return /:(\d*)$/.exec(this.host)?.[1] ?? "";
  }
}

function urlOf(text: string): Url | undefined {
  try {
    return new Url(text);
  } catch {
    return undefined;
  }
}

function registerUrls(environment: Environment): void {
  const type = "kubernetes.URL";
  const on = (name: string, part: (url: Url) => string) =>
    environment.registerFunction(`${type}.${name}(): string`, part);
  environment.registerType(type, Url);
  environment.registerFunction("isURL(string): bool", (text: string) => urlOf(text) !== undefined);
  environment.registerFunction(`url(string): ${type}`, (text: string) => new Url(text));
  on("getScheme", ({ scheme }) => scheme);
  on("getHost", ({ host }) => host);
  on("getHostname", ({ hostname }) => hostname);
  on("getPort", ({ port }) => port);
  on("getEscapedPath", ({ path }) => path);
}
