/**
 * The control plane's certificates, in Secrets of its namespace. The leader makes and renews them; every replica takes
 * what it reads there into use, in place.
 *
 * | object                        | holds                                                                |
 * |-------------------------------|----------------------------------------------------------------------|
 * | Secret `virtive-ca`           | the authority (`tls.*`), its successor (`next.*`), who is trusted (`ca.crt`) |
 * | Secret `virtive-serving`      | what replicas serve with                                             |
 * | Secret `virtive-node-client`  | who they are to nodes and to each other                              |
 * | ConfigMap `virtive-ca`        | `ca.crt` alone, for whoever must know us                             |
 *
 * The API server knows us by the caBundle of APIServices and webhook configurations, which is written right after the
 * Secret; an authority that is new there signs nothing for a week, so nobody meets a certificate that it does not know.
 */
import { ConfigMap, Secret } from "#api/core.ts";
import { apiVersionOf, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import type { Identity } from "#events/certificates.ts";
import { wait, type Clock } from "#events/clock.ts";
import type { Cluster, Reader } from "#events/cluster.ts";
import { asFault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import type { Bell } from "./bell.ts";
import {
  APIService,
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
  type WebhookConfiguration,
} from "./kinds.ts";
import {
  bundleOf,
  certificatesIn,
  clientIdentity,
  renewedAuthorities,
  renewedIdentity,
  servingNames,
  type Authorities,
} from "./rotation.ts";

export const AUTHORITY_SECRET = "virtive-ca";
export const SERVING_SECRET = "virtive-serving";
export const CLIENT_SECRET = "virtive-node-client";
const CA_CONFIG_MAP = "virtive-ca";
const WEBHOOKS = "virtive";
const API_SERVICES = [
  "v1.subresources.kubevirt.io",
  "v1alpha3.subresources.kubevirt.io",
  "v1.subresources.virtive.dev",
] as const;

/** What a replica works with. PEM texts. */
export interface Certificates {
  /** All authorities that are trusted. */
  readonly ca: string;
  readonly serving: Identity;
  readonly client: Identity;
  /** For signing what nodes ask for. */
  readonly authority: Identity;
}

type Data = Readonly<Record<string, string>>;

function dataOf(object: Stored<Secret> | undefined): Data {
  const entries = Object.entries(object?.data ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name, Buffer.from(value, "base64").toString("utf8")]));
}

function identityIn(data: Data, name: string): Identity | undefined {
  const { [`${name}.crt`]: cert, [`${name}.key`]: key } = data;
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

function authoritiesIn(data: Data): Authorities | undefined {
  const current = identityIn(data, "tls");
  if (current === undefined) return undefined;
  return { current, next: identityIn(data, "next"), trusted: certificatesIn(data["ca.crt"] ?? current.cert) };
}

/** What the Secrets hold; undefined until all of them are there. */
export async function readCertificates(reader: Reader, namespace: string): Promise<Certificates | undefined> {
  const names = [AUTHORITY_SECRET, SERVING_SECRET, CLIENT_SECRET];
  const secrets = await Promise.all(names.map((name) => reader.get(Secret, { namespace, name })));
  const [kept = {}, serves = {}, calls = {}] = secrets.map(dataOf);
  const authorities = authoritiesIn(kept);
  const serving = identityIn(serves, "tls");
  const client = identityIn(calls, "tls");
  if (authorities === undefined || serving === undefined || client === undefined) return undefined;
  return { ca: bundleOf(authorities), serving, client, authority: authorities.current };
}

export interface RenewalOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly service: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Makes what is missing or soon over, and tells the API server who is trusted. Only the leader does this; two that
 * believe to be it are told apart by compare-and-set.
 * @returns names of APIServices and webhook configurations that are not there
 * @throws Fault
 */
export async function renewCertificates(options: RenewalOptions): Promise<readonly string[]> {
  const { cluster, namespace, service, clock, log } = options;
  const now = clock.now();
  const at = (name: string) => ({ namespace, name });
  const kept = await cluster.get(Secret, at(AUTHORITY_SECRET));
  const before = authoritiesIn(dataOf(kept));
  const authorities = await renewedAuthorities(before, now);
  if (authorities !== before) {
    await put(cluster, at(AUTHORITY_SECRET), kept, "Opaque", {
      "ca.crt": bundleOf(authorities),
      ...pair("tls", authorities.current),
      ...(authorities.next === undefined ? {} : pair("next", authorities.next)),
    });
    log.info({ trusted: authorities.trusted.length }, "the certificate authority was renewed");
  }
  const bundle = bundleOf(authorities);
  const missing = await publish(cluster, namespace, bundle);
  for (const [name, wanted] of [
    [SERVING_SECRET, servingNames({ service, namespace })],
    [CLIENT_SECRET, clientIdentity],
  ] as const) {
    const secret = await cluster.get(Secret, at(name));
    const data = dataOf(secret);
    const old = identityIn(data, "tls");
    const identity = await renewedIdentity(old, wanted, authorities, now);
    if (identity === old && data["ca.crt"] === bundle) continue;
    await put(cluster, at(name), secret, "kubernetes.io/tls", { "ca.crt": bundle, ...pair("tls", identity) });
    log.info({ secret: name }, "a certificate was renewed");
  }
  return missing;
}

function pair(name: string, { cert, key }: Identity): Data {
  return { [`${name}.crt`]: cert, [`${name}.key`]: key };
}

async function put(
  cluster: Cluster,
  at: { readonly namespace: string; readonly name: string },
  there: Stored<Secret> | undefined,
  type: string,
  texts: Data,
): Promise<void> {
  const entries = Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString("base64")]);
  const data = Object.fromEntries(entries) as Data;
  if (there !== undefined) {
    await cluster.patch(Secret, there, { ...there, data }, "object");
    return;
  }
  // Somebody else's was there first: it is taken into use when it is read.
  await cluster.create(Secret, { apiVersion: "v1", kind: Secret.kind, metadata: { ...at }, type, data });
}

/** Tells everybody who must know us. @returns what is not there */
async function publish(cluster: Cluster, namespace: string, bundle: string): Promise<readonly string[]> {
  const at = { namespace, name: CA_CONFIG_MAP };
  const data = { "ca.crt": bundle };
  const { created, object } = await createUnlessThere(cluster, ConfigMap, {
    apiVersion: "v1",
    kind: ConfigMap.kind,
    metadata: at,
    data,
  });
  if (!created) await cluster.patch(ConfigMap, object, { ...object, data: { ...object.data, ...data } }, "object");
  const caBundle = Buffer.from(bundle).toString("base64");
  const told = [
    ...API_SERVICES.map((name) =>
      change(cluster, APIService, name, (old) => ({ ...old, spec: { ...old.spec, caBundle } })),
    ),
    ...[MutatingWebhookConfiguration, ValidatingWebhookConfiguration].map((kind) =>
      change(cluster, kind, WEBHOOKS, (old: Stored<WebhookConfiguration>) => ({
        ...old,
        webhooks: (old.webhooks ?? []).map((hook) => ({ ...hook, clientConfig: { ...hook.clientConfig, caBundle } })),
      })),
    ),
  ];
  return (await Promise.all(told)).filter((name) => name !== undefined);
}

/** A read first: nearly always it is there, and a create that fails would be told in the audit log each time. */
async function createUnlessThere<T extends KubeObject>(
  cluster: Cluster,
  kind: Kind<T>,
  object: T,
): Promise<{ readonly created: boolean; readonly object: Stored<T> }> {
  const there = await cluster.get(kind, object.metadata);
  return there === undefined ? cluster.create(kind, object) : { created: false, object: there };
}

async function change<T extends KubeObject>(
  cluster: Cluster,
  kind: Kind<T>,
  name: string,
  next: (old: Stored<T>) => T,
): Promise<string | undefined> {
  const old = await cluster.get(kind, { name });
  if (old === undefined) return `${kind.kind} ${name}`;
  await cluster.patch(kind, old, { ...next(old), apiVersion: apiVersionOf(kind), kind: kind.kind }, "object");
  return undefined;
}

const EVERY_MILLISECONDS = 300_000;
/** The objects that name us are made by the chart, perhaps a moment later. */
const MISSING_MILLISECONDS = [1_000, 2_000, 5_000, 15_000, 60_000] as const;

/** Between two looks: what is written here rings as well. */
const LEAST_MILLISECONDS = 1_000;

/** Renews until the signal aborts, and looks at once when the bell rings. */
export async function keepCertificates(
  options: RenewalOptions & { readonly bell: Bell },
  signal: AbortSignal,
): Promise<void> {
  const { bell, clock, log } = options;
  let again = 0;
  let told = "";
  while (!signal.aborted) {
    const pause = MISSING_MILLISECONDS[Math.min(again, MISSING_MILLISECONDS.length - 1)] ?? EVERY_MILLISECONDS;
    try {
      const missing = await renewCertificates(options);
      const names = missing.join(", ");
      if (names !== told) log.info({ missing }, names === "" ? "the API server knows our authority" : "not there yet");
      told = names;
      again = missing.length === 0 ? 0 : again + 1;
      await bell.heard(missing.length === 0 ? EVERY_MILLISECONDS : pause, signal);
    } catch (thrown) {
      const { reason, message } = asFault(thrown);
      log.warn({ reason }, `certificates could not be renewed: ${message}`);
      again += 1;
      await bell.heard(pause, signal);
    }
    await wait(clock, LEAST_MILLISECONDS, signal);
  }
}
