/**
 * What a replica serves to node runtimes: POST /join, /heartbeat and /events. A replica that does not lead passes
 * heartbeats and reports on to the one that does, with the node's name as this replica has proved it. One whose term is
 * suspended notes who lives and refuses: it may lead on, and must not call a node silent that it did not listen to.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { createIngress, type Identity, type IngressOptions } from "#events/ingress.ts";
import { isControl, nodeOf } from "#events/identities.ts";
import { answerLater, type Forwarder } from "./forward.ts";
import { signedBy, type Trust } from "./front-proxy.ts";
import type { Holder } from "./election.ts";
import { addJoin, type JoinOptions } from "./join.ts";

/** Set by a replica that passes a request on; believed from replicas alone. */
const NODE_HEADER = "x-virtive-node";

export interface NodeIngressParts {
  readonly ingress: Omit<IngressOptions, "identityOf">;
  readonly join: Omit<JoinOptions, "addressOf">;
  readonly trust: () => Trust;
  readonly leading: () => boolean;
  /** True while its term is suspended. */
  readonly suspended: () => boolean;
  readonly leader: () => Holder | undefined;
  readonly forwarder: Forwarder;
}

type Peer = Identity | "control" | undefined;

export function nodeIngress(parts: NodeIngressParts): (request: IncomingMessage, response: ServerResponse) => void {
  const { trust, leading, suspended, leader, forwarder } = parts;
  const known = new WeakMap<TLSSocket, { readonly trust: Trust; readonly peer: Peer }>();

  function peerOf(request: IncomingMessage): Peer {
    const socket = request.socket as TLSSocket;
    const now = trust();
    const there = known.get(socket);
    if (there?.trust === now) return there.peer;
    const peer = peerBy(socket, now);
    known.set(socket, { trust: now, peer });
    return peer;
  }

  function identityOf(context: Context): Identity | undefined {
    const { incoming } = context.env as HttpBindings;
    const peer = peerOf(incoming);
    if (peer !== "control") return peer;
    const node = incoming.headers[NODE_HEADER];
    return typeof node === "string" ? { node } : { user: "system:virtive:control" };
  }

  const app = createIngress({ ...parts.ingress, identityOf });
  addJoin(app, {
    ...parts.join,
    addressOf: (context) => (context.env as HttpBindings).incoming.socket.remoteAddress ?? "",
  });
  const listener = getRequestListener(app.fetch);

  return (request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0];
    const isLeaders = path === "/heartbeat" || path === "/events";
    const peer = isLeaders ? peerOf(request) : undefined;
    if (!isLeaders || leading() || peer === undefined) return void listener(request, response);
    const to = leader();
    if (to === undefined && suspended() && path === "/heartbeat") return void listener(request, response);
    // What a replica has passed on goes no further: the two disagree about who leads, for a moment.
    if (to === undefined || peer === "control" || !("node" in peer)) {
      request.resume();
      return answerLater(response, "no replica leads right now");
    }
    const { address, ingressPort: port } = to;
    forwarder.pass(request, response, { address, port }, { [NODE_HEADER]: peer.node });
  };
}

function peerBy(socket: TLSSocket, { own }: Trust): Peer {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined || !signedBy(certificate, own)) return undefined;
  const { subjectAltName } = certificate;
  if (isControl(subjectAltName)) return "control";
  const node = nodeOf(subjectAltName);
  return node === undefined ? undefined : { node };
}
