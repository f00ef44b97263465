/** Kinds of Kubernetes that only the control process reads and writes, as far as it does. */
import type { Kind, KubeObject } from "#api/object.ts";

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    /** RFC 3339 with microseconds. */
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export const Lease: Kind<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};

export interface APIService extends KubeObject {
  readonly spec?: { readonly caBundle?: string; readonly [field: string]: unknown };
}

export const APIService: Kind<APIService> = {
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  plural: "apiservices",
  namespaced: false,
};

export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly {
    readonly clientConfig: { readonly caBundle?: string; readonly [field: string]: unknown };
    readonly [field: string]: unknown;
  }[];
}

const ADMISSION = { group: "admissionregistration.k8s.io", version: "v1", namespaced: false } as const;

export const MutatingWebhookConfiguration: Kind<WebhookConfiguration> = {
  ...ADMISSION,
  kind: "MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
};

export const ValidatingWebhookConfiguration: Kind<WebhookConfiguration> = {
  ...ADMISSION,
  kind: "ValidatingWebhookConfiguration",
  plural: "validatingwebhookconfigurations",
};

/** Questions: what is created is answered and not kept. */
export interface TokenReview extends KubeObject {
  readonly spec: { readonly token: string; readonly audiences: readonly string[] };
  readonly status?: {
    readonly authenticated?: boolean;
    readonly audiences?: readonly string[];
    readonly error?: string;
    readonly user?: {
      readonly username?: string;
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

export const TokenReview: Kind<TokenReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  namespaced: false,
};

export interface SelfSubjectReview extends KubeObject {
  readonly status?: { readonly userInfo?: { readonly username?: string } };
}

export const SelfSubjectReview: Kind<SelfSubjectReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "SelfSubjectReview",
  plural: "selfsubjectreviews",
  namespaced: false,
};

export interface SubjectAccessReview extends KubeObject {
  readonly spec: {
    readonly user: string;
    readonly groups: readonly string[];
    readonly uid?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
    readonly resourceAttributes: Readonly<Record<string, string>>;
  };
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean; readonly reason?: string };
}

export const SubjectAccessReview: Kind<SubjectAccessReview> = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  namespaced: false,
};
