/**
 * The nodes as functions reach them: HTTPS with certificates at both ends. A node's address comes from its Node object,
 * who it is from its certificate (`URI:virtive://node/<name>`): an address that leads to another node is refused.
 * The door to undici.
 */
import type { Duplex } from "node:stream";
import { createSecureContext, type PeerCertificate } from "node:tls";
import type * as Undici from "undici";
import type { Agent, Dispatcher } from "undici";
import { z } from "zod";
import { Node } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import type { Reader } from "#events/cluster.ts";
import { asFault, Fault, type FaultKind } from "#events/fault.ts";
import { MachineStatus, NodeIdentity, type MachineOrder, type Nodes } from "#events/machine.ts";
import { dial, type Refusal, type TlsIdentity } from "./websocket.ts";

export interface NodesOptions {
  /** Knows the Node objects, for their addresses. */
  readonly reader: Reader;
  /** PEM: our authority, and our own certificate (`URI:virtive://control`) with its key. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** For one answer. Default 5000. */
  readonly timeoutMilliseconds?: number;
}

export interface NodeDoors extends Nodes {
  /** The machine's serial console, a byte stream. @throws Fault refused when it has none now, later */
  console(node: string, uid: string, options?: { readonly history?: boolean }): Promise<Duplex>;
  close(): Promise<void>;
}

const MOST_ANSWER_BYTES = 64 * 1024 * 1024;
/** They are kept; each costs both ends a handshake, which takes longer than many requests. */
const CONNECTIONS_A_NODE = 4;

/** What a runtime answers when it refuses. */
const NodeFault = z.object({
  kind: z.enum(["stale", "later", "refused", "bug"]),
  reason: z.string().max(128),
  message: z.string().max(4096),
  causes: z.array(z.object({ reason: z.string(), field: z.string(), message: z.string() })).optional(),
});

const kindByStatus: Readonly<Record<number, FaultKind>> = { 409: "stale", 422: "refused", 429: "later", 503: "later" };

/** Loaded for the first node that is asked over a connection (5 MiB): within one process none is. */
let loaded: Promise<typeof Undici> | undefined;

export function createNodes(options: NodesOptions): NodeDoors {
  const { reader, tls, timeoutMilliseconds = 5_000 } = options;
  const agents = new Map<string, Agent>();
  // Once: reading certificates again for each connection takes longer than many a request.
  const secureContext = createSecureContext(tls);

  function identity(node: string): TlsIdentity {
    return { ...tls, checkServerIdentity: (_host, certificate) => notThisNode(node, certificate) };
  }

  function agentOf(node: string, undici: (typeof Undici)["default"]): Agent {
    const there = agents.get(node);
    if (there !== undefined) return there;
    const agent = new undici.Agent({
      connect: { ...identity(node), secureContext, timeout: timeoutMilliseconds },
      connections: CONNECTIONS_A_NODE,
      headersTimeout: timeoutMilliseconds,
      bodyTimeout: timeoutMilliseconds,
      maxResponseSize: MOST_ANSWER_BYTES,
    });
    agents.set(node, agent);
    return agent;
  }

  /** @throws Fault later when the Node has not told where it takes orders */
  async function urlOf(node: string, path: string): Promise<URL> {
    const object = await reader.get(Node, { name: node });
    const base = object?.metadata.annotations?.[annotation.runtimeURL];
    if (base === undefined) throw new Fault("later", "NodeUnknown", `no node runtime has reported from ${node}`);
    return urlAt(node, base, path);
  }

  async function send(
    node: string,
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    return sendTo(node, method, await urlOf(node, path), body);
  }

  async function sendTo(
    node: string,
    method: Dispatcher.HttpMethod,
    url: URL,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    try {
      // In a bundle a package in CommonJS has its default export alone.
      const { default: undici } = await (loaded ??= import("undici"));
      const answer = await undici.request(url, {
        dispatcher: agentOf(node, undici),
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
      const text = await answer.body.text();
      const status = answer.statusCode;
      if (status >= 200 && status <= 299) return { status, body: text === "" ? undefined : JSON.parse(text) };
      if (status === 404) return { status, body: undefined };
      throw faultFrom(node, { status, body: text });
    } catch (thrown) {
      if (thrown instanceof Fault) throw thrown;
      const why = asFault(thrown).message;
      throw new Fault("later", "NodeUnreachable", `${node} does not answer at ${url.origin}: ${why}`, {
        cause: thrown,
      });
    }
  }

  let reading: Promise<unknown> = Promise.resolve();
  /**
   * What a node says of all its machines is large, and a resync asks every node. One such answer is read a turn of the event
   * loop: what has come in meanwhile, reports above all, goes between.
   */
  function ownTurn(): Promise<void> {
    const turn = reading.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
    reading = turn;
    return turn;
  }

  return {
    async identity(node, url) {
      const { body } = await sendTo(node, "GET", urlAt(node, url, "/node"));
      const identity = checked(node, NodeIdentity, body);
      if (identity.node === node) return identity;
      throw new Fault("later", "NodeAnswerInvalid", `${identity.node} answers at ${url} for ${node}`);
    },
    async machine(node, uid) {
      const { status, body } = await send(node, "GET", `/machines/${encodeURIComponent(uid)}`);
      return status === 404 ? undefined : checked(node, MachineStatus, body);
    },
    async machines(node) {
      const { body } = await send(node, "GET", "/machines");
      await ownTurn();
      return checked(node, z.array(MachineStatus), body);
    },
    async order(order: MachineOrder) {
      const { node } = order.claim;
      const { body } = await send(node, "PUT", `/machines/${encodeURIComponent(order.uid)}`, order);
      return checked(node, MachineStatus, body);
    },
    async forget(node, uid, epoch) {
      await send(node, "DELETE", `/machines/${encodeURIComponent(uid)}?epoch=${epoch}`);
    },
    async act(node, uid, epoch, action) {
      const { status } = await send(node, "POST", `/machines/${encodeURIComponent(uid)}/actions`, { action, epoch });
      if (status === 404) throw new Fault("refused", "MachineNotFound", `${node} does not know the machine ${uid}`);
    },
    async console(node, uid, { history = false } = {}) {
      const url = await urlOf(node, `/machines/${encodeURIComponent(uid)}/console${history ? "?history=1" : ""}`);
      url.protocol = "wss:";
      return dial(url, identity(node), (refusal) => faultFrom(node, refusal));
    },
    async close() {
      const open = [...agents.values()];
      agents.clear();
      await Promise.all(open.map((agent) => agent.destroy()));
    },
  };
}

function urlAt(node: string, base: string, path: string): URL {
  const url = URL.parse(path, base);
  if (url?.protocol === "https:") return url;
  throw new Fault("later", "NodeUnknown", `${node} gives "${base}" as its address; it must be an https URL`);
}

/** Undefined when the certificate is this node's. That our authority has signed it, TLS has checked. */
function notThisNode(node: string, certificate: PeerCertificate): Error | undefined {
  const wanted = `URI:virtive://node/${node}`;
  const names = (certificate.subjectaltname ?? "").split(", ");
  if (names.includes(wanted)) return undefined;
  return new Error(`its certificate is not for ${wanted} but for ${names.join(", ") || "no name"}`);
}

function checked<T>(node: string, schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  // A runtime of another version perhaps: not our bug, and it may be upgraded.
  throw new Fault("later", "NodeAnswerInvalid", `${node} answers what can't be read: ${z.prettifyError(parsed.error)}`);
}

function faultFrom(node: string, { status, body }: Refusal): Fault {
  const parsed = NodeFault.safeParse(jsonOrNothing(body));
  if (parsed.success) {
    const { kind, reason, message, causes = [] } = parsed.data;
    // A fault of the node's own making is not ours, and may pass.
    return new Fault(kind === "bug" ? "later" : kind, reason, `${node}: ${message}`, { causes });
  }
  const kind = kindByStatus[status] ?? (status >= 500 ? "later" : "refused");
  return new Fault(kind, "NodeRefused", `${node} answers HTTP ${status}: ${body.slice(0, 256)}`);
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
