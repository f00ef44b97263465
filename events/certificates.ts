/**
 * X.509 certificates: authorities, what they issue, requests for a certificate. ECDSA P-256, PEM everywhere. Who a
 * certificate is for stands in events/identities.ts.
 *
 * The door to @peculiar/x509.
 */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { Fault } from "./fault.ts";

const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
/** Clocks of two machines differ; a certificate that was made right now must hold on both. */
const BACKDATED_MILLISECONDS = 5 * 60_000;
const AUTHORITY_MILLISECONDS = 3650 * 86_400_000;
const MOST_REQUEST_CHARACTERS = 16 * 1024;
const MOST_REQUESTED_NAMES = 32;

const ALTERNATIVE_NAMES = "2.5.29.17";

export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/** PEM texts. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** Names of a certificate: `dns`, `ip`, `url` and what else X.509 has. */
export interface Name {
  readonly type: x509.JsonGeneralName["type"];
  readonly value: string;
}

/** What a certificate says. */
export interface Wanted {
  readonly commonName: string;
  readonly organization?: string;
  readonly names: readonly Name[];
  readonly usages: readonly string[];
}

export interface Authority extends Identity {
  /** A new key and its certificate, which ends with the authority's own at the latest. Default: with it. */
  issue(wanted: Wanted, notAfter?: Date): Promise<Identity>;
  /** A certificate for the key of a request; of the request nothing else is believed. PEM. */
  sign(request: CertificateRequest, wanted: Wanted, notAfter: Date): Promise<string>;
}

/** What a request asks for; it has proved that its sender has the key. */
export interface CertificateRequest {
  readonly names: readonly Name[];
  readonly publicKey: x509.PublicKey;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

x509.cryptoProvider.set(webcrypto);

/** An authority that is kept nowhere: whoever asks for it writes down what it wants to keep. */
export async function makeAuthority(
  commonName: string,
  { now = new Date(), notAfter }: { readonly now?: Date; readonly notAfter?: Date } = {},
): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(now.getTime() - BACKDATED_MILLISECONDS),
    notAfter: notAfter ?? new Date(now.getTime() + AUTHORITY_MILLISECONDS),
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return authorityOf({ cert: cert.toString("pem"), key: await exportKey(keys.privateKey) }, cert, keys.privateKey);
}

/** An authority that was kept. */
export async function openAuthority(identity: Identity): Promise<Authority> {
  return authorityOf(identity, new x509.X509Certificate(identity.cert), await importKey(identity.key));
}

function authorityOf(identity: Identity, cert: x509.X509Certificate, key: webcrypto.CryptoKey): Authority {
  async function certificate(
    publicKey: webcrypto.CryptoKey | x509.PublicKey,
    wanted: Wanted,
    notAfter: Date,
  ): Promise<string> {
    const made = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: [
        ...(wanted.organization === undefined ? [] : [{ O: [wanted.organization] }]),
        { CN: [wanted.commonName] },
      ],
      issuer: cert.subject,
      notBefore: new Date(Date.now() - BACKDATED_MILLISECONDS),
      notAfter: notAfter < cert.notAfter ? notAfter : cert.notAfter,
      signingAlgorithm: SIGNATURE,
      publicKey,
      signingKey: key,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([...wanted.usages]),
        ...(wanted.names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...wanted.names])]),
        await x509.AuthorityKeyIdentifierExtension.create(cert),
      ],
    });
    return made.toString("pem");
  }
  return {
    ...identity,
    async issue(wanted, notAfter = cert.notAfter) {
      const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
      return {
        cert: await certificate(keys.publicKey, wanted, notAfter),
        key: await exportKey(keys.privateKey),
      };
    },
    sign: ({ publicKey }, wanted, notAfter) => certificate(publicKey, wanted, notAfter),
  };
}

/** A key, and the request for its certificate: what a node sends to join. PEM. */
export async function makeRequest(
  commonName: string,
  names: readonly Name[],
): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...names])],
  });
  return { request: request.toString("pem"), key: await exportKey(keys.privateKey) };
}

/** @throws Fault refused when it can't be read, its key is not ECDSA P-256, or its signature is not that key's */
export async function readRequest(pem: string): Promise<CertificateRequest> {
  if (pem.length > MOST_REQUEST_CHARACTERS) {
    throw badRequest(`has ${pem.length} characters; at most ${MOST_REQUEST_CHARACTERS} are taken`);
  }
  let request: x509.Pkcs10CertificateRequest;
  let proved: boolean;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
    proved = await request.verify();
  } catch (thrown) {
    throw badRequest(`can't be read as PKCS #10 in PEM: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const algorithm = request.publicKey.algorithm as { readonly name: string; readonly namedCurve?: string };
  if (algorithm.name !== KEY.name || algorithm.namedCurve !== KEY.namedCurve) {
    const what = [algorithm.name, algorithm.namedCurve].filter((word) => word !== undefined).join(" ");
    throw badRequest(`is for a key of ${what}; ${KEY.name} ${KEY.namedCurve} is wanted`);
  }
  if (!proved) throw badRequest("is not signed by the key that it is for");
  const extension = request.getExtension(ALTERNATIVE_NAMES);
  const names = extension === null ? [] : new x509.SubjectAlternativeNameExtension(extension.rawData).names.toJSON();
  if (names.length > MOST_REQUESTED_NAMES) {
    throw badRequest(`asks for ${names.length} names; at most ${MOST_REQUESTED_NAMES} are taken`);
  }
  return { names: names.map(({ type, value }) => ({ type, value: String(value) })), publicKey: request.publicKey };
}

function badRequest(message: string): Fault {
  return new Fault("refused", "BadCertificateRequest", `csr: ${message}`, {
    causes: [{ reason: "FieldValueInvalid", field: "csr", message }],
  });
}

export function validityOf(cert: string): Validity {
  const { notBefore, notAfter } = new x509.X509Certificate(cert);
  return { notBefore, notAfter };
}

/** Whether the authority has signed it and both hold at this time. */
export async function isIssuedBy(cert: string, authority: string, now: Date): Promise<boolean> {
  const issuer = new x509.X509Certificate(authority);
  return new x509.X509Certificate(cert).verify({ publicKey: issuer.publicKey, date: now });
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
