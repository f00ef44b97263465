/**
 * `virtive drain NODE`: cordons the node and asks each guest's pod to go, as `kubectl drain` does, until none is left;
 * `virtive uncordon NODE` lets guests in again, and calls off what a drain has not begun or finished.
 */
import type { Node, Pod } from "#api/core.ts";
import { ApiError, type Client } from "../client.ts";
import { TimedOut } from "../exit.ts";

type Api = Pick<Client, "send">;

export interface DrainOptions {
  readonly timeoutSeconds: number;
  readonly report: (line: string) => void;
}

const ASK_EVERY_MILLISECONDS = 1_000;
const TOO_MANY_REQUESTS = 429;

/** Answers how many guests have left. @throws TimedOut with what blocks, ApiError */
export async function drain(client: Api, node: string, { timeoutSeconds, report }: DrainOptions): Promise<number> {
  await cordon(client, node, true);
  report(`${node}: cordoned`);
  const began = performance.now();
  const seen = new Set<string>();
  const said = new Map<string, string>();
  for (;;) {
    const pods = await podsOn(client, node);
    const present = new Set(pods.map(nameOf));
    for (const name of seen) {
      if (present.has(name) || said.get(name) === "gone") continue;
      said.set(name, "gone");
      report(`${name}: gone (${seconds(began)} s)`);
    }
    if (pods.length === 0) return seen.size;
    for (const pod of pods) {
      const name = nameOf(pod);
      seen.add(name);
      if (pod.metadata.deletionTimestamp !== undefined) continue;
      const answer = await evict(client, pod);
      if (answer !== said.get(name)) report(`${name}: ${answer} (${seconds(began)} s)`);
      said.set(name, answer);
    }
    if (performance.now() - began > timeoutSeconds * 1000) {
      const blocks = pods.map((pod) => `${nameOf(pod)}: ${said.get(nameOf(pod)) ?? "is going"}`).join("; ");
      throw new TimedOut(`${node} still has ${pods.length} guests after ${timeoutSeconds} s: ${blocks}`);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MILLISECONDS));
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

async function podsOn(client: Api, node: string): Promise<readonly Pod[]> {
  const query = `labelSelector=${encodeURIComponent("kubevirt.io=virt-launcher")}&fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;
  const { items } = await client.send<{ readonly items: readonly Pod[] }>("GET", `/api/v1/pods?${query}`);
  return items.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
}

function nameOf({ metadata }: Pod): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
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
    throw error;
  }
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1);
}
