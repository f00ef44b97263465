/** One call to a node's runtime over a network that loses, doubles and delays requests and answers, and that is cut. */
import { Fault } from "#events/fault.ts";
import type { SimulatedNode } from "./node.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { HeldMachines } from "./seams.ts";
import type { Weather } from "./weather.ts";

/** A message that was held up somewhere arrives this late at the latest. */
const LATEST_MILLISECONDS = 90_000;

export interface CallerOptions {
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly timeoutMilliseconds: number;
  /** Of an unanswered call. */
  readonly reason: string;
  /** Of answers, while orders are lost. */
  readonly lost: number;
  /** Nothing passes between the caller and the node. */
  readonly apart: (node: SimulatedNode) => boolean;
  /** What is on its way when its sender dies may still arrive, or not. */
  readonly diesWithSender: boolean;
}

export interface Call<T> {
  /** False: nobody listens where the caller asks. */
  readonly reaches: (node: SimulatedNode) => boolean;
  readonly act: (machines: HeldMachines) => Promise<T> | T;
}

export type Caller = <T>(name: string, call: Call<T>) => Promise<T>;

export function createCaller(options: CallerOptions): Caller {
  const { nodes, process, scheduler, weather, lost, apart } = options;

  /** A frozen node reads what was sent to it once it goes on. */
  function send(node: SimulatedNode, milliseconds: number, deliver: () => void): void {
    scheduler.send(process, milliseconds, () => {
      const wait = node.frozenUntil - scheduler.now;
      if (wait > 0) scheduler.send(process, wait, deliver);
      else deliver();
    });
  }

  return (name, { reaches, act }) =>
    new Promise((resolve, reject) => {
      const node = nodes.get(name);
      const unreachable = (): void => reject(new Fault("later", options.reason, `${name} does not answer`));
      if (node === undefined) return unreachable();
      const cancel = scheduler.after(process, options.timeoutMilliseconds, unreachable);
      if (apart(node) || weather.strikes("orders-lost", 0.2, name)) return;
      const deliver = (answered: boolean): void => {
        if (options.diesWithSender && !process.alive && weather.oneIn(2)) return;
        if (apart(node)) return;
        const { machines } = node;
        const answer = (give: () => void): void => {
          if (!answered || apart(node) || weather.strikes("orders-lost", lost, name)) return;
          scheduler.after(process, weather.latency("slow-orders", name), () => {
            cancel();
            give();
          });
        };
        // Nobody listens there: the connection is refused.
        if (machines === undefined || !reaches(node)) return answer(unreachable);
        inside(machines, act).then(
          (value) => answer(() => resolve(value)),
          (thrown: unknown) => answer(() => reject(thrown instanceof Error ? thrown : new Error(String(thrown)))),
        );
      };
      send(node, weather.latency("slow-orders", name), () => deliver(true));
      if (weather.strikes("orders-doubled", 0.3, name)) {
        const late = weather.between(0, LATEST_MILLISECONDS);
        weather.holdsUntil(scheduler.now + late);
        send(node, late, () => deliver(false));
      }
    });
}

async function inside<T>(machines: HeldMachines, act: (machines: HeldMachines) => Promise<T> | T): Promise<T> {
  return act(machines);
}
