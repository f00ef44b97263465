/**
 * Who asks, behind Kubernetes' aggregation layer: the API server has authenticated the user, presents its front-proxy
 * certificate, and says in headers who it is. The names of authority, certificate and headers stand in a ConfigMap that
 * every cluster has. A replica that passes a request on does the same with the certificate of control planes.
 */
import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { ConfigMap } from "#api/core.ts";
import type { Reader } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import { isControl } from "#events/identities.ts";
import { certificatesIn } from "./rotation.ts";

export interface User {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What the cluster says of its front proxy. */
export interface FrontProxy {
  /** PEM. */
  readonly ca: string;
  readonly authorities: readonly X509Certificate[];
  /** Common names that its certificate may have; none: any. */
  readonly allowedNames: readonly string[];
  /** In lower case. */
  readonly userHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

const WHERE = { namespace: "kube-system", name: "extension-apiserver-authentication" } as const;

/** @throws Fault later while the cluster has not told; refused when what it tells can't be read */
export async function readFrontProxy(reader: Reader): Promise<FrontProxy> {
  const data = (await reader.get(ConfigMap, WHERE))?.data ?? {};
  const ca = data["requestheader-client-ca-file"];
  if (ca === undefined || ca === "") {
    throw new Fault(
      "later",
      "NoFrontProxy",
      `ConfigMap ${WHERE.namespace}/${WHERE.name} names no requestheader-client-ca-file: is the aggregation layer on?`,
    );
  }
  return {
    ca,
    authorities: certificatesOf(ca),
    allowedNames: listIn(data, "requestheader-allowed-names", []),
    userHeaders: lower(listIn(data, "requestheader-username-headers", ["X-Remote-User"])),
    groupHeaders: lower(listIn(data, "requestheader-group-headers", ["X-Remote-Group"])),
    extraPrefixes: lower(listIn(data, "requestheader-extra-headers-prefix", ["X-Remote-Extra-"])),
  };
}

/** Whether it names the same authority, names and headers. */
export function saysTheSame(one: FrontProxy, other: FrontProxy): boolean {
  const told = ({ authorities: _, ...rest }: FrontProxy): object => rest;
  return isDeepStrictEqual(told(one), told(other));
}

function listIn(data: Readonly<Record<string, string>>, name: string, preset: readonly string[]): readonly string[] {
  const text = data[name];
  if (text === undefined || text === "") return preset;
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new Fault("refused", "BadFrontProxy", `ConfigMap ${WHERE.name}: ${name} is no list of texts: ${text}`);
}

function lower(names: readonly string[]): readonly string[] {
  return names.map((name) => name.toLowerCase());
}

export function certificatesOf(pem: string): readonly X509Certificate[] {
  return certificatesIn(pem).map((cert) => new X509Certificate(cert));
}

export interface Trust {
  readonly frontProxy: FrontProxy;
  /** Our own authorities. */
  readonly own: readonly X509Certificate[];
}

/** Reading and checking a certificate takes longer than the rest of a request, and a connection has one for its life. */
const believed = new WeakMap<TLSSocket, { readonly trust: Trust; readonly believes: boolean }>();

/** Whether what the headers say may be believed. */
function mayTell(socket: TLSSocket, trust: Trust): boolean {
  const known = believed.get(socket);
  if (known?.trust === trust) return known.believes;
  const believes = checks(socket, trust);
  believed.set(socket, { trust, believes });
  return believes;
}

function checks(socket: TLSSocket, { frontProxy, own }: Trust): boolean {
  // TLS has checked time and signature against both authorities; by which of them, it does not say.
  if (!socket.authorized) return false;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return false;
  if (signedBy(certificate, own)) return isControl(certificate.subjectAltName);
  if (!signedBy(certificate, frontProxy.authorities)) return false;
  const { allowedNames } = frontProxy;
  return allowedNames.length === 0 || allowedNames.includes(String(certificate.toLegacyObject().subject.CN));
}

export function signedBy(certificate: X509Certificate, authorities: readonly X509Certificate[]): boolean {
  return authorities.some((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey));
}

/** The user that a request is made for. Undefined: whoever sends it may not speak for users, or names none. */
export function userOf(request: IncomingMessage, trust: Trust): User | undefined {
  if (!mayTell(request.socket as TLSSocket, trust)) return undefined;
  const { headersDistinct: headers } = request;
  const { userHeaders, groupHeaders, extraPrefixes } = trust.frontProxy;
  const username = userHeaders.flatMap((name) => headers[name] ?? [])[0];
  if (username === undefined || username === "") return undefined;
  const extra: Record<string, readonly string[]> = {};
  for (const [name, values = []] of Object.entries(headers)) {
    const prefix = extraPrefixes.find((one) => name.startsWith(one));
    if (prefix !== undefined) extra[decoded(name.slice(prefix.length))] = values;
  }
  const uid = headers["x-remote-uid"]?.[0];
  return {
    username,
    groups: groupHeaders.flatMap((name) => headers[name] ?? []),
    ...(uid === undefined ? {} : { uid }),
    extra,
  };
}

/** Names of extras come percent-encoded. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
