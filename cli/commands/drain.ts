/**
 * `virtive drain NODE`: cordons the node and asks each guest's pod to go, as `kubectl drain` does, until none is left,
 * and shows what each guest does or waits for; `virtive uncordon NODE` lets guests in again, and calls off what a drain
 * has not finished.
 */
import type { Node, Pod } from "#api/core.ts";
import { keyOf, type Stored } from "#api/object.ts";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { Fault } from "#events/fault.ts";
import type { Instance } from "#functions/instance.ts";
import { leavingOf } from "#functions/migrate/leaving.ts";
import { ApiError, type Client } from "../client.ts";
import { TimedOut } from "../exit.ts";
import { followMoves } from "./progress.ts";

type Api = Pick<Client, "send">;

export interface DrainOptions {
  readonly timeoutSeconds: number;
  readonly report: (line: string) => void;
}

const ASK_EVERY_MILLISECONDS = 1_000;
const TOO_MANY_REQUESTS = 429;
const SERVER_ERRORS = 500;

/**
 * Answers how many guests have left. @throws TimedOut with what blocks, Fault refused DrainCalledOff when somebody
 * uncordons the node meanwhile, ApiError
 */
export async function drain(
  client: Api & Pick<Client, "lines">,
  node: string,
  { timeoutSeconds, report }: DrainOptions,
): Promise<number> {
  await cordon(client, node, true);
  report(`${node}: cordoned`);
  const began = performance.now();
  const seen = new Set<string>();
  const said = new Map<string, string>();
  const say = (name: string, word: string): void => {
    if (word !== said.get(name)) report(`${name}: ${word} (${seconds(began)} s)`);
    said.set(name, word);
  };
  const following = new AbortController();
  void followMoves(client, { report, only: (guest) => seen.has(guest) }, following.signal);
  try {
    for (;;) {
      const pods = await podsOn(client, node);
      const guests = new Map(pods.map((pod) => [guestOf(pod), pod]));
      for (const name of seen) if (!guests.has(name)) say(name, "gone");
      for (const name of guests.keys()) seen.add(name);
      if (guests.size === 0) return seen.size;
      if (!(await isCordoned(client, node))) {
        const left = `${guests.size} of ${seen.size} guests are still there`;
        throw new Fault("refused", "DrainCalledOff", `${node} was uncordoned: ${left}`);
      }
      const answers = new Map<string, string>();
      for (const [name, pod] of guests) {
        if (pod.metadata.deletionTimestamp === undefined) answers.set(name, await evict(client, pod));
      }
      const known = await leavingsOf(client, guests);
      for (const name of guests.keys()) say(name, known.get(name) ?? answers.get(name) ?? "its pod goes");
      if (performance.now() - began > timeoutSeconds * 1000) {
        const blocks = [...guests.keys()].map((name) => `${name}: ${said.get(name) ?? "is going"}`).join("; ");
        const goOn = "Moves that were asked for go on; uncordon the node to call them off.";
        throw new TimedOut(`${node} still has ${guests.size} guests after ${timeoutSeconds} s: ${blocks}. ${goOn}`);
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MILLISECONDS));
    }
  } finally {
    following.abort();
  }
}

export async function cordon(client: Api, node: string, unschedulable: boolean): Promise<void> {
  await client.send<Node>(
    "PATCH",
    `/api/v1/nodes/${node}`,
    { spec: { unschedulable: unschedulable ? true : null } },
    {
      "content-type": "application/merge-patch+json",
    },
  );
}

async function isCordoned(client: Api, node: string): Promise<boolean> {
  const { spec } = await client.send<Node>("GET", `/api/v1/nodes/${node}`);
  return spec?.unschedulable === true;
}

async function podsOn(client: Api, node: string): Promise<readonly Pod[]> {
  const query = `labelSelector=${encodeURIComponent("kubevirt.io=virt-launcher")}&fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;
  const { items } = await client.send<{ readonly items: readonly Pod[] }>("GET", `/api/v1/pods?${query}`);
  return items.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
}

/** namespace/name of the pod's instance; of a pod without one, its own. */
function guestOf({ metadata }: Pod): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return `${metadata.namespace ?? ""}/${owner?.name ?? metadata.name}`;
}

/** What each guest does, by its instance and migrations. Of an instance that can't be read, nothing is known. */
async function leavingsOf(client: Api, guests: ReadonlyMap<string, Pod>): Promise<ReadonlyMap<string, string>> {
  const namespaces = [...new Set([...guests.values()].map(({ metadata }) => metadata.namespace ?? ""))];
  const known = new Map<string, string>();
  for (const namespace of namespaces) {
    const path = `/apis/kubevirt.io/v1/namespaces/${namespace}`;
    const { items: instances } = await client.send<Items<Instance>>("GET", `${path}/virtualmachineinstances`);
    const { items: migrations } = await client.send<Items<Stored<VirtualMachineInstanceMigration>>>(
      "GET",
      `${path}/virtualmachineinstancemigrations`,
    );
    for (const vmi of instances.filter((one) => guests.has(keyOf(one)))) {
      const mine = migrations.filter(({ spec }) => spec.vmiName === vmi.metadata.name);
      // Asked to leave by now: what the server answered says more than that nobody has asked.
      const leaving = leavingOf(vmi, mine, "None");
      if (leaving.how !== "stays") known.set(keyOf(vmi), leaving.why);
    }
  }
  return known;
}

interface Items<T> {
  readonly items: readonly T[];
}

/** What the server says of it, as one sentence. */
async function evict(client: Api, { metadata: { namespace = "", name } }: Pod): Promise<string> {
  try {
    await client.send("POST", `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace },
    });
    return "its guest is asked to shut down";
  } catch (error) {
    if (error instanceof ApiError && error.code === TOO_MANY_REQUESTS) return error.message;
    if (error instanceof ApiError && error.code === 404) return "is gone";
    // control can't be asked, so nobody may go: it is asked again, as with whoever has yet to move.
    if (error instanceof ApiError && error.code >= SERVER_ERRORS) return `waits for control: ${error.message}`;
    throw error;
  }
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}
