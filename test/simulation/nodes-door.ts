/**
 * The nodes as one control plane reaches them: orders, questions and their answers cross a network that loses, doubles
 * and delays them, and that a partition cuts.
 */
import type { MachineStatus, Nodes } from "#events/machine.ts";
import { createCaller, type Call } from "./node-call.ts";
import type { SimulatedNode } from "./node.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

/** As the functions' client of nodes gives up. */
const TIMEOUT_MILLISECONDS = 5_000;

export interface NodesDoorOptions {
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
}

export function nodesDoor({ nodes, process, scheduler, weather }: NodesDoorOptions): Nodes {
  const caller = createCaller({
    nodes,
    process,
    scheduler,
    weather,
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
    reason: "NodeUnreachable",
    lost: 0.2,
    apart: (node) => node.cutOff,
    diesWithSender: true,
  });
  const ask = <T>(name: string, act: Call<T>["act"]): Promise<T> => caller(name, { reaches: () => true, act });

  return {
    // At the URL of an earlier runtime the present one answers, as where ports are fixed.
    identity: (name) => ask(name, () => ({ node: name, bootID: nodes.get(name)?.bootID ?? "" })),
    machine: (node, uid) => ask(node, (machines): MachineStatus | undefined => machines.status(uid)),
    machines: (node) => ask(node, (machines) => machines.all()),
    order: (order) => ask(order.claim.node, (machines) => machines.order(order)),
    forget: (node, uid, epoch) => ask(node, (machines) => machines.forget(uid, epoch)),
    act: (node, uid, epoch, action) => ask(node, (machines) => machines.act(uid, epoch, action)),
  };
}
