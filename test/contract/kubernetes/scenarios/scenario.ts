/** What a scenario is, and the requests that scenarios are made of. */
import type { Transcript } from "../transcript.ts";

export interface Ground {
  readonly namespace: string;
  readonly group: string;
}

export interface Scenario {
  readonly name: string;
  /** Fields that differ on purpose, with the reason. */
  readonly without?: Readonly<Record<string, string>>;
  readonly run: (transcript: Transcript, ground: Ground) => Promise<void>;
}

export const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

export const tracked = {
  managedFields: "compared by a scenario of its own",
} as const;

export const core = (kind: string, name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: "v1",
  kind,
  metadata: { name, ...metadata },
  ...more,
});

export const paths = ({ namespace, group }: Ground) => ({
  widgets: `/apis/${group}/v1/namespaces/${namespace}/widgets`,
  configMaps: `/api/v1/namespaces/${namespace}/configmaps`,
  secrets: `/api/v1/namespaces/${namespace}/secrets`,
  pods: `/api/v1/namespaces/${namespace}/pods`,
  services: `/api/v1/namespaces/${namespace}/services`,
  claims: `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
  accounts: `/api/v1/namespaces/${namespace}/serviceaccounts`,
  events: `/api/v1/namespaces/${namespace}/events`,
  newEvents: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  leases: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
});

export const merge = (body: unknown) => ({ body, contentType: "application/merge-patch+json" });
export const strategic = (body: unknown) => ({ body, contentType: "application/strategic-merge-patch+json" });
export const json = (body: unknown) => ({ body, contentType: "application/json-patch+json" });
export const apply = (body: unknown) => ({ body, contentType: "application/apply-patch+yaml" });
export const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
