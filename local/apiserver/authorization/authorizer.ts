/** The seam where it is decided who may do what. */
import type { UserInfo } from "../authentication/user.ts";

/** What a request is about, as Kubernetes' authorizers see it. */
export type Attributes = {
  readonly user: UserInfo;
  /** get, list, watch, create, update, patch, delete, deletecollection; for other paths the HTTP method in lower case. */
  readonly verb: string;
} & (
  | {
      readonly resource: string;
      readonly group: string;
      readonly version: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly path: string }
);

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export interface Authorizer {
  authorize(attributes: Attributes): Promise<Verdict> | Verdict;
}

/** Tell nothing of the cluster's objects. */
const open: ReadonlySet<string> = new Set(["/livez", "/readyz", "/healthz", "/version"]);

/** Everyone with valid credentials may do everything; everyone else may ask for health and version. */
export const authenticatedIsAdmin: Authorizer = {
  authorize(attributes) {
    if (attributes.user.groups.includes("system:authenticated")) return { allowed: true };
    if ("path" in attributes && open.has(attributes.path)) return { allowed: true };
    return { allowed: false, reason: "no credentials were given: use the client certificate or token of a kubeconfig" };
  },
};
