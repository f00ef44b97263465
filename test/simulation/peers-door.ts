/** The other nodes' runtimes, as one runtime reaches them when a guest moves: over the same network as everything else. */
import { Fault } from "#events/fault.ts";
import type { Peers } from "#node-runtime/migration/peers.ts";
import type { SimulatedNode } from "./node.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { HeldMachines } from "./seams.ts";
import type { Weather } from "./weather.ts";

const TIMEOUT_MILLISECONDS = 75_000;
const LATEST_MILLISECONDS = 90_000;

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
  function ask<T>(name: string, url: string, act: (machines: HeldMachines) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const node = nodes.get(name);
      const unreachable = (): void => reject(new Fault("later", "PeerUnreachable", `${name} does not answer`));
      if (node === undefined) return unreachable();
      const cancel = scheduler.after(process, TIMEOUT_MILLISECONDS, unreachable);
      const apart = (): boolean => node.cutOff || self.cutOff;
      if (apart() || weather.strikes("orders-lost", 0.2, name)) return;
      const deliver = (answered: boolean): void => {
        if (apart()) return;
        const answer = (give: () => void): void => {
          if (!answered || apart() || weather.strikes("orders-lost", 0.3, name)) return;
          scheduler.after(process, weather.latency("slow-orders", name), () => {
            cancel();
            give();
          });
        };
        const { machines } = node;
        // A runtime that was started again listens elsewhere; its node's address is looked up anew by nobody here.
        if (machines === undefined || node.url !== url) return answer(unreachable);
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

  function send(node: SimulatedNode, milliseconds: number, deliver: () => void): void {
    scheduler.send(process, milliseconds, () => {
      const wait = node.frozenUntil - scheduler.now;
      if (wait > 0) scheduler.send(process, wait, deliver);
      else deliver();
    });
  }

  return {
    prepare: ({ claim, uid, url }, request) =>
      ask(claim.node, url, (machines) => machines.prepareArrival(uid, request)),
    finish: ({ claim, uid, url }, request) => ask(claim.node, url, (machines) => machines.finishArrival(uid, request)),
    tunnel: async ({ claim, uid }) => ({ wire: wireOf(claim.node, uid), close: async () => undefined }),
  };
}

async function inside<T>(machines: HeldMachines, act: (machines: HeldMachines) => Promise<T>): Promise<T> {
  return act(machines);
}
