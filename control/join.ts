/**
 * POST /join: how a node gets its certificate, and how it renews it. The node proves by its pod's token which node it is;
 * that is all that the token is good for. What the request for a certificate asks for is believed as far as the cluster
 * says the same.
 *
 *   request   Authorization: Bearer <token of ServiceAccount virtive-node, audience virtive-control, bound to its pod>
 *             { "node": name, "csr": PKCS #10 in PEM, key ECDSA P-256 }
 *   200       { "certificate": PEM, "ca": PEM of all authorities, "controlURI": who may give orders }
 *   401, 403  the token is not good, or not that of the node's pod      429  too often
 *   400, 413  the request can't be read, or is too large                503  later
 */
import { isIP } from "node:net";
import type { Context, Hono } from "hono";
import { z } from "zod";
import { Node } from "#api/core.ts";
import {
  CLIENT_AUTH,
  openAuthority,
  readRequest,
  SERVER_AUTH,
  type Identity,
  type Name,
} from "#events/certificates.ts";
import type { Clock } from "#events/clock.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { asFault, Fault } from "#events/fault.ts";
import { readBody } from "#events/http-bounds.ts";
import { CONTROL_URI, nodeURI } from "#events/identities.ts";
import type { Log } from "#events/log.ts";
import { createRates } from "#events/rates.ts";
import { TokenReview } from "./kinds.ts";

export const AUDIENCE = "virtive-control";
export const NODE_ACCOUNT = "virtive-node";
const MOST_BODY_BYTES = 32 * 1024;
const MOST_TOKEN_CHARACTERS = 8 * 1024;
/** A node joins once a day. Behind some Services all nodes have one address. */
const MOST_PER_SECOND_AND_ADDRESS = 20;

const NODE_NAME = "authentication.kubernetes.io/node-name";
const POD_NAME = "authentication.kubernetes.io/pod-name";

const JoinRequest = z.strictObject({
  node: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "must be a node's name"),
  csr: z.string().max(16 * 1024),
});

const STATUS_OF_REASON: Readonly<Record<string, 401 | 403 | 413 | 429>> = {
  Unauthenticated: 401,
  WrongNode: 403,
  EventTooLarge: 413,
  TooManyRequests: 429,
};
const STATUS_OF_KIND = { stale: 503, later: 503, refused: 400, bug: 500 } as const;

export interface JoinOptions {
  readonly cluster: Reader & Pick<Writer, "create">;
  /** Of the ServiceAccount. */
  readonly namespace: string;
  /** Undefined: there is none yet. */
  readonly authority: () => { readonly signer: Identity; readonly bundle: string } | undefined;
  /** How long a node's certificate lasts. */
  readonly certificateSeconds: number;
  readonly addressOf: (context: Context) => string;
  readonly clock: Clock;
  readonly log: Log;
}

export function addJoin(app: Hono, options: JoinOptions): void {
  const rates = createRates(options.clock, MOST_PER_SECOND_AND_ADDRESS);
  app.post("/join", async (context) => {
    try {
      if (!rates.take(options.addressOf(context))) {
        throw new Fault("later", "TooManyRequests", `more than ${MOST_PER_SECOND_AND_ADDRESS} joins a second`, {
          retryAfterSeconds: 1,
        });
      }
      return context.json(await join(options, context.req.raw));
    } catch (thrown) {
      const { kind, reason, message, causes, retryAfterSeconds } = asFault(thrown);
      const level = kind === "bug" ? "error" : "warn";
      options.log[level]({ from: options.addressOf(context), reason }, `join refused: ${message}`);
      if (kind === "later") context.header("retry-after", String(Math.ceil(retryAfterSeconds ?? 1)));
      return context.json({ kind, reason, message, causes }, STATUS_OF_REASON[reason] ?? STATUS_OF_KIND[kind]);
    }
  });
}

async function join(
  options: JoinOptions,
  request: Request,
): Promise<{ readonly certificate: string; readonly ca: string; readonly controlURI: string }> {
  const { cluster, clock, log } = options;
  const token = /^Bearer +([^ ]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (token === undefined || token.length > MOST_TOKEN_CHARACTERS) {
    throw unauthenticated("an Authorization header with a Bearer token is needed");
  }
  const { node, csr } = parsed(await readBody(request, MOST_BODY_BYTES));
  const wanted = await readRequest(csr);
  await mustBeOn(options, token, node);
  const authority = options.authority();
  if (authority === undefined) throw new Fault("later", "NoAuthority", "there is no certificate authority yet");
  const known = (await cluster.get(Node, { name: node }))?.status?.addresses ?? [];
  const addresses = new Set(known.map(({ address }) => address));
  const names: Name[] = [
    { type: "url", value: nodeURI(node) },
    ...wanted.names.filter(({ type, value }) => type === "ip" && isIP(value) !== 0 && addresses.has(value)),
  ];
  const signer = await openAuthority(authority.signer);
  const certificate = await signer.sign(
    wanted,
    { commonName: `system:virtive:node:${node}`, names, usages: [SERVER_AUTH, CLIENT_AUTH] },
    new Date(clock.now().getTime() + options.certificateSeconds * 1000),
  );
  log.info({ node, names: names.map(({ value }) => value) }, `${node} got a certificate`);
  return { certificate, ca: authority.bundle, controlURI: CONTROL_URI };
}

function parsed(body: Uint8Array): z.infer<typeof JoinRequest> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (thrown) {
    throw new Fault("refused", "MalformedBody", `the body is not JSON: ${asFault(thrown).message}`);
  }
  const result = JoinRequest.safeParse(document);
  if (result.success) return result.data;
  const causes = result.error.issues.map((issue) => ({
    reason: "FieldValueInvalid",
    field: issue.path.join(".") || "(body)",
    message: issue.message,
  }));
  const message = causes.map((cause) => `${cause.field}: ${cause.message}`).join("; ");
  throw new Fault("refused", "MalformedBody", message, { causes });
}

/** @throws Fault refused unless the token is that of a runtime's pod on this node */
async function mustBeOn({ cluster, namespace }: JoinOptions, token: string, node: string): Promise<void> {
  const { object } = await cluster.create(TokenReview, {
    apiVersion: "authentication.k8s.io/v1",
    kind: TokenReview.kind,
    metadata: { name: "" },
    spec: { token, audiences: [AUDIENCE] },
  });
  const { authenticated, audiences = [], error, user } = object.status ?? {};
  if (authenticated !== true || !audiences.includes(AUDIENCE)) {
    throw unauthenticated(`the token is not valid for audience ${AUDIENCE}${error === undefined ? "" : `: ${error}`}`);
  }
  const account = `system:serviceaccount:${namespace}:${NODE_ACCOUNT}`;
  if (user?.username !== account) {
    throw new Fault("refused", "WrongNode", `the token is that of "${user?.username ?? ""}"; ${account} may join`);
  }
  const [bound] = user.extra?.[NODE_NAME] ?? [];
  if (bound === undefined || user.extra?.[POD_NAME] === undefined) {
    throw new Fault("refused", "WrongNode", "the token is bound to no pod on a node");
  }
  if (bound === node) return;
  const message = `node: is "${node}", but the token is that of a pod on "${bound}"`;
  throw new Fault("refused", "WrongNode", message, {
    causes: [{ reason: "FieldValueInvalid", field: "node", message }],
  });
}

function unauthenticated(message: string): Fault {
  return new Fault("refused", "Unauthenticated", message);
}
