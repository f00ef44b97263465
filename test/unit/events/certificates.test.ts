import "reflect-metadata";
import { webcrypto, X509Certificate } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import {
  CLIENT_AUTH,
  isIssuedBy,
  makeAuthority,
  makeRequest,
  openAuthority,
  readRequest,
  SERVER_AUTH,
  validityOf,
} from "#events/certificates.ts";
import { isControl, nodeOf, nodeURI } from "#events/identities.ts";

const HOUR = 3_600_000;

describe("an authority", () => {
  it("signs the key of a request, and of its names only those that it is told", async () => {
    const authority = await makeAuthority("test");
    const { request } = await makeRequest("anything", [
      { type: "ip", value: "10.0.0.1" },
      { type: "url", value: nodeURI("other") },
    ]);
    const read = await readRequest(request);
    expect(read.names).toEqual([
      { type: "ip", value: "10.0.0.1" },
      { type: "url", value: "virtive://node/other" },
    ]);
    const notAfter = new Date(Date.now() + HOUR);
    const names = [{ type: "url", value: nodeURI("mine") } as const];
    const cert = await authority.sign(
      read,
      { commonName: "mine", names, usages: [SERVER_AUTH, CLIENT_AUTH] },
      notAfter,
    );
    expect(nodeOf(new X509Certificate(cert).subjectAltName)).toBe("mine");
    expect(Math.abs(validityOf(cert).notAfter.getTime() - notAfter.getTime())).toBeLessThan(1000);
    expect(await isIssuedBy(cert, authority.cert, new Date())).toBe(true);
    expect(await isIssuedBy(cert, (await makeAuthority("another")).cert, new Date())).toBe(false);
  });

  it("that was kept goes on", async () => {
    const { cert, key } = await makeAuthority("test");
    const again = await openAuthority({ cert, key });
    const issued = await again.issue({ commonName: "x", names: [], usages: [CLIENT_AUTH] });
    expect(await isIssuedBy(issued.cert, cert, new Date())).toBe(true);
  });

  it("issues nothing that outlives it", async () => {
    const ends = new Date(Date.now() + HOUR);
    const authority = await makeAuthority("test", { notAfter: ends });
    const issued = await authority.issue(
      { commonName: "x", names: [], usages: [CLIENT_AUTH] },
      new Date(Date.now() + 9 * HOUR),
    );
    expect(validityOf(issued.cert).notAfter).toEqual(validityOf(authority.cert).notAfter);
  });
});

describe("a request", () => {
  it.each(["", "nonsense", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"])(
    "that is none (%j) is refused",
    async (text) => {
      await expect(readRequest(text)).rejects.toMatchObject({ kind: "refused", reason: "BadCertificateRequest" });
    },
  );

  it("that is too long is refused unread", async () => {
    await expect(readRequest("A".repeat(20_000))).rejects.toThrow("at most 16384 are taken");
  });

  it("for a weak or unknown key is refused", async () => {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
    const keys = await webcrypto.subtle.generateKey({ ...algorithm, modulusLength: 1024 }, true, ["sign", "verify"]);
    const made = await x509.Pkcs10CertificateRequestGenerator.create({
      name: "CN=x",
      keys,
      signingAlgorithm: algorithm,
    });
    await expect(readRequest(made.toString("pem"))).rejects.toThrow("ECDSA P-256 is wanted");
  });
});

describe("identities", () => {
  it("are exact", () => {
    expect(nodeOf("DNS:localhost, URI:virtive://node/a")).toBe("a");
    expect(nodeOf("URI:virtive://node/a, URI:virtive://node/b")).toBeUndefined();
    expect(nodeOf("DNS:virtive://node/a")).toBeUndefined();
    expect(isControl("URI:virtive://control")).toBe(true);
    expect(isControl("URI:virtive://control2, DNS:virtive://control")).toBe(false);
    expect(isControl(undefined)).toBe(false);
  });
});
