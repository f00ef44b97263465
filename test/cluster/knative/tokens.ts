/** Tokens of ServiceAccounts, as the API server gives them to whoever may ask for them. */
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { writeFile } from "node:fs/promises";
import type { Installation } from "../../../scripts/race/installation.ts";

export const ServiceAccount: Kind = {
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  namespaced: true,
};

const SECONDS = 7_200;

/** @param audience who it is for; none: the API server */
export async function tokenOf(
  { ask }: Pick<Installation, "ask">,
  { namespace, name, audience }: { readonly namespace: string; readonly name: string; readonly audience?: string },
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const spec = { expirationSeconds: SECONDS, ...(audience === undefined ? {} : { audiences: [audience] }) };
  const { code, text } = await ask("POST", path, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec,
  });
  if (code !== 201) throw new Error(`POST ${path}: ${code} ${text}`);
  return (JSON.parse(text) as { readonly status: { readonly token: string } }).status.token;
}

export async function makeAccount(
  { cluster }: Pick<Installation, "cluster">,
  namespace: string,
  name: string,
  owner: object = {},
): Promise<void> {
  await cluster.create(ServiceAccount, {
    apiVersion: "v1",
    kind: ServiceAccount.kind,
    metadata: { name, namespace, ...owner },
  });
}

/** What is made for an object and has this in its metadata goes with it. */
export function ownedBy({ apiVersion, kind, metadata: { name, uid } }: Stored<KubeObject>): object {
  return { ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] };
}

interface Binding {
  readonly namespace: string;
  readonly binding: string;
  readonly audience: string;
}

/** The token that Knative's SinkBinding of this name gets for the sink: of an account of the binding's own. */
export async function bindingToken(
  installation: Pick<Installation, "ask" | "cluster">,
  { namespace, binding, audience }: Binding,
  owner: object = {},
): Promise<string> {
  const name = `${binding}-oidc-sources.knative.dev-sinkbinding`;
  await makeAccount(installation, namespace, name, owner);
  return tokenOf(installation, { namespace, name, audience });
}

/**
 * What the SinkBinding puts beside K_SINK.
 * @returns the token's file
 */
export async function sinkTokenOf(
  installation: Installation,
  { file, ...binding }: Binding & { readonly file: string },
): Promise<string> {
  await writeFile(file, await bindingToken(installation, binding), { mode: 0o600 });
  return file;
}
