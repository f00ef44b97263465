/** What Knative Eventing is made of, wherever its programs run: its kinds, its settings, and what the programs are told. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { ensureKnative } from "../../../scripts/kubernetes/knative.ts";
import type { Manifest } from "../../../scripts/manifests.ts";

export const SYSTEM = "knative-eventing";
/** As whom its programs speak to the API server. */
export const ACCOUNT = "eventing";

/** As pods know it; Knative's programs know it by this name alone. */
export const API_SERVER = "kubernetes.default.svc";
/** Of the API server: where those who check tokens get the keys. */
export const KEYS_FLAG = `--service-account-jwks-uri=https://${API_SERVER}/openid/v1/jwks`;

/** Ports of each program, those that can be chosen so that none meets another's. */
export const PORTS = { ingress: 8081, filter: 8082, channel: 8080 } as const;
export type Part = keyof typeof PORTS;

export const PROGRAMS = { ingress: "ingress", filter: "filter", channel: "channel_dispatcher" } as const;

const CONFIGURATIONS = {
  "config-features": { "delivery-timeout": "enabled", "authentication-oidc": "enabled" },
  "config-logging": {},
  "config-observability": {},
  "config-leader-election": {},
  "config-tracing": {},
} as const;

/** Of every program. */
export function commonEnvironment(name: string): Readonly<Record<string, string>> {
  return {
    POD_NAME: name,
    CONTAINER_NAME: name,
    SYSTEM_NAMESPACE: SYSTEM,
    // By default five requests a second, and each that starts asks for a token a Trigger.
    KUBE_API_QPS: "500",
    KUBE_API_BURST: "1000",
    CONFIG_LOGGING_NAME: "config-logging",
    CONFIG_OBSERVABILITY_NAME: "config-observability",
  };
}

export function environmentOf(part: Part): Readonly<Record<string, string>> {
  return {
    INGRESS_PORT: String(PORTS.ingress),
    INGRESS_PORT_HTTPS: String(PORTS.ingress + 2000),
    FILTER_PORT: String(PORTS.filter),
    FILTER_PORT_HTTPS: String(PORTS.filter + 2000),
    // To the channel it would mean: of channels, only those of this namespace that say so.
    ...(part === "filter" ? { NAMESPACE: SYSTEM } : {}),
    PROFILING_PORT: String(PORTS[part] + 1000),
    MAX_IDLE_CONNS: "1000",
    MAX_IDLE_CONNS_PER_HOST: "1000",
  };
}

/** Definitions of Knative's kinds, fit for an API server without Knative's webhook: of each kind one version, unconverted. */
export async function knativeDefinitions(): Promise<string> {
  const folder = join(await ensureKnative((line) => console.error(`cluster: ${line}`)), "definitions");
  const wanted = ["broker", "trigger", "subscription", "eventtype", "eventpolicy", "in-memory-channel", "sinkbindings"];
  const files = (await readdir(folder)).filter((file) => wanted.includes(file.replace(".yaml", "")));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const definitions = texts.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as Definition | null));
  return definitions
    .filter((one) => one !== null)
    .map((one) => stringify({ ...one, spec: { ...one.spec, conversion: { strategy: "None" } } }))
    .join("---\n");
}

interface Definition {
  readonly spec: object;
}

/** The namespace of Knative's programs, as whom they speak to the API server, and their settings. */
export function knativeSettings(): readonly Manifest[] {
  const of = (apiVersion: string, kind: string, name: string, more: object = {}, namespaced = true): Manifest => ({
    apiVersion,
    kind,
    metadata: { name, ...(namespaced ? { namespace: SYSTEM } : {}) },
    ...more,
  });
  const rbac = "rbac.authorization.k8s.io";
  const roleRef = { apiGroup: rbac, kind: "ClusterRole", name: "cluster-admin" };
  const subjects = [{ kind: "ServiceAccount", name: ACCOUNT, namespace: SYSTEM }];
  return [
    of("v1", "Namespace", SYSTEM, {}, false),
    of("v1", "ServiceAccount", ACCOUNT),
    of(`${rbac}/v1`, "ClusterRoleBinding", ACCOUNT, { roleRef, subjects }, false),
    ...Object.entries(CONFIGURATIONS).map(([name, data]) => of("v1", "ConfigMap", name, { data })),
  ];
}
