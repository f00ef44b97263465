import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Secret } from "#api/core.ts";
import { isIssuedBy, type Identity } from "#events/certificates.ts";
import { virtualClock } from "#events/clock.ts";
import { silentLog } from "#events/log.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { readCertificates, renewCertificates, type Certificates } from "#control/certificates.ts";
import { APIService, MutatingWebhookConfiguration } from "#control/kinds.ts";
import { certificatesIn } from "#control/rotation.ts";

const DAY = 86_400_000;

async function world() {
  // Certificates are made with the real time; the virtual one begins with it.
  const clock = virtualClock(new Date());
  const cluster = memoryCluster({ clock });
  const options = { cluster, namespace: "virtive", service: "virtive-control", clock, log: silentLog };
  const must = async (): Promise<Certificates> =>
    (await readCertificates(cluster, "virtive")) ?? expect.fail("there are no certificates");
  const isTrusted = async ({ cert }: Identity, bundle: string): Promise<boolean> => {
    const verdicts = certificatesIn(bundle).map((authority) => isIssuedBy(cert, authority, clock.now()));
    return (await Promise.all(verdicts)).includes(true);
  };
  return { clock, cluster, options, must, isTrusted };
}

describe("certificates of a cluster", () => {
  it("are made once, and told to whoever must know us; what is not there is named", async () => {
    const { cluster, options, must } = await world();
    const name = "v1.subresources.kubevirt.io";
    await cluster.create(APIService, {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name },
      spec: { group: "subresources.kubevirt.io" },
    });
    await cluster.create(MutatingWebhookConfiguration, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingWebhookConfiguration",
      metadata: { name: "virtive" },
      webhooks: [{ name: "a.b.c", clientConfig: { service: { name: "s" } } }],
    });
    const missing = await renewCertificates(options);
    expect(missing).toEqual([
      "APIService v1alpha3.subresources.kubevirt.io",
      "APIService v1.subresources.virtive.dev",
      "ValidatingWebhookConfiguration virtive",
    ]);
    const first = await must();
    const caBundle = Buffer.from(first.ca).toString("base64");
    expect((await cluster.get(APIService, { name }))?.spec).toEqual({ group: "subresources.kubevirt.io", caBundle });
    expect((await cluster.get(MutatingWebhookConfiguration, { name: "virtive" }))?.webhooks).toEqual([
      { name: "a.b.c", clientConfig: { service: { name: "s" }, caBundle } },
    ]);
    const { subjectAltName } = new X509Certificate(first.serving.cert);
    expect(subjectAltName).toContain("DNS:virtive-control.virtive.svc");
    expect(new X509Certificate(first.client.cert).subjectAltName).toBe("URI:virtive://control");
    let writes = 0;
    cluster.onWrite(() => (writes += 1));
    await renewCertificates(options);
    expect(writes).toBe(0);
    expect(await must()).toEqual(first);
  });

  it("are through three years trusted by whoever knows the bundle of five days ago", async () => {
    const { clock, options, must, isTrusted } = await world();
    await renewCertificates(options);
    const bundles: string[] = [];
    const authorities = new Set<string>();
    for (let day = 0; day < 3 * 365; day += 5) {
      const { ca, serving, client } = await must();
      bundles.push(ca);
      authorities.add(certificatesIn(ca)[0] ?? "");
      for (const known of [ca, bundles.at(-2) ?? ca]) {
        expect(await isTrusted(serving, known), `serving, day ${day}`).toBe(true);
        expect(await isTrusted(client, known), `client, day ${day}`).toBe(true);
      }
      await clock.advance(5 * DAY);
      await renewCertificates(options);
    }
    expect(authorities.size).toBeGreaterThanOrEqual(3);
  }, 120_000);

  it("begin anew when the authority has expired while nobody looked", async () => {
    const { clock, cluster, options, must } = await world();
    await renewCertificates(options);
    const { ca } = await must();
    await clock.advance(800 * DAY);
    await renewCertificates(options);
    const next = await must();
    expect(next.ca).not.toBe(ca);
    const secret = await cluster.get(Secret, { namespace: "virtive", name: "virtive-ca" });
    expect(secret?.data?.["next.key"]).toBeUndefined();
  });
});
