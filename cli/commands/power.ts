/** `virtive start|stop|restart|pause|unpause VM`: KubeVirt's subresources, and waiting for what they bring about. */
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { conditionOf } from "#api/object.ts";
import type { Client } from "../client.ts";
import { TimedOut } from "../exit.ts";

type Verb = "start" | "stop" | "restart" | "pause" | "unpause";

interface Power {
  /** VM or VMI: pausing is a verb of the running instance. */
  readonly resource: "virtualmachines" | "virtualmachineinstances";
  readonly done: string;
  reached(vm: VirtualMachine, before: VirtualMachine): boolean;
}

const paused = (vm: VirtualMachine): boolean => conditionOf(vm, "Paused")?.status === "True";
const running = (vm: VirtualMachine): boolean => vm.status?.printableStatus === "Running";

const powers = {
  start: { resource: "virtualmachines", done: "started", reached: running },
  stop: { resource: "virtualmachines", done: "stopped", reached: (vm) => vm.status?.created !== true },
  restart: {
    resource: "virtualmachines",
    done: "restarted",
    // The condition Ready turned true anew: the old run's time stamp is not enough.
    reached: (vm, before) =>
      running(vm) && conditionOf(vm, "Ready")?.lastTransitionTime !== conditionOf(before, "Ready")?.lastTransitionTime,
  },
  pause: { resource: "virtualmachineinstances", done: "paused", reached: paused },
  unpause: { resource: "virtualmachineinstances", done: "unpaused", reached: (vm) => !paused(vm) },
} as const satisfies Record<Verb, Power>;

export const verbs = Object.keys(powers) as readonly Verb[];

export interface PowerOptions {
  readonly namespace: string;
  readonly wait: boolean;
  readonly timeoutSeconds: number;
  /** stop and restart: end the guest at once. */
  readonly force: boolean;
}

/** @returns what to tell the user */
export async function power(client: Client, verb: Verb, name: string, options: PowerOptions): Promise<string> {
  const goal: Power = powers[verb];
  const { resource, done } = goal;
  const vmPath = `/apis/kubevirt.io/v1/namespaces/${options.namespace}/virtualmachines/${name}`;
  const before = await client.send<VirtualMachine>("GET", vmPath);
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${options.namespace}/${resource}/${name}/${verb}`;
  await client.send("PUT", path, bodyOf(verb, options.force));
  if (!options.wait) return `${name}: ${verb} accepted`;
  const end = Date.now() + options.timeoutSeconds * 1000;
  for (;;) {
    const vm = await client.send<VirtualMachine>("GET", vmPath);
    if (goal.reached(vm, before)) return `${name}: ${done}`;
    if (Date.now() > end) {
      throw new TimedOut(
        `${name} is ${vm.status?.printableStatus ?? "without status"} after ${options.timeoutSeconds} s; see: virtive explain ${name}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function bodyOf(verb: Verb, force: boolean): object {
  if (!force) return {};
  if (verb === "stop") return { gracePeriod: 0 };
  return verb === "restart" ? { gracePeriodSeconds: 0 } : {};
}
