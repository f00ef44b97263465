/** Kubernetes' functions on addresses, networks and URLs. */
import { BlockList, isIP, isIPv4, SocketAddress } from "node:net";
import type { Environment } from "@marcbachmann/cel-js";
import { hasFormat } from "../schema/formats.ts";

class Address {
  readonly text: string;
  readonly family: "ipv4" | "ipv6";

  constructor(text: string) {
    if (isIP(text) === 0) throw new Error(`${JSON.stringify(text)} is no IP address`);
    this.family = isIPv4(text) ? "ipv4" : "ipv6";
    this.text = new SocketAddress({ address: text, family: this.family }).address;
  }

  isIn(network: string): boolean {
    return new Network(network).holds(this);
  }
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
  environment.registerFunction("isIP(string): bool", (text: string) => isIP(text) !== 0);
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

function registerUrls(environment: Environment): void {
  const type = "kubernetes.URL";
  const on = (name: string, part: (url: URL) => string) =>
    environment.registerFunction(`${type}.${name}(): string`, part);
  environment.registerType(type, URL);
  environment.registerFunction("isURL(string): bool", (text: string) => URL.canParse(text));
  environment.registerFunction(`url(string): ${type}`, (text: string) => new URL(text));
  on("getScheme", ({ protocol }) => protocol.slice(0, -1));
  on("getHost", ({ host }) => host);
  on("getHostname", ({ hostname }) => hostname.replace(/^\[(.*)\]$/, "$1"));
  on("getPort", ({ port }) => port);
  on("getEscapedPath", ({ pathname }) => pathname);
}
