/** A cluster's certificates and kubeconfigs, made at once when it comes up. */
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLIENT_AUTH, makeAuthority, SERVER_AUTH, type Identity } from "#events/certificates.ts";
import { bridgeAddress, nodesOf, SERVICE_ADDRESS, type Cluster } from "./record.ts";

/** PEM texts by which one reaches the API as the administrator. */
export interface Administrator extends Identity {
  readonly ca: string;
}

const API_NAMES = [
  "localhost",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
];

/** Roles that reach the API with a kubeconfig; nodes come on top. */
const CLIENTS = {
  "admin": { commonName: "kubernetes-admin", organization: "system:masters" },
  "controller-manager": { commonName: "system:kube-controller-manager" },
  "scheduler": { commonName: "system:kube-scheduler" },
  "proxy": { commonName: "system:kube-proxy" },
} as const satisfies Record<string, { commonName: string; organization?: string }>;

export async function writeCertificates(cluster: Cluster): Promise<Administrator> {
  const [authority, frontProxy] = await Promise.all([
    makeAuthority("kubernetes-ca"),
    makeAuthority("kubernetes-front-proxy-ca"),
  ]);
  const put = (file: string, text: string) => writeFile(join(cluster.paths.pki, file), text, { mode: 0o600 });
  const putIdentity = (name: string, { cert, key }: Identity) =>
    Promise.all([put(`${name}.crt`, cert), put(`${name}.key`, key)]);
  const putConfig = (name: string, identity: Identity) =>
    put(`${name}.kubeconfig`, kubeconfig(cluster, authority.cert, identity));

  const client = (wanted: { commonName: string; organization?: string }) =>
    authority.issue({ ...wanted, names: [], usages: [CLIENT_AUTH] });
  const addresses = ["127.0.0.1", SERVICE_ADDRESS, bridgeAddress(cluster.number)];
  const apiServer = await authority.issue({
    commonName: "kube-apiserver",
    names: [
      ...API_NAMES.map((value) => ({ type: "dns" as const, value })),
      ...addresses.map((value) => ({ type: "ip" as const, value })),
    ],
    usages: [SERVER_AUTH],
  });
  const administrator = await client(CLIENTS.admin);
  const tokens = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "sec1", format: "pem" },
  });
  await Promise.all([
    put("ca.crt", authority.cert),
    put("ca.key", authority.key),
    put("front-proxy-ca.crt", frontProxy.cert),
    put("service-account.pub", tokens.publicKey),
    put("service-account.key", tokens.privateKey),
    putIdentity("apiserver", apiServer),
    putIdentity("admin", administrator),
    client({ commonName: "kube-apiserver-kubelet-client", organization: "system:masters" }).then((identity) =>
      putIdentity("apiserver-kubelet-client", identity),
    ),
    frontProxy
      .issue({ commonName: "front-proxy-client", names: [], usages: [CLIENT_AUTH] })
      .then((identity) => putIdentity("front-proxy-client", identity)),
    ...Object.entries(CLIENTS).map(async ([name, wanted]) =>
      putConfig(name, name === "admin" ? administrator : await client(wanted)),
    ),
    ...nodesOf(cluster).flatMap(({ name, address }) => [
      client({ commonName: `system:node:${name}`, organization: "system:nodes" }).then((identity) =>
        putConfig(name, identity),
      ),
      authority
        .issue({
          commonName: `system:node:${name}`,
          organization: "system:nodes",
          names: [
            { type: "dns", value: name },
            { type: "ip", value: address },
          ],
          usages: [SERVER_AUTH],
        })
        .then((identity) => putIdentity(`kubelet-${name}`, identity)),
    ]),
  ]);
  await writeFile(cluster.kubeconfig, kubeconfig(cluster, authority.cert, administrator), { mode: 0o600 });
  return { ...administrator, ca: authority.cert };
}

/** JSON is YAML too. */
function kubeconfig({ name, url }: Cluster, ca: string, { cert, key }: Identity): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return JSON.stringify({
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{ name, cluster: { "server": url, "certificate-authority-data": base64(ca) } }],
    "users": [{ name, user: { "client-certificate-data": base64(cert), "client-key-data": base64(key) } }],
    "contexts": [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}
