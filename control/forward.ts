/**
 * Passes a request on to the replica that leads. Nodes and users find any replica behind the Service; only the leader has
 * the broker and the journal. Passing on costs a hop inside the cluster; sending the node away ("503, try the next")
 * would cost it retries, with the odds of the Service's choice, on every heartbeat.
 */
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureContext, type PeerCertificate } from "node:tls";
import { isControl } from "#events/identities.ts";
import type { Log } from "#events/log.ts";

/** Who we are to the other replicas. PEM. */
export interface PeerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Forwarder {
  /** Answers with what the other answers; 503 when it does not. */
  pass(
    request: IncomingMessage,
    response: ServerResponse,
    to: { readonly address: string; readonly port: number },
    headers?: Readonly<Record<string, string>>,
  ): void;
  close(): void;
}

const FIRST_BYTE_MILLISECONDS = 5_000;
const MOST_CONNECTIONS = 64;
/** Of one connection only, by RFC 9110; the host is the other replica. */
const HOP_BY_HOP = [
  "host",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "proxy-connection",
];

export function createForwarder(tls: () => PeerTls, log: Log): Forwarder {
  let current: { readonly tls: PeerTls; readonly agent: Agent } | undefined;

  function agent(): Agent {
    const wanted = tls();
    if (current?.tls === wanted) return current.agent;
    current?.agent.destroy();
    current = {
      tls: wanted,
      agent: new Agent({
        // Once: reading certificates again for each connection takes longer than many a request.
        secureContext: createSecureContext({ ...wanted, minVersion: "TLSv1.3" }),
        keepAlive: true,
        maxSockets: MOST_CONNECTIONS,
        checkServerIdentity: (_host, certificate) => notControl(certificate),
      }),
    };
    return current.agent;
  }

  return {
    pass(incoming, outgoing, { address, port }, headers = {}) {
      const kept = Object.entries(incoming.headersDistinct).filter(([name]) => !HOP_BY_HOP.includes(name));
      const options: RequestOptions = {
        agent: agent(),
        host: address,
        port,
        method: incoming.method,
        path: incoming.url,
        headers: { ...Object.fromEntries(kept), ...headers },
      };
      const sent = httpsRequest(options);
      const patience = setTimeout(() => sent.destroy(new Error("no answer in time")), FIRST_BYTE_MILLISECONDS);
      sent.on("response", (answer) => {
        clearTimeout(patience);
        const back = Object.entries(answer.headersDistinct).filter(([name]) => !HOP_BY_HOP.includes(name));
        outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(back));
        answer.pipe(outgoing);
        answer.on("error", () => outgoing.destroy());
      });
      sent.on("error", (error) => {
        clearTimeout(patience);
        log.debug({ address, port, error: error.message }, "the leader can't be reached");
        incoming.resume();
        if (outgoing.headersSent) outgoing.destroy();
        else answerLater(outgoing, `the replica that leads can't be reached: ${error.message}`);
      });
      outgoing.on("close", () => {
        clearTimeout(patience);
        if (!outgoing.writableFinished) sent.destroy();
      });
      incoming.pipe(sent);
    },
    close: () => current?.agent.destroy(),
  };
}

function notControl(certificate: PeerCertificate): Error | undefined {
  return isControl(certificate.subjectaltname)
    ? undefined
    : new Error("its certificate is not that of a control plane");
}

/** Nobody leads right now: it passes within seconds. */
export function answerLater(response: ServerResponse, message: string): void {
  const body = JSON.stringify({ kind: "later", reason: "NoLeader", message });
  response
    .writeHead(503, {
      "content-type": "application/json",
      "retry-after": "1",
      // Behind one address stand several: the next request may find another.
      "connection": "close",
      "content-length": Buffer.byteLength(body),
    })
    .end(body);
}
