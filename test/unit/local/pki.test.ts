import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "#events/certificates.ts";
import { openPki } from "#local/pki.ts";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "virtive-pki-"))));
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What a TLS server or client would find wrong with it. */
function wrongWith({ cert, key }: Identity, authority: string, now: Date): string[] {
  const certificate = new X509Certificate(cert);
  const issuer = new X509Certificate(authority);
  return [
    ...(certificate.checkPrivateKey(createPrivateKey(key)) ? [] : ["the key is another's"]),
    ...(certificate.verify(issuer.publicKey) ? [] : ["the authority has not signed it"]),
    ...[certificate, issuer].flatMap((one) =>
      new Date(one.validFrom) <= now && now < new Date(one.validTo) ? [] : [`${one.subject} is not valid now`],
    ),
  ];
}

async function open(now = new Date()) {
  const pki = await openPki(directory, () => now);
  const node = await pki.node("node-1");
  const all = [pki.server, pki.admin, pki.control, node];
  return { pki, node, wrong: all.flatMap((identity) => wrongWith(identity, pki.authority, now)) };
}

describe("the local certificates", () => {
  it("stay what they were from one start to the next", async () => {
    const first = await open();
    const second = await open();
    expect(first.wrong).toEqual([]);
    expect(second.pki.authority).toBe(first.pki.authority);
    expect(second.pki.server).toEqual(first.pki.server);
    expect(second.node).toEqual(first.node);
  });

  // A power cut may leave the name of a file and none of its bytes.
  it.each(["ca.crt", "ca.key", "server.crt", "server.key", "node-node-1.key"])(
    "are made anew where %s was cut off",
    async (file) => {
      await open();
      await writeFile(join(directory, file), "");
      expect((await open()).wrong).toEqual([]);
    },
  );

  it("are made anew where the key belongs to another certificate", async () => {
    const { pki } = await open();
    await writeFile(join(directory, "server.key"), pki.admin.key);
    expect((await open()).wrong).toEqual([]);
  });

  it("are made anew when the clock was ahead as they were made", async () => {
    const now = new Date();
    await open(new Date(now.getTime() + 400 * 86_400_000));
    expect((await open(now)).wrong).toEqual([]);
  });
});
