/**
 * What a function host does before a snapshot of it is taken (scripts/host-snapshot.ts): every function is asked once about
 * an object that is gone. What that loads, makes and compiles is in the snapshot, and no start and no first event waits for it.
 *
 * Nothing of one process may get into it: no environment, no connection, no time, and nothing that is drawn by chance.
 */
import { apiVersionOf } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { systemClock, type Clock } from "#events/clock.ts";
import { flowEvents, objectEvents } from "#events/catalogue.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import type { Nodes } from "#events/machine.ts";
import type { FunctionDefinition } from "./define.ts";
import { createDispatcher } from "./dispatcher.ts";
import { createHost, type HostRequest } from "./http-host.ts";
import { createHostWakes } from "./host-wakes.ts";

const KEY = "warm-up/warm-up";
/** The same at each making: the snapshot's bytes are its image's, and those are to depend on sources alone. */
const clock: Clock = { ...systemClock, now: () => new Date(0) };

/** @throws Error when a function does not take it that its object is gone */
export async function warmUp(functions: readonly FunctionDefinition[]): Promise<void> {
  createHostWakes({ publish: never, clock, log: silentLog });
  const dispatcher = createDispatcher({
    functions,
    reader: nothingThere,
    writer: nothingThere,
    nodes: noNodes,
    journal: { appendDecision: () => 0 },
    broker: { publish: never, addTrigger: () => undefined, wakeAt: () => undefined },
    clock,
    log: silentLog,
  });
  const host = createHost({ functions, reader: nothingThere, dispatcher, log: silentLog });
  await host({ method: "GET", path: "/readyz", headers: {}, body: async () => new Uint8Array() });
  for (const { name } of functions) {
    for (const request of [wakeOf(name), changeFor(name)]) {
      const { status } = await host(request);
      if (status !== 204) throw new Error(`${name} answers ${status} about an object that is gone`);
    }
  }
  // What listening loads, and what is loaded for any address.
  for (const name of ["node:cluster", "node:dns"]) process.getBuiltinModule(name);
}

function wakeOf(name: string): HostRequest {
  return event(name, flowEvents.wake.type, { "ce-trigger": name }, { trigger: name, key: KEY });
}

function changeFor(name: string): HostRequest {
  const { kind } = VirtualMachineInstance;
  const apiVersion = apiVersionOf(VirtualMachineInstance);
  const object = { apiVersion, kind, metadata: { namespace: "warm-up", name: "warm-up" } };
  return event(name, objectEvents.updated.type, { "ce-kind": kind, "ce-apiversion": apiVersion }, object);
}

function event(name: string, type: string, extensions: Readonly<Record<string, string>>, data: unknown): HostRequest {
  return {
    method: "POST",
    path: `/functions/${name}`,
    headers: {
      "ce-specversion": "1.0",
      "ce-id": name,
      "ce-source": "/virtive/warm-up",
      "ce-type": type,
      "ce-time": "2000-01-01T00:00:00Z",
      "ce-partitionkey": KEY,
      "content-type": "application/json",
      ...extensions,
    },
    body: async () => Buffer.from(JSON.stringify(data)),
  };
}

async function never(): Promise<never> {
  throw new Fault("bug", "WarmUp", "nothing is written, ordered or told while a host warms up");
}

const nothingThere: Reader & Writer = {
  get: async () => undefined,
  list: async () => [],
  create: never,
  patch: never,
  remove: never,
};

const noNodes: Nodes = {
  identity: never,
  machine: never,
  machines: never,
  order: never,
  forget: never,
  act: never,
};
