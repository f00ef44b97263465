/**
 * The nodes as one control plane reaches them: orders, questions and their answers cross a network that loses, doubles
 * and delays them, and that a partition cuts.
 */
import { Fault } from "#events/fault.ts";
import type { MachineStatus, Nodes } from "#events/machine.ts";
import type { SimulatedNode } from "./node.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";
import type { HeldMachines } from "./seams.ts";

/** As the functions' client of nodes gives up. */
const TIMEOUT_MILLISECONDS = 5_000;
/** A message that was held up somewhere arrives this late at the latest. */
const LATEST_MILLISECONDS = 90_000;

export interface NodesDoorOptions {
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
}

export function nodesDoor({ nodes, process, scheduler, weather }: NodesDoorOptions): Nodes {
  function ask<T>(name: string, act: (machines: HeldMachines) => Promise<T> | T): Promise<T> {
    return new Promise((resolve, reject) => {
      const node = nodes.get(name);
      const unreachable = (): void => reject(new Fault("later", "NodeUnreachable", `${name} does not answer`));
      if (node === undefined) return unreachable();
      const cancel = scheduler.after(process, TIMEOUT_MILLISECONDS, unreachable);
      if (node.cutOff || weather.strikes("orders-lost", 0.2, name)) return;
      const deliver = (answered: boolean): void => {
        if (!process.alive && weather.oneIn(2)) return;
        if (node.cutOff) return;
        const { machines } = node;
        const answer = (give: () => void): void => {
          if (!answered || node.cutOff || weather.strikes("orders-lost", 0.2, name)) return;
          scheduler.after(process, weather.latency("slow-orders", name), () => {
            cancel();
            give();
          });
        };
        // Nobody listens there: the connection is refused.
        if (machines === undefined) return answer(unreachable);
        inside(machines, act).then(
          (value) => answer(() => resolve(value)),
          (thrown: unknown) => answer(() => reject(thrown instanceof Error ? thrown : new Error(String(thrown)))),
        );
      };
      send(node, weather.latency("slow-orders", name), () => deliver(true));
      if (weather.strikes("orders-doubled", 0.3, name)) {
        send(node, weather.between(0, LATEST_MILLISECONDS), () => deliver(false));
      }
    });
  }

  /** A frozen node reads what was sent to it once it goes on. */
  function send(node: SimulatedNode, milliseconds: number, deliver: () => void): void {
    scheduler.send(process, milliseconds, () => {
      const wait = node.frozenUntil - scheduler.now;
      if (wait > 0) scheduler.send(process, wait, deliver);
      else deliver();
    });
  }

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

async function inside<T>(machines: HeldMachines, act: (machines: HeldMachines) => Promise<T> | T): Promise<T> {
  return act(machines);
}
