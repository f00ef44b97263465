/** The doors to the nodes, with the certificate that is in use now: a renewed one takes the place of the old at once. */
import type { Clock } from "#events/clock.ts";
import type { Reader } from "#events/cluster.ts";
import { createNodes, type NodeDoors, type NodesOptions } from "./nodes.ts";

/** Requests that began with the old certificate end within their timeout. */
const GRACE_MILLISECONDS = 30_000;

export function rotatingNodes(reader: Reader, tls: () => NodesOptions["tls"], clock: Clock): NodeDoors {
  let current: { readonly tls: NodesOptions["tls"]; readonly doors: NodeDoors } | undefined;
  function doors(): NodeDoors {
    const wanted = tls();
    if (current?.tls === wanted) return current.doors;
    const old = current?.doors;
    if (old !== undefined) clock.schedule(GRACE_MILLISECONDS, () => void old.close().catch(() => undefined));
    current = { tls: wanted, doors: createNodes({ reader, tls: wanted }) };
    return current.doors;
  }
  return {
    identity: (node, url) => doors().identity(node, url),
    machine: (node, uid) => doors().machine(node, uid),
    machines: (node) => doors().machines(node),
    order: (order) => doors().order(order),
    forget: (node, uid, epoch) => doors().forget(node, uid, epoch),
    act: (node, uid, epoch, action) => doors().act(node, uid, epoch, action),
    console: (node, uid, options) => doors().console(node, uid, options),
    close: async () => current?.doors.close(),
  };
}
