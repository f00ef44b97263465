/** `virtive start|stop|restart|pause|unpause VM`: KubeVirt's subresources, and waiting for what they bring about. */
import type { VirtualMachine } from "#api/virtual-machine.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { conditionOf } from "#api/object.ts";
import type { Explanation } from "#functions/gateway/explain.ts";
import { goneOrThrow, type Client } from "../client.ts";
import { TimedOut } from "../exit.ts";

type Verb = "start" | "stop" | "restart" | "pause" | "unpause";

type Api = Pick<Client, "send">;

/** A VM and what runs of it. */
interface Seen {
  readonly vm: VirtualMachine;
  readonly vmi: VirtualMachineInstance | undefined;
}

interface Power {
  /** VM or VMI: pausing is a verb of the running instance. */
  readonly resource: "virtualmachines" | "virtualmachineinstances";
  readonly done: string;
  reached(now: Seen, before: Seen): boolean;
}

const paused = ({ vm }: Seen): boolean => conditionOf(vm, "Paused")?.status === "True";
const running = ({ vm, vmi }: Seen): boolean =>
  vm.status?.printableStatus === "Running" && vmi?.status?.phase === "Running";

const powers = {
  start: { resource: "virtualmachines", done: "started", reached: running },
  stop: {
    resource: "virtualmachines",
    done: "stopped",
    reached: ({ vm, vmi }) => vmi === undefined && vm.status?.created !== true,
  },
  restart: {
    resource: "virtualmachines",
    done: "restarted",
    // Another run has another uid; times are too coarse to tell two runs apart.
    reached: (now, before) => running(now) && now.vmi?.metadata.uid !== before.vmi?.metadata.uid,
  },
  pause: { resource: "virtualmachineinstances", done: "paused", reached: paused },
  unpause: { resource: "virtualmachineinstances", done: "unpaused", reached: (now) => !paused(now) },
} as const satisfies Record<Verb, Power>;

export const verbs = Object.keys(powers) as readonly Verb[];

const LOOK_EVERY_MILLISECONDS = 200;
/** A wait in which nothing changes says so, and what for, this often. */
const SAY_EVERY_MILLISECONDS = 10_000;

export interface PowerOptions {
  readonly namespace: string;
  readonly wait: boolean;
  readonly timeoutSeconds: number;
  /** stop and restart: end the guest at once. */
  readonly force: boolean;
  /** Told what changes while waiting, a line each. */
  readonly report: (line: string) => void;
}

/** What `-o json` prints. */
export interface PowerResult {
  readonly namespace: string;
  readonly name: string;
  readonly verb: Verb;
  /** False when nobody waited for it. */
  readonly done: boolean;
  /** The VM's printableStatus; where nobody waited, as it was before. */
  readonly status: string;
  /** uid of the run that is there now. */
  readonly instance: string | undefined;
  readonly seconds: number;
}

export function sentence({ name, verb, done, seconds }: PowerResult): string {
  return done ? `${name}: ${powers[verb].done} (${seconds.toFixed(1)} s)` : `${name}: ${verb} accepted`;
}

/** @throws ApiError when it is refused, TimedOut */
export async function power(client: Api, verb: Verb, name: string, options: PowerOptions): Promise<PowerResult> {
  const { namespace, report } = options;
  const goal: Power = powers[verb];
  const before = await look(client, namespace, name);
  const began = performance.now();
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/${goal.resource}/${name}/${verb}`;
  await client.send("PUT", path, bodyOf(verb, options.force));
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  const result = (now: Seen, done: boolean): PowerResult => ({
    namespace,
    name,
    verb,
    done,
    status: statusOf(now),
    instance: now.vmi?.metadata.uid,
    seconds: seconds(),
  });
  if (!options.wait) return result(before, false);
  let said = statusOf(before);
  let saidAt = performance.now();
  for (;;) {
    const now = await look(client, namespace, name);
    if (goal.reached(now, before)) return result(now, true);
    const status = statusOf(now);
    if (seconds() > options.timeoutSeconds) {
      throw new TimedOut(
        `${name} is ${status} after ${options.timeoutSeconds} s, not ${goal.done}; see: virtive explain ${name}`,
      );
    }
    if (status !== said) {
      report(`${name}: ${status} (${seconds().toFixed(1)} s)`);
      [said, saidAt] = [status, performance.now()];
    } else if (performance.now() - saidAt >= SAY_EVERY_MILLISECONDS) {
      const why = await waitsFor(client, namespace, name);
      report(`${name}: still ${status}${why === undefined ? "" : `, waits for ${why}`} (${seconds().toFixed(1)} s)`);
      saidAt = performance.now();
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MILLISECONDS));
  }
}

async function look(client: Api, namespace: string, name: string): Promise<Seen> {
  const path = `/apis/kubevirt.io/v1/namespaces/${namespace}`;
  const [vm, vmi] = await Promise.all([
    client.send<VirtualMachine>("GET", `${path}/virtualmachines/${name}`),
    client.send<VirtualMachineInstance>("GET", `${path}/virtualmachineinstances/${name}`).catch(goneOrThrow),
  ]);
  return { vm, vmi };
}

function statusOf({ vm }: Seen): string {
  return vm.status?.printableStatus ?? "without status";
}

/** Undefined where nobody can tell: another server of the same API, say. */
async function waitsFor(client: Api, namespace: string, name: string): Promise<string | undefined> {
  const path = `/apis/subresources.virtive.dev/v1/namespaces/${namespace}/virtualmachines/${name}/explain`;
  return client.send<Explanation>("GET", path).then(
    ({ waitsFor }) => waitsFor?.what,
    () => undefined,
  );
}

function bodyOf(verb: Verb, force: boolean): object {
  if (!force) return {};
  if (verb === "stop") return { gracePeriod: 0 };
  return verb === "restart" ? { gracePeriodSeconds: 0 } : {};
}
