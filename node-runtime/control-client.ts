/**
 * The runtime's way to the control plane: POST over HTTPS with the node's certificate, on connections that are kept.
 * "Signed by our authority" is not enough: the other end must be the control plane itself.
 */
import { Agent, request } from "node:https";
import { createSecureContext, type PeerCertificate } from "node:tls";
import { Fault } from "#events/fault.ts";
import { CONTROL_URI, uriNames } from "#events/identities.ts";

/** PEM texts. Who has no certificate yet speaks without one. */
export interface ClientTls {
  readonly cert?: string;
  readonly key?: string;
  readonly ca: string;
}

export interface ControlAnswer {
  readonly status: number;
  readonly body: string;
  readonly retryAfterSeconds: number | undefined;
}

export interface ControlClient {
  /** @throws Fault later when there is no answer within the time, or not from the control plane */
  post(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | Uint8Array,
    signal: AbortSignal,
  ): Promise<ControlAnswer>;
  /** Another certificate, or other authorities, for connections that are made from now on. */
  renew(tls: ClientTls): void;
  close(): void;
}

const MOST_ANSWER_BYTES = 64 * 1024;
/** More than the outbox sends at a time, so that a heartbeat never waits behind reports that nobody answers. */
const MOST_CONNECTIONS = 16;
/** Longer than any request takes. */
const RETIRE_MILLISECONDS = 60_000;

export function controlClient(options: { readonly url: string; readonly tls: ClientTls }): ControlClient {
  let agent = agentWith(options.tls);
  return {
    post(path, headers, body, signal) {
      return new Promise((resolve, reject) => {
        const fail = (error: Error): void =>
          reject(
            new Fault("later", "ControlUnreachable", `POST ${options.url}${path}: ${error.message}`, { cause: error }),
          );
        const sent = request(new URL(path, options.url), {
          method: "POST",
          agent,
          signal,
          headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
        });
        sent.on("error", fail);
        // One that still waits for a connection tells of its end only once it has one.
        signal.addEventListener("abort", () => fail(new Error("no answer in time")), { once: true });
        sent.on("response", (response) => {
          let answer = "";
          response.setEncoding("utf8");
          response.on("data", (text: string) => {
            if (answer.length < MOST_ANSWER_BYTES) answer += text;
          });
          response.on("error", fail);
          response.on("end", () => {
            const retryAfter = Number(response.headers["retry-after"]);
            resolve({
              status: response.statusCode ?? 0,
              body: answer,
              retryAfterSeconds: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined,
            });
          });
        });
        sent.end(body);
      });
    },
    renew(tls) {
      const old = agent;
      agent = agentWith(tls);
      setTimeout(() => old.destroy(), RETIRE_MILLISECONDS).unref();
    },
    close: () => agent.destroy(),
  };
}

function agentWith(tls: ClientTls): Agent {
  return new Agent({
    keepAlive: true,
    maxSockets: MOST_CONNECTIONS,
    // Once: reading certificates again for each connection takes longer than many a request.
    secureContext: createSecureContext({ ...tls, minVersion: "TLSv1.3" }),
    checkServerIdentity: (_host, certificate) => wrongIdentity(certificate),
  });
}

function wrongIdentity(certificate: PeerCertificate): Error | undefined {
  const names = uriNames(certificate.subjectaltname);
  return names.includes(CONTROL_URI) ? undefined : new Error(`its certificate does not name ${CONTROL_URI}`);
}
