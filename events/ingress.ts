/**
 * Where events enter the control plane over HTTP: reports and heartbeats of node runtimes, known by their client
 * certificates, and events of users for their own functions. An event is answered 202 once the broker has it.
 */
import { hash } from "node:crypto";
import { Hono, type Context } from "hono";
import type { z } from "zod";
import { nodeEvents, reports } from "./catalogue.ts";
import type { Broker } from "./broker-types.ts";
import type { CloudEvent } from "./cloud-event.ts";
import type { Clock } from "./clock.ts";
import { asFault, Fault, type Cause } from "./fault.ts";
import { readEvent } from "./http.ts";
import { readBody } from "./http-bounds.ts";
import type { Log } from "./log.ts";
import { Heartbeat, MachineStatus, type HeartbeatReply } from "./machine.ts";
import { makeEvent } from "./make-event.ts";
import { createRates } from "./rates.ts";

/** Who sends, as the connection proves it: a node by its name, or anyone else by any name. */
export type Identity = { readonly node: string } | { readonly user: string };

export interface IngressOptions {
  readonly publish: Broker["publish"];
  /** Undefined when the request proves nothing. */
  readonly identityOf: (context: Context) => Identity | undefined;
  /** False for a heartbeat that nobody need hear of: it is answered, and no event is made. Default: all are told. */
  readonly isNews?: (heartbeat: Heartbeat) => Promise<boolean>;
  /**
   * False while this process may not grant a lease: a heartbeat is asked about as ever, so that its node is known to live,
   * and refused for now. Default: it always may.
   */
  readonly mayLease?: () => boolean;
  /** What heartbeats are answered: seconds from the moment before the heartbeat was sent. */
  readonly leaseSeconds: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Requests a second that one identity may make, and twice as many at once. Default 200. */
  readonly mostPerSecond?: number;
}

const MOST_HEARTBEAT_BYTES = 64 * 1024;
const REPORT_TYPES: ReadonlySet<string> = new Set(Object.values(reports).map(({ type }) => type));
/** What only we may say. */
const OWN_PREFIXES = ["dev.virtive.", "dev.knative.apiserver."] as const;
const SOURCE = "/virtive/ingress";

/** Status by the fault's kind, and by its reason where that says more. */
const STATUS_OF_KIND = { stale: 409, later: 503, refused: 400, bug: 500 } as const;
const STATUS_OF_REASON: Readonly<Record<string, 401 | 403 | 413 | 415 | 422 | 429>> = {
  Unauthenticated: 401,
  WrongNode: 403,
  TypeNotAllowed: 403,
  EventTooLarge: 413,
  BatchNotSupported: 415,
  UnsupportedFormat: 415,
  UnsupportedCharset: 415,
  UnknownType: 422,
  TooManyRequests: 429,
};

export function createIngress(options: IngressOptions): Hono {
  const { publish, identityOf, leaseSeconds, clock, log, mostPerSecond = 200, isNews = async () => true } = options;
  const rates = createRates(clock, mostPerSecond);
  const app = new Hono();

  function admitted(context: Context): Identity {
    const identity = identityOf(context);
    if (identity === undefined) {
      throw new Fault("refused", "Unauthenticated", "a client certificate of this cluster is needed");
    }
    if (!rates.take("node" in identity ? `node/${identity.node}` : `user/${identity.user}`)) {
      throw new Fault("later", "TooManyRequests", `more than ${mostPerSecond} requests a second`, {
        retryAfterSeconds: 1,
      });
    }
    return identity;
  }

  app.post("/events", async (context) => {
    const identity = admitted(context);
    const event = await readEvent(context.req.raw);
    await publish("node" in identity ? checkedReport(event, identity.node) : checkedUserEvent(event));
    return context.body(null, 202);
  });

  app.post("/heartbeat", async (context) => {
    const identity = admitted(context);
    const heartbeat = await readHeartbeat(context.req.raw);
    mustBeOwn(identity, "node", heartbeat.node);
    const news = await isNews(heartbeat);
    if (options.mayLease?.() === false) {
      throw new Fault("later", "NoLeader", "no replica leads right now", { retryAfterSeconds: 1 });
    }
    if (news) await publish(heartbeatEvent(heartbeat, clock));
    return context.json({ leaseSeconds } satisfies z.infer<typeof HeartbeatReply>);
  });

  app.notFound((context) => {
    return context.json(
      { kind: "refused", reason: "NotFound", message: "POST /events and POST /heartbeat are served" },
      404,
    );
  });

  app.onError((thrown, context) => {
    const fault = asFault(thrown);
    const { kind, reason, message, causes, retryAfterSeconds } = fault;
    if (kind === "bug") log.error({ path: context.req.path, reason }, `ingress failed: ${message}`);
    if (retryAfterSeconds !== undefined) context.header("retry-after", String(Math.ceil(retryAfterSeconds)));
    return context.json({ kind, reason, message, causes }, STATUS_OF_REASON[reason] ?? STATUS_OF_KIND[kind]);
  });

  return app;
}

export function heartbeatEvent(heartbeat: Heartbeat, clock: Clock): CloudEvent {
  const { node, bootID } = heartbeat;
  return makeEvent({
    type: nodeEvents.heartbeat,
    source: SOURCE,
    key: `/${node}`,
    id: hash("sha256", `${node} ${bootID} ${clock.now().getTime()}`).slice(0, 32),
    data: heartbeat,
    extensions: { node, bootid: bootID },
    clock,
  });
}

/** @throws Fault refused unless it is a report of this node about a machine that it holds the claim of */
function checkedReport(event: CloudEvent, node: string): CloudEvent {
  if (!REPORT_TYPES.has(event.type)) {
    throw wrong("UnknownType", "type", `"${event.type}" is not a report of a node: ${[...REPORT_TYPES].join(", ")}`);
  }
  const parsed = MachineStatus.safeParse(event.data);
  if (!parsed.success) throw malformed("data", parsed.error.issues);
  const status = parsed.data;
  mustBeOwn({ node }, "data.claim.node", status.claim.node);
  const stated = {
    node,
    uid: status.uid,
    namespace: status.namespace,
    name: status.name,
    bootid: status.claim.bootID,
    epoch: String(status.claim.epoch),
    sequence: String(status.sequence),
    partitionkey: `${status.namespace}/${status.name}`,
  };
  for (const [name, value] of Object.entries(stated)) {
    const given = event.extensions[name];
    if (given === value) continue;
    throw wrong("BadAttribute", name, `is ${given === undefined ? "missing" : `"${given}"`}; data says "${value}"`);
  }
  return event;
}

/** @throws Fault refused for types that only this control plane's own parts may tell */
function checkedUserEvent(event: CloudEvent): CloudEvent {
  const own = OWN_PREFIXES.find((prefix) => event.type.startsWith(prefix));
  if (own !== undefined)
    throw wrong("TypeNotAllowed", "type", `types that begin with ${own} are told by Virtive alone`);
  return event;
}

async function readHeartbeat(request: Request): Promise<Heartbeat> {
  const body = await readBody(request, MOST_HEARTBEAT_BYTES);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (thrown) {
    throw wrong("MalformedBody", "body", `is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  const parsed = Heartbeat.safeParse(document);
  if (!parsed.success) throw malformed("", parsed.error.issues);
  return parsed.data;
}

function mustBeOwn(identity: Identity, field: string, node: string): void {
  if ("node" in identity && identity.node === node) return;
  const sender = "node" in identity ? `node "${identity.node}"` : `"${identity.user}", which is no node`;
  throw wrong("WrongNode", field, `is "${node}", but the certificate is that of ${sender}`);
}

function malformed(
  at: string,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): Fault {
  const causes: Cause[] = issues.slice(0, 20).map((issue) => ({
    reason: "FieldValueInvalid",
    field: [at, ...issue.path.map(String)].filter((part) => part !== "").join("."),
    message: issue.message,
  }));
  const message = causes.map((cause) => `${cause.field}: ${cause.message}`).join("; ");
  return new Fault("refused", "MalformedBody", message, { causes });
}

function wrong(reason: string, field: string, message: string): Fault {
  return new Fault("refused", reason, `${field}: ${message}`, {
    causes: [{ reason: "FieldValueInvalid", field, message }],
  });
}
