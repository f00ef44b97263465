/**
 * The way from one runtime to another in the same process: asked without a connection, and the two QEMUs meet at a socket
 * of this machine. What a tunnel would add are two ciphers on the one thread that also drives both ends. The same checks
 * stand in front: a machine comes from the node that it is expected from, or not at all.
 */
import { asFault, Fault } from "#events/fault.ts";
import { nodeURI } from "#events/identities.ts";
import { expected, type PeerServerOptions } from "./peer-server.ts";
import { FinishRequest, PrepareRequest, type PeerAddress, type Peers } from "./peers.ts";

/** Nodes of this process by `here`, all others through `peers`. `node`: who asks. */
export function peersWithin(peers: Peers, node: string, here: (node: string) => PeerServerOptions | undefined): Peers {
  const names = [nodeURI(node)];
  return {
    async prepare(at, request) {
      const there = here(at.claim.node);
      if (there === undefined) return peers.prepare(at, request);
      return answered(at, async () =>
        there.arrivals.prepareArrival(expected(there.arrivals, at.uid, names), PrepareRequest.parse(request)),
      );
    },
    async finish(at, request) {
      const there = here(at.claim.node);
      if (there === undefined) return peers.finish(at, request);
      return answered(at, async () =>
        there.arrivals.finishArrival(expected(there.arrivals, at.uid, names), FinishRequest.parse(request)),
      );
    },
    async tunnel(at, migration) {
      const there = here(at.claim.node);
      if (there === undefined) return peers.tunnel(at, migration);
      return answered(at, async () => ({
        wire: there.wireOf(expected(there.arrivals, at.uid, names)),
        close: () => Promise.resolve(), // the sockets are its QEMU's
      }));
    },
  };
}

/** @throws Fault of the peer, said as the peer's; one of its own making is not ours, and may pass */
async function answered<T>({ claim }: PeerAddress, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    const { kind, reason, message } = asFault(thrown);
    throw new Fault(kind === "bug" ? "later" : kind, reason, `${claim.node}: ${message}`, { cause: thrown });
  }
}
