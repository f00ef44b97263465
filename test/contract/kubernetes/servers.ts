/** The servers that the contract suite runs on: the embedded one, and Kubernetes' own. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startApiServer, type ApiServer, type ApiServerOptions } from "#local/apiserver/server.ts";
import { openPki } from "#local/pki.ts";
import { administratorOf, upCluster } from "../../../scripts/kubernetes/cluster.ts";
import { findCluster } from "../../../scripts/kubernetes/record.ts";
import { Client, type Access } from "./client.ts";

export interface ServerUnderTest {
  readonly client: Client;
  readonly access: Access;
  /** A file for kubectl. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

export interface EmbeddedServer extends ServerUnderTest {
  readonly server: ApiServer;
  readonly directory: string;
}

function kubeconfig({ url, ca, cert = "", key = "" }: Access): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return JSON.stringify({
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{ name: "test", cluster: { "server": url, "certificate-authority-data": base64(ca) } }],
    "users": [{ name: "admin", user: { "client-certificate-data": base64(cert), "client-key-data": base64(key) } }],
    "contexts": [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  });
}

/** The embedded server in a directory of its own; `directory` to start again on what an earlier one left. */
export async function startEmbedded(
  options: Partial<ApiServerOptions> = {},
  directory?: string,
): Promise<EmbeddedServer> {
  const home = directory ?? (await mkdtemp(path.join(tmpdir(), "virtive-apiserver-")));
  const pki = await openPki(path.join(home, "pki"));
  const server = await startApiServer({
    directory: path.join(home, "data"),
    tls: { ...pki.server, clientCA: pki.authority },
    ...options,
  });
  const access = { url: server.url, ca: pki.authority, ...pki.admin };
  const file = path.join(home, "kubeconfig");
  await writeFile(file, kubeconfig(access), { mode: 0o600 });
  const client = new Client(access);
  return {
    server,
    client,
    access,
    kubeconfig: file,
    directory: home,
    async stop() {
      client.close();
      await server.close();
      if (directory === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}

/**
 * Kubernetes' own server, with its controllers: one for all suites of a run, brought up by the first that wants it and
 * taken down by real-server.ts.
 */
async function startReal(): Promise<ServerUnderTest> {
  const name = process.env["VIRTIVE_REAL_CLUSTER"] ?? "contract";
  const cluster = await findCluster(name).catch(() =>
    upCluster({ name, say: (line) => console.error(`cluster: ${line}`) }),
  );
  const { ca, cert, key } = await administratorOf(cluster);
  const access = { url: cluster.url, ca, cert, key };
  const client = new Client(access);
  return { client, access, kubeconfig: cluster.kubeconfig, stop: async () => client.close() };
}

export type ServerName = "embedded" | "real";

export interface ServerRow {
  readonly name: ServerName;
  readonly start: () => Promise<ServerUnderTest>;
}

const all: readonly ServerRow[] = [
  { name: "embedded", start: () => startEmbedded() },
  { name: "real", start: startReal },
];

/** VIRTIVE_SERVERS=embedded (or real) leaves the other out; by default both take part. */
export const servers: readonly ServerRow[] = all.filter(({ name }) =>
  (process.env["VIRTIVE_SERVERS"] ?? "embedded,real").split(",").includes(name),
);
