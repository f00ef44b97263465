/** The other nodes' runtimes, as one runtime reaches them when a guest moves: over the same network as everything else. */
import type { Peers } from "#node-runtime/migration/peers.ts";
import { createCaller, type Call } from "./node-call.ts";
import type { SimulatedNode } from "./node.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

const TIMEOUT_MILLISECONDS = 75_000;

export interface PeersDoorOptions {
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly self: SimulatedNode;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
}

/** The tunnel joins both ends: source and target name the same place. */
export function wireOf(node: string, uid: string): { readonly memory: string; readonly disks: string } {
  return { memory: `${node}/${uid}`, disks: `${node}/${uid}/disks` };
}

export function peersDoor({ nodes, self, process, scheduler, weather }: PeersDoorOptions): Peers {
  const caller = createCaller({
    nodes,
    process,
    scheduler,
    weather,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    reason: "PeerUnreachable",
    lost: 0.3,
    apart: (node) => node.cutOff || self.cutOff,
    diesWithSender: false,
  });
  // A runtime that was started again listens elsewhere; its node's address is looked up anew by nobody here.
  const ask = <T>(name: string, url: string, act: Call<T>["act"]): Promise<T> =>
    caller(name, { reaches: (node) => node.url === url, act });

  return {
    prepare: ({ claim, uid, url }, request) =>
      ask(claim.node, url, (machines) => machines.prepareArrival(uid, request)),
    finish: ({ claim, uid, url }, request) => ask(claim.node, url, (machines) => machines.finishArrival(uid, request)),
    tunnel: async ({ claim, uid }) => ({ wire: wireOf(claim.node, uid), close: async () => undefined }),
  };
}
