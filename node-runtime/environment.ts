/**
 * What the node runtime's process is told, by environment:
 *
 * | variable | what |
 * |---|---|
 * | `NODE_NAME` | the node's name in the cluster |
 * | `NODE_IP` | its addresses, by commas; where the control plane reaches it |
 * | `VIRTIVE_CONTROL_URL` | the control plane, such as https://virtive-control.virtive.svc:8444 |
 * | `VIRTIVE_CONTROL_CA` | file: who signs the control plane's certificate |
 * | `VIRTIVE_TOKEN` | file: the pod's token for the control plane |
 * | `VIRTIVE_STATE` | /var/lib/virtive: what outlives a boot of the node |
 * | `VIRTIVE_RUN` | /run/virtive: what does not |
 * | `VIRTIVE_BIND` | address that orders are taken on; the first of `NODE_IP` |
 * | `VIRTIVE_PORT` | 8445: where orders are taken; 0 takes any |
 * | `VIRTIVE_PROGRAMS` | `image`: libvirt, QEMU and the tools of this image; `node`: those that the node has |
 * | `VIRTIVE_IMAGE_LAYOUTS` | folder of OCI layouts that are looked up before registries |
 * | `VIRTIVE_LOG` | info: trace, debug, info, warn, error, fatal or silent |
 */
import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import { Fault } from "#events/fault.ts";

export interface Environment {
  readonly node: string;
  /** At least one. */
  readonly addresses: readonly string[];
  readonly controlURL: string;
  readonly controlCA: string;
  readonly token: string;
  readonly stateDirectory: string;
  readonly runDirectory: string;
  readonly bind: string;
  readonly port: number;
  readonly programs: "image" | "node";
  readonly imageLayouts: string | undefined;
}

type Variables = Readonly<Record<string, string | undefined>>;

const NODE_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
/** Paths end up in shell scripts, XML and tables of mounts. */
const PLAIN_PATH = /^[\w/.@+-]+$/;

/** @throws Fault refused, reason BadEnvironment, which names the variable, what is wrong, and what is allowed */
export function readEnvironment(variables: Variables): Environment {
  const addresses = required(variables, "NODE_IP")
    .split(",")
    .map((address) => address.trim());
  for (const address of addresses) {
    if (isIP(address) === 0) throw bad("NODE_IP", address, "IP addresses, by commas, are wanted");
  }
  const programs = variables["VIRTIVE_PROGRAMS"] ?? "image";
  if (programs !== "image" && programs !== "node") {
    throw bad("VIRTIVE_PROGRAMS", programs, "image and node are allowed");
  }
  const bind = variables["VIRTIVE_BIND"] ?? addresses[0] ?? "";
  if (isIP(bind) === 0) throw bad("VIRTIVE_BIND", bind, "an IP address is wanted");
  const layouts = variables["VIRTIVE_IMAGE_LAYOUTS"];
  return {
    node: nodeName(required(variables, "NODE_NAME")),
    addresses,
    controlURL: controlURL(required(variables, "VIRTIVE_CONTROL_URL")),
    controlCA: path(variables, "VIRTIVE_CONTROL_CA"),
    token: path(variables, "VIRTIVE_TOKEN"),
    stateDirectory: path(variables, "VIRTIVE_STATE", "/var/lib/virtive"),
    runDirectory: path(variables, "VIRTIVE_RUN", "/run/virtive"),
    bind,
    port: port(variables["VIRTIVE_PORT"] ?? "8445"),
    programs,
    imageLayouts: layouts === undefined || layouts === "" ? undefined : path(variables, "VIRTIVE_IMAGE_LAYOUTS"),
  };
}

function nodeName(name: string): string {
  if (!NODE_NAME.test(name)) throw bad("NODE_NAME", name, "a DNS name of a-z, 0-9, - and . is wanted");
  return name;
}

function controlURL(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" || url.pathname !== "/" || url.search !== "" || url.username !== "") {
    throw bad("VIRTIVE_CONTROL_URL", text, "https://NAME:PORT is wanted");
  }
  return url.origin;
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number <= 65_535) return number;
  throw bad("VIRTIVE_PORT", text, "a whole number from 0 to 65535 is wanted");
}

function path(variables: Variables, name: string, otherwise?: string): string {
  const value = otherwise === undefined ? required(variables, name) : (variables[name] ?? otherwise);
  if (isAbsolute(value) && PLAIN_PATH.test(value)) return value;
  throw bad(name, value, "an absolute path of letters, digits and _ / . @ + - is wanted");
}

function required(variables: Variables, name: string): string {
  const value = variables[name];
  if (value !== undefined && value.trim() !== "") return value;
  throw new Fault("refused", "BadEnvironment", `${name} is not set`);
}

function bad(name: string, value: string, wanted: string): Fault {
  return new Fault("refused", "BadEnvironment", `${name}: ${JSON.stringify(value.slice(0, 200))}; ${wanted}`);
}
