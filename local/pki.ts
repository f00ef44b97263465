/**
 * The local shape's own certificates, in files. One authority an instance; one identity a role: the API server, the
 * administrator, the control plane, each node. Who is who: events/identities.ts.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  CLIENT_AUTH,
  isIssuedBy,
  makeAuthority,
  openAuthority,
  SERVER_AUTH,
  validityOf,
  type Identity,
  type Name,
  type Wanted,
} from "#events/certificates.ts";
import { isMissing } from "#events/file-fault.ts";
import { CONTROL_URI, nodeURI } from "#events/identities.ts";

const AUTHORITY_NAME = "virtive-local-ca";
const DAY = 86_400_000;
const AUTHORITY_DAYS = 3650;
const CERTIFICATE_DAYS = 365;
/** A certificate is made anew when it has fewer days left; checked at every start. */
const RENEW_DAYS = 60;

export interface Pki {
  readonly authority: string;
  /** Serves the Kubernetes API on loopback. */
  readonly server: Identity;
  /** Client of the Kubernetes API: group system:masters. */
  readonly admin: Identity;
  /** Functions: client of the API and of nodes; server of the ingress. */
  readonly control: Identity;
  /** Server of a node runtime and its client certificate at the ingress. */
  node(name: string): Promise<Identity>;
}

const LOOPBACK: readonly Name[] = [
  { type: "dns", value: "localhost" },
  { type: "ip", value: "127.0.0.1" },
  { type: "ip", value: "::1" },
];

/** The control plane, as the API server knows its users. */
export const CONTROL_USER = "system:virtive:control";

/** Opens the instance's certificates in the directory, making what is missing, damaged, about to expire or not yet valid. */
export async function openPki(directory: string, now: () => Date = () => new Date()): Promise<Pki> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority = await openAuthority(
    await ensure(join(directory, "ca"), now, (notAfter) => makeAuthority(AUTHORITY_NAME, { now: now(), notAfter })),
  );
  const issue = (file: string, wanted: Wanted): Promise<Identity> =>
    ensure(join(directory, file), now, (notAfter) => authority.issue(wanted, notAfter), authority.cert);
  return {
    authority: authority.cert,
    server: await issue("server", {
      commonName: "virtive-apiserver",
      names: [...LOOPBACK, { type: "dns", value: "kubernetes.default.svc" }],
      usages: [SERVER_AUTH],
    }),
    admin: await issue("admin", {
      commonName: "virtive-admin",
      organization: "system:masters",
      names: [],
      usages: [CLIENT_AUTH],
    }),
    control: await issue("control", {
      commonName: CONTROL_USER,
      organization: "system:masters",
      names: [...LOOPBACK, { type: "url", value: CONTROL_URI }],
      usages: [SERVER_AUTH, CLIENT_AUTH],
    }),
    node: (name) =>
      issue(`node-${name}`, {
        commonName: `system:virtive:node:${name}`,
        names: [...LOOPBACK, { type: "url", value: nodeURI(name) }],
        usages: [SERVER_AUTH, CLIENT_AUTH],
      }),
  };
}

async function ensure(
  path: string,
  now: () => Date,
  make: (notAfter: Date) => Promise<Identity>,
  authority?: string,
): Promise<Identity> {
  const kept = await read(path);
  if (kept !== undefined && (await usable(kept, now(), authority))) return kept;
  const days = authority === undefined ? AUTHORITY_DAYS : CERTIFICATE_DAYS;
  const { cert, key } = await make(new Date(now().getTime() + days * DAY));
  // The key first: a certificate without its key would be kept, a key without its certificate is made anew.
  await replace(`${path}.key`, key);
  await replace(`${path}.crt`, cert);
  return { cert, key };
}

async function read(path: string): Promise<Identity | undefined> {
  try {
    return { cert: await readFile(`${path}.crt`, "utf8"), key: await readFile(`${path}.key`, "utf8") };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function usable({ cert, key }: Identity, now: Date, authority: string | undefined): Promise<boolean> {
  try {
    const { notBefore, notAfter } = validityOf(cert);
    if (notBefore > now || notAfter.getTime() - now.getTime() < RENEW_DAYS * DAY) return false;
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return false;
    return authority === undefined || (await isIssuedBy(cert, authority, now));
  } catch {
    return false; // cut off by a power cut: there is nothing in it to keep
  }
}

/** Its content is on disk before its name is. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}
