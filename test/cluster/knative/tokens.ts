/** Tokens of ServiceAccounts, as the API server gives them to whoever may ask for them. */
import type { Kind } from "#api/object.ts";
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
  { ask }: Installation,
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
): Promise<void> {
  await cluster.create(ServiceAccount, {
    apiVersion: "v1",
    kind: ServiceAccount.kind,
    metadata: { name, namespace },
  });
}

/**
 * What Knative's SinkBinding of this name puts beside K_SINK: a token for the sink, of an account of the binding's own.
 * @returns the token's file
 */
export async function sinkTokenOf(
  installation: Installation,
  options: { readonly namespace: string; readonly binding: string; readonly audience: string; readonly file: string },
): Promise<string> {
  const { namespace, binding, audience, file } = options;
  const name = `${binding}-oidc-sources.knative.dev-sinkbinding`;
  await makeAccount(installation, namespace, name);
  await writeFile(file, await tokenOf(installation, { namespace, name, audience }), { mode: 0o600 });
  return file;
}
