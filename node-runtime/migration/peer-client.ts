/**
 * One runtime's way to another: HTTPS with both nodes' certificates, and tunnels for what QEMU sends. Who answers must
 * be the very node that the claim names; "signed by our authority" is not enough.
 */
import { Agent, request, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { PeerCertificate } from "node:tls";
import type { z } from "zod";
import { Fault, type FaultKind } from "#events/fault.ts";
import { nodeOf, uriNames } from "#events/identities.ts";
import type { Log } from "#events/log.ts";
import type { ClientTls } from "../control-client.ts";
import type { GuestUser } from "../host/configuration.ts";
import type { Wire } from "../hypervisor.ts";
import { FinishAnswer, PrepareAnswer, type PeerAddress, type Peers } from "./peers.ts";
import { openTunnel } from "./tunnel.ts";

export interface PeersOptions {
  readonly tls: ClientTls;
  /** Where this node's QEMU finds the sockets that lead to the target: the same at each call. */
  readonly departureWire: (uid: string) => Wire;
  /** Whose QEMU's processes are; root's when unset. */
  readonly guestUser: GuestUser | undefined;
  readonly log: Log;
}

/** The target starts QEMU, or lets a guest run: longer than libvirt's own deadlines there. */
const ANSWER_MS = 75_000;
const DIAL_MS = 10_000;
const MOST_ANSWER_BYTES = 4 * 1024 * 1024;
const KINDS: Readonly<Record<string, FaultKind>> = { stale: "stale", later: "later", refused: "refused" };

export interface PeerClient extends Peers {
  /** Another certificate, or other authorities, for connections that are made from now on. */
  renew(tls: ClientTls): void;
  close(): void;
}

export function peerClient({ tls, departureWire, guestUser, log }: PeersOptions): PeerClient {
  let agent = agentWith(tls);

  function optionsFor({ claim }: PeerAddress): RequestOptions {
    return { agent, checkServerIdentity: (_host, certificate) => wrongNode(claim.node, certificate) };
  }

  async function ask<T>(at: PeerAddress, verb: string, body: object, schema: z.ZodType<T>): Promise<T> {
    const { status, text } = await post(at, `/moves/${encodeURIComponent(at.uid)}/${verb}`, JSON.stringify(body));
    const parsed = jsonOf(text);
    if (status !== 200) throw faultOf(at, status, parsed);
    const answer = schema.safeParse(parsed);
    if (answer.success) return answer.data;
    throw new Fault("later", "PeerAnswerInvalid", `${at.claim.node} answers ${verb} with what can't be read`);
  }

  function post(
    at: PeerAddress,
    path: string,
    body: string,
  ): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(unreachable(at, error));
      const sent = request(urlOf(at, path), {
        ...optionsFor(at),
        method: "POST",
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      sent.on("error", fail);
      sent.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          if (text.length < MOST_ANSWER_BYTES) text += part;
        });
        response.on("error", fail);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sent.end(body);
    });
  }

  function dial(at: PeerAddress, what: "memory" | "disks"): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const sent = request(urlOf(at, `/moves/${encodeURIComponent(at.uid)}/${what}`), {
        ...optionsFor(at),
        headers: { connection: "Upgrade", upgrade: "virtive-move" },
        timeout: DIAL_MS,
      });
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${DIAL_MS} ms`)));
      sent.on("error", (error) => reject(unreachable(at, error)));
      sent.on("response", (response) => {
        response.resume();
        reject(faultOf(at, response.statusCode ?? 0, undefined));
      });
      sent.on("upgrade", (_response, socket, head) => {
        socket.setTimeout(0);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.end();
    });
  }

  return {
    prepare: (at, body) => ask(at, "prepare", body, PrepareAnswer),
    finish: (at, body) => ask(at, "finish", body, FinishAnswer),
    tunnel: (at) => openTunnel({ wire: departureWire(at.uid), owner: guestUser, dial: (what) => dial(at, what), log }),
    // What is under way keeps its connections, which are nobody else's: the old agent has none to close.
    renew: (next) => void (agent = agentWith(next)),
    close: () => agent.destroy(),
  };
}

function agentWith(tls: ClientTls): Agent {
  // A session that is taken up again would pass without a look at whose certificate it began with.
  return new Agent({ keepAlive: false, maxCachedSessions: 0, ...tls, minVersion: "TLSv1.3" });
}

function urlOf(at: PeerAddress, path: string): URL {
  const url = URL.parse(path, at.url);
  if (url?.protocol === "https:") return url;
  throw new Fault("later", "PeerUnknown", `${at.claim.node} gives "${at.url}" as its address; it must be an https URL`);
}

function unreachable(at: PeerAddress, error: Error): Fault {
  if (error instanceof Fault) return error;
  return new Fault("later", "PeerUnreachable", `${at.claim.node} does not answer at ${at.url}: ${error.message}`, {
    cause: error,
  });
}

function faultOf(at: PeerAddress, status: number, body: unknown): Fault {
  const said = typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const { kind, reason, message } = said;
  const known = typeof kind === "string" ? KINDS[kind] : undefined;
  if (known !== undefined && typeof reason === "string" && typeof message === "string") {
    return new Fault(known, reason.slice(0, 128), `${at.claim.node}: ${message.slice(0, 2048)}`);
  }
  return new Fault("later", "PeerRefused", `${at.claim.node} answers HTTP ${status}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrongNode(node: string, certificate: PeerCertificate): Error | undefined {
  if (nodeOf(certificate.subjectaltname) === node) return undefined;
  const names = uriNames(certificate.subjectaltname).join(", ") || "nobody's";
  return new Error(`its certificate is not node ${node}'s but ${names}`);
}
