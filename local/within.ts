/**
 * What lives in this process is spoken to without a connection: the control plane to nodes, nodes to the control plane.
 * The same code answers; what is left out are TLS and HTTP, which take longer than all that is said. Objects are copied,
 * as they are on a connection. Consoles, and who answers at an address, go the usual way.
 */
import type { Hono } from "hono";
import { asFault, Fault } from "#events/fault.ts";
import { MachineOrder } from "#events/machine.ts";
import type { NodeDoors } from "#functions/nodes.ts";
import type { ControlClient } from "#node-runtime/control-client.ts";
import type { Runtime } from "#node-runtime/runtime.ts";

/** What of a node's runtime is asked for here. */
export type RuntimeHere = Pick<Runtime, "served">;

/** Nodes of this process by `here`, all others through `doors`. */
export function nodesWithin(doors: NodeDoors, here: (node: string) => RuntimeHere | undefined): NodeDoors {
  return {
    ...doors,
    async machine(node, uid) {
      const runtime = here(node);
      return runtime === undefined ? doors.machine(node, uid) : copy(runtime.served.status(uid));
    },
    async machines(node) {
      const runtime = here(node);
      return runtime === undefined ? doors.machines(node) : copy(runtime.served.all());
    },
    async order(order) {
      const { node } = order.claim;
      const runtime = here(node);
      if (runtime === undefined) return doors.order(order);
      return answered(node, async () => copy(await runtime.served.order(MachineOrder.parse(copy(order)))));
    },
    async forget(node, uid, epoch) {
      const runtime = here(node);
      return runtime === undefined
        ? doors.forget(node, uid, epoch)
        : answered(node, () => runtime.served.forget(uid, epoch));
    },
    async act(node, uid, epoch, action) {
      const runtime = here(node);
      return runtime === undefined
        ? doors.act(node, uid, epoch, action)
        : answered(node, () => runtime.served.act(uid, epoch, action));
    },
  };
}

/** @throws Fault of the node, said as the node's; one of its own making is not ours, and may pass */
async function answered<T>(node: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    const { kind, reason, message, causes } = asFault(thrown);
    throw new Fault(kind === "bug" ? "later" : kind, reason, `${node}: ${message}`, { causes, cause: thrown });
  }
}

/** Set in a request's environment by `controlWithin` alone: a connection can't bring it. */
export interface WithinEnv {
  readonly node?: string;
}

/** The way of a node in this process to the control plane's ingress. */
export function controlWithin(ingress: Hono, node: string): ControlClient {
  return {
    async post(path, headers, body, signal) {
      signal.throwIfAborted();
      const init = {
        method: "POST",
        headers: { ...headers },
        body: typeof body === "string" ? body : Buffer.from(body),
      };
      const response = await ingress.request(path, init, { node } satisfies WithinEnv);
      const retryAfter = Number(response.headers.get("retry-after") ?? "0");
      return {
        status: response.status,
        body: await response.text(),
        retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined,
      };
    },
    renew() {
      // Who is in this process shows no certificate.
    },
    close() {
      // Nothing is kept open.
    },
  };
}

function copy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
