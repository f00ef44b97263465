/**
 * Control's own authority is replaced, as it is once a year: first its successor is trusted everywhere, then it signs. The time
 * between is moved by writing into the Secret what an older one would have written there.
 */
import "reflect-metadata";
import { createHash, createPrivateKey, createPublicKey, webcrypto, X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import * as x509 from "@peculiar/x509";
import { expect, it } from "vitest";
import { administratorOf } from "../../../scripts/kubernetes/cluster.ts";
import { WebSocket } from "ws";
import { consolePath, seen } from "../../../cli/commands/console.ts";
import { MINUTE, NAMESPACE, machine, patience, type ChartRig } from "../chart-rig.ts";
import { takesOrders } from "./orders.ts";

const AUTHORITY = "virtive-ca";
const SERVING = "virtive-serving";
const CLIENT = "virtive-node-client";
const DAY = 86_400_000;
const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const NODE_PORT = 8445;
const EVERY_MILLISECONDS = 300;

type Texts = Readonly<Record<string, string>>;

async function secretOf(rig: ChartRig, name: string): Promise<Texts> {
  const { data } = await rig.json<{ readonly data: Texts }>(["get", "secret", name, "-n", NAMESPACE]);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

async function write(rig: ChartRig, name: string, stringData: Texts): Promise<void> {
  await rig.must(["patch", "secret", name, "-n", NAMESPACE, "-p", JSON.stringify({ stringData })]);
}

/** The authority's certificate with other dates, by its own key. */
async function redated(cert: string, key: string, notBefore: number, notAfter: number): Promise<string> {
  const old = new x509.X509Certificate(cert);
  const own = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  const told = createPublicKey(cert).export({ type: "spki", format: "der" });
  const keys = {
    privateKey: await webcrypto.subtle.importKey("pkcs8", own, KEY, true, ["sign"]),
    publicKey: await webcrypto.subtle.importKey("spki", told, KEY, true, ["verify"]),
  };
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: createHash("sha256").update(`${notBefore} ${notAfter}`).digest("hex").slice(0, 16),
    name: old.subject,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    keys,
    extensions: old.extensions,
  });
  return `${made.toString("pem").trim()}\n`;
}

const certificatesIn = (bundle: string): readonly string[] =>
  bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

const isSignedBy = (cert: string, authority: string): boolean =>
  new X509Certificate(cert).verify(new X509Certificate(authority).publicKey);

/** Who serves at a TLS port; it may end the connection then. */
function servedAt(host: string, port: number): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) reject(new Error(`${host}:${port} has no certificate`));
      else resolve(certificate);
    });
    socket.once("error", reject);
  });
}

/** The end of the authority's life comes near. */
export function successorIsMade(open: () => ChartRig): void {
  it("control makes its authority a successor in time, and tells all who must trust it", async () => {
    const rig = open();
    const { "tls.crt": cert = "", "tls.key": key = "" } = await secretOf(rig, AUTHORITY);
    const old = await redated(cert, key, Date.now() - 315 * DAY, Date.now() + 50 * DAY);
    await write(rig, AUTHORITY, { "tls.crt": old, "ca.crt": old });
    const trusted = async (): Promise<number> => certificatesIn((await secretOf(rig, SERVING))["ca.crt"] ?? "").length;
    await expect.poll(trusted, patience(MINUTE)).toBe(2);
    const { "next.crt": next = "" } = await secretOf(rig, AUTHORITY);
    const hook = [
      "get",
      "validatingwebhookconfiguration",
      "virtive",
      "-o",
      "jsonpath={.webhooks[0].clientConfig.caBundle}",
    ];
    const service = ["get", "apiservice", "v1.subresources.kubevirt.io", "-o", "jsonpath={.spec.caBundle}"];
    for (const of of [hook, service]) {
      const bundle = certificatesIn(Buffer.from(await rig.must(of), "base64").toString());
      expect(bundle).toContain(next.trim());
      expect(bundle).toHaveLength(2);
    }
  });
}

/** `web` runs; a week has passed. */
export function successorSigns(open: () => ChartRig): void {
  it("the successor signs: admission, the aggregated API and an open console go on without an error", async () => {
    const rig = open();
    const secret = await secretOf(rig, AUTHORITY);
    const { "next.crt": next = "", "next.key": key = "", "ca.crt": bundle = "" } = secret;
    const old = await redated(next, key, Date.now() - 8 * DAY, Date.now() + 357 * DAY);
    const socket = await openConsole(rig);
    const asking = ask(rig);
    try {
      await write(rig, AUTHORITY, { "next.crt": old, "ca.crt": bundle.replace(next.trim(), old.trim()) });
      for (const name of [SERVING, CLIENT]) {
        const isNew = async (): Promise<boolean> => isSignedBy((await secretOf(rig, name))["tls.crt"] ?? "", old);
        await expect.poll(isNew, patience(MINUTE)).toBe(true);
      }
      expect((await secretOf(rig, AUTHORITY))["tls.crt"]?.trim()).toBe(old.trim());
      const selector = "app.kubernetes.io/component=control";
      const pods = ["get", "pods", "-n", NAMESPACE, "-l", selector, "-o", "jsonpath={.items[*].status.podIP}"];
      const serves = async (): Promise<boolean> => {
        const addresses = (await rig.must(pods)).split(" ");
        const served = await Promise.all(addresses.map((address) => servedAt(address, 8443)));
        return served.every((one) => isSignedBy(one.toString(), old));
      };
      await expect.poll(serves, patience(MINUTE)).toBe(true);
      await takesOrders(rig, "web");
      socket.send(Buffer.from("echo $((6*9)) after it\n"));
      await seen(socket, /54 after it/, MINUTE);
      // Who wants them renewed sooner deletes their Secrets.
      const certificates = (): Promise<readonly string[]> =>
        Promise.all([SERVING, CLIENT].map(async (name) => (await secretOf(rig, name))["tls.crt"] ?? ""));
      const before = await certificates();
      await rig.must(["delete", "secret", SERVING, CLIENT, "-n", NAMESPACE]);
      const anew = async (): Promise<boolean> =>
        (await certificates()).every((cert) => !before.includes(cert) && isSignedBy(cert, old));
      await expect.poll(() => anew().catch(() => false), patience(MINUTE)).toBe(true);
    } finally {
      socket.terminate();
      const { answers, refusals } = await asking.stop();
      console.error(`while the authority was replaced: ${answers} answers, ${refusals.length} refusals`);
      expect(refusals).toEqual([]);
      expect(answers).toBeGreaterThan(10);
    }
  });
}

/** Some time later. */
export function nodesHaveTheirsOfIt(open: () => ChartRig): void {
  it("nodes have their certificates of the successor, too", async () => {
    const rig = open();
    const { "tls.crt": authority = "" } = await secretOf(rig, AUTHORITY);
    const where = '.status.addresses[?(@.type=="InternalIP")].address';
    for (const node of rig.nodes) {
      const address = await rig.value("node", node, where);
      const isNew = async (): Promise<boolean> =>
        isSignedBy((await servedAt(address, NODE_PORT)).toString(), authority);
      await expect.poll(isNew, patience(2 * MINUTE)).toBe(true);
    }
  });
}

/** Of `web`, as the administrator. */
async function openConsole({ cluster }: ChartRig): Promise<WebSocket> {
  const url = cluster.url.replace("https", "wss") + consolePath("default", "web", true);
  const socket = new WebSocket(url, ["plain.kubevirt.io"], await administratorOf(cluster));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.send(Buffer.from("\n"));
  return socket;
}

/** Creates a machine and throws it away, and asks the aggregated API, over and over. */
function ask({ ask: send }: ChartRig): { stop(): Promise<{ answers: number; refusals: readonly string[] }> } {
  let goes = true;
  let answers = 0;
  const refusals: string[] = [];
  const once = async (what: string, wanted: number, reply: Promise<{ code: number; text: string }>): Promise<void> => {
    const { code, text } = await reply;
    answers += 1;
    if (code !== wanted) refusals.push(`${what}: ${code} ${text}`);
  };
  const ended = (async () => {
    while (goes) {
      const made = send("POST", "/apis/kubevirt.io/v1/namespaces/default/virtualmachines?dryRun=All", machine("dry"));
      await once("admission", 201, made);
      await once("the aggregated API", 200, send("GET", "/apis/subresources.kubevirt.io/v1/version"));
      await new Promise((resolve) => setTimeout(resolve, EVERY_MILLISECONDS));
    }
  })();
  return {
    async stop() {
      goes = false;
      await ended;
      return { answers, refusals };
    },
  };
}
