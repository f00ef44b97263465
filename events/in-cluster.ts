/** A pod's own way to the API server: what Kubernetes puts into its environment and its service account's folder. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Credentials } from "./kube-http.ts";

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface InCluster {
  readonly server: URL;
  /** Read anew each time: the kubelet renews the token long before it expires. */
  readonly credentials: () => Promise<Credentials>;
}

/** Undefined outside of a pod. @param env SERVICE_ACCOUNT_DIRECTORY names another folder */
export function inCluster(env: NodeJS.ProcessEnv = process.env): InCluster | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = env;
  const folder = env["SERVICE_ACCOUNT_DIRECTORY"] ?? FOLDER;
  if (host === undefined || host === "" || !existsSync(join(folder, "token"))) return undefined;
  return {
    server: new URL(`https://${host.includes(":") ? `[${host}]` : host}:${port}`),
    async credentials() {
      const [token, ca] = await Promise.all([
        readFile(join(folder, "token"), "utf8"),
        readFile(join(folder, "ca.crt"), "utf8"),
      ]);
      return { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
    },
  };
}
