/**
 * The local shape's own certificates. One authority an instance; one identity a role: the API server, the administrator,
 * the control plane, each node. Identities of the control plane and of nodes are URI names (`virtive://control`,
 * `virtive://node/NAME`), and peers compare them exactly: "signed by our CA" is never enough.
 *
 * The door to @peculiar/x509.
 */
import "reflect-metadata";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { webcrypto } from "node:crypto";
import { isMissing } from "#events/file-fault.ts";
import * as x509 from "@peculiar/x509";

const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const AUTHORITY_NAME = "virtive-local-ca";
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
const DAY = 86_400_000;
const AUTHORITY_DAYS = 3650;
const CERTIFICATE_DAYS = 365;
/** A certificate is made anew when it has fewer days left; checked at every start. */
const RENEW_DAYS = 60;

export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/** PEM texts. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

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

/** What a certificate says. */
export interface Wanted {
  readonly commonName: string;
  readonly organization?: string;
  readonly names: x509.JsonGeneralName[];
  readonly usages: readonly string[];
}

const LOOPBACK: x509.JsonGeneralName[] = [
  { type: "dns", value: "localhost" },
  { type: "ip", value: "127.0.0.1" },
  { type: "ip", value: "::1" },
];

export const CONTROL_URI = "virtive://control";
/** The same, as the API server knows its users. */
export const CONTROL_USER = "system:virtive:control";

export function nodeURI(name: string): string {
  return `virtive://node/${name}`;
}

/** The node that a certificate's subjectAltName (as Node prints it) names, if it names one. */
export function nodeOf(subjectAltName: string | undefined): string | undefined {
  const prefix = `URI:${nodeURI("")}`;
  const entry = subjectAltName?.split(", ").find((name) => name.startsWith(prefix));
  return entry?.slice(prefix.length);
}

/** Opens the instance's certificates in the directory, making what is missing or about to expire. */
export async function openPki(directory: string, now: () => Date = () => new Date()): Promise<Pki> {
  x509.cryptoProvider.set(webcrypto);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority = await ensure(join(directory, "ca"), now, (notAfter) => selfSigned(AUTHORITY_NAME, notAfter, now()));
  const signer = {
    cert: new x509.X509Certificate(authority.cert),
    key: await importKey(authority.key),
  };
  const issue = (file: string, wanted: Wanted): Promise<Identity> =>
    ensure(join(directory, file), now, (notAfter) => issued(wanted, signer, notAfter, now()), signer.cert);
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

export interface Authority extends Identity {
  issue(wanted: Wanted): Promise<Identity>;
}

/** An authority that is kept nowhere: whoever asks for it writes down what it wants to keep. */
export async function makeAuthority(commonName: string): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto);
  const now = new Date();
  const notAfter = new Date(now.getTime() + AUTHORITY_DAYS * DAY);
  const identity = await selfSigned(commonName, notAfter, now);
  const signer = { cert: new x509.X509Certificate(identity.cert), key: await importKey(identity.key) };
  return { ...identity, issue: (wanted) => issued(wanted, signer, notAfter, now) };
}

async function ensure(
  path: string,
  now: () => Date,
  make: (notAfter: Date) => Promise<Identity>,
  issuer?: x509.X509Certificate,
): Promise<Identity> {
  const kept = await read(path);
  if (kept !== undefined && (await usable(kept, now(), issuer))) return kept;
  const days = issuer === undefined ? AUTHORITY_DAYS : CERTIFICATE_DAYS;
  const identity = await make(new Date(now().getTime() + days * DAY));
  // The key first: a certificate without its key would be kept, a key without its certificate is made anew.
  await replace(`${path}.key`, identity.key);
  await replace(`${path}.crt`, identity.cert);
  return identity;
}

async function read(path: string): Promise<Identity | undefined> {
  try {
    return { cert: await readFile(`${path}.crt`, "utf8"), key: await readFile(`${path}.key`, "utf8") };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function usable(identity: Identity, now: Date, issuer: x509.X509Certificate | undefined): Promise<boolean> {
  const cert = new x509.X509Certificate(identity.cert);
  if (cert.notAfter.getTime() - now.getTime() < RENEW_DAYS * DAY) return false;
  return issuer === undefined || (await cert.verify({ publicKey: issuer.publicKey, date: now }));
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function selfSigned(commonName: string, notAfter: Date, now: Date): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(now.getTime() - 5 * 60_000),
    notAfter,
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: cert.toString("pem"), key: await exportKey(keys.privateKey) };
}

async function issued(
  wanted: Wanted,
  signer: { readonly cert: x509.X509Certificate; readonly key: webcrypto.CryptoKey },
  notAfter: Date,
  now: Date,
): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [
      ...(wanted.organization === undefined ? [] : [{ O: [wanted.organization] }]),
      { CN: [wanted.commonName] },
    ],
    issuer: signer.cert.subject,
    notBefore: new Date(now.getTime() - 5 * 60_000),
    notAfter: notAfter < signer.cert.notAfter ? notAfter : signer.cert.notAfter,
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey: signer.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([...wanted.usages]),
      ...(wanted.names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(wanted.names)]),
      await x509.AuthorityKeyIdentifierExtension.create(signer.cert),
    ],
  });
  return { cert: cert.toString("pem"), key: await exportKey(keys.privateKey) };
}

function serial(): string {
  // Positive and at most 20 octets, as RFC 5280 asks.
  return `01${Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString("hex")}`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  if (der === undefined) throw new Error("the authority's key file holds no key");
  return webcrypto.subtle.importKey("pkcs8", der, KEY, false, ["sign"]);
}
