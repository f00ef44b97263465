/** A webhook that the tests give its answers: HTTPS on loopback, with a certificate of an authority of its own. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openPki } from "#local/pki.ts";

export interface ReviewRequest {
  readonly uid: string;
  readonly operation: string;
  readonly name: string;
  readonly namespace: string;
  readonly dryRun: boolean;
  readonly kind: { readonly kind: string };
  readonly userInfo: { readonly username: string };
  readonly object: Record<string, unknown> | null;
  readonly oldObject: Record<string, unknown> | null;
  readonly [field: string]: unknown;
}

/** What it answers beside the uid; a number is an HTTP code, "late" no answer at all. */
export type Verdict = Readonly<Record<string, unknown>> | number | "late";

export interface WebhookServer {
  readonly asked: ReviewRequest[];
  /** clientConfig of a path of it. */
  client(at?: string): { readonly url: string; readonly caBundle: string };
  /** What it answers on a path from now on. */
  answer(at: string, verdict: (request: ReviewRequest) => Verdict): void;
  close(): Promise<void>;
}

export function patch(...operations: object[]): Verdict {
  return { allowed: true, patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(operations)).toString("base64") };
}

export async function startWebhook(): Promise<WebhookServer> {
  const home = await mkdtemp(path.join(tmpdir(), "virtive-webhook-"));
  const pki = await openPki(home);
  const verdicts = new Map<string, (request: ReviewRequest) => Verdict>();
  const asked: ReviewRequest[] = [];
  const server = createServer({ cert: pki.server.cert, key: pki.server.key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as { request: ReviewRequest };
      asked.push(review.request);
      const at = new URL(request.url ?? "/", "https://localhost").pathname;
      const verdict = verdicts.get(at)?.(review.request) ?? { allowed: true };
      if (verdict === "late") return;
      response.writeHead(typeof verdict === "number" ? verdict : 200, { "content-type": "application/json" });
      const answer = typeof verdict === "number" ? {} : { uid: review.request.uid, ...verdict };
      response.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    client: (at = "/") => ({
      url: `https://127.0.0.1:${port}${at}`,
      caBundle: Buffer.from(pki.authority).toString("base64"),
    }),
    answer: (at, verdict) => verdicts.set(at, verdict),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(home, { recursive: true, force: true });
    },
  };
}
