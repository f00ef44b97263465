/** `virtive migrate VM`: makes a migration and follows it to its end, with what its node tells of the copying. */
import type { Node } from "#api/core.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { Fault } from "#events/fault.ts";
import { ApiError, type Client } from "../client.ts";
import { TimedOut } from "../exit.ts";
import { followMoves } from "./progress.ts";

type Api = Pick<Client, "send">;

export interface MigrateOptions {
  readonly namespace: string;
  readonly wait: boolean;
  readonly timeoutSeconds: number;
  /** The node to move to; where it fits best when unset. */
  readonly to?: string | undefined;
  readonly report: (line: string) => void;
}

/** What `-o json` prints. */
export interface MigrateResult {
  readonly namespace: string;
  readonly name: string;
  readonly migration: string;
  /** False when nobody waited for it. */
  readonly done: boolean;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly seconds: number;
}

const LOOK_EVERY_MILLISECONDS = 200;
const HOSTNAME = "kubernetes.io/hostname";

export function migrated({ name, migration, done, from, to, seconds }: MigrateResult): string {
  return done
    ? `${name}: moved from ${from} to ${to} (${seconds.toFixed(1)} s)`
    : `${name}: migration ${migration} created`;
}

/** @throws ApiError when it is refused, or no such node or instance is there; Fault refused AlreadyThere, MigrationFailed; TimedOut */
export async function migrate(
  client: Api & Pick<Client, "lines">,
  name: string,
  options: MigrateOptions,
): Promise<MigrateResult> {
  const { namespace, to: target, report } = options;
  const began = performance.now();
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  const addedNodeSelector = target === undefined ? undefined : await hostnameOf(client, target);
  await mustBeElsewhere(client, options, name);
  const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstancemigrations`;
  const made = await client.send<VirtualMachineInstanceMigration>("POST", path, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { generateName: `${name.slice(0, 40)}-` },
    spec: { vmiName: name, ...(addedNodeSelector === undefined ? {} : { addedNodeSelector }) },
  });
  const migration = made.metadata.name;
  if (!options.wait)
    return { namespace, name, migration, done: false, from: undefined, to: undefined, seconds: seconds() };
  const following = new AbortController();
  void followMoves(client, { report, key: `${namespace}/${name}` }, following.signal);
  try {
    let said = "";
    for (;;) {
      const now = await client.send<VirtualMachineInstanceMigration>("GET", `${path}/${migration}`);
      const { phase = "Pending", migrationState } = now.status ?? {};
      const why = now.status?.conditions?.find(({ type }) => type === "Waiting")?.message;
      const word = `${name}: ${phase}${phase === "Pending" && why !== undefined ? `: ${why}` : ""}`;
      if (phase === "Failed") {
        throw new Fault(
          "refused",
          "MigrationFailed",
          `${name} did not move: ${migrationState?.failureReason ?? "no reason given"}`,
        );
      }
      if (phase === "Succeeded") {
        const { sourceNode: from, targetNode: to } = migrationState ?? {};
        return { namespace, name, migration, done: true, from, to, seconds: seconds() };
      }
      if (seconds() > options.timeoutSeconds) {
        throw new TimedOut(`${name} is still ${phase} after ${options.timeoutSeconds} s; see: virtive explain ${name}`);
      }
      if (word !== said) report(`${word} (${seconds().toFixed(1)} s)`);
      said = word;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MILLISECONDS));
    }
  } finally {
    following.abort();
  }
}

/** What is there already would be waited for until the time is up. */
async function mustBeElsewhere(client: Api, { namespace, to }: MigrateOptions, name: string): Promise<void> {
  const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${encodeURIComponent(name)}`;
  const { status } = await unlessForbidden(client.send<Pick<VirtualMachineInstance, "status">>("GET", path), {});
  if (to === undefined || status?.nodeName !== to) return;
  throw new Fault("refused", "AlreadyThere", `${name} runs on ${to} already`);
}

/** Without this a mistyped name would be waited for like a node that is to come. */
async function hostnameOf(client: Api, node: string): Promise<Readonly<Record<string, string>>> {
  const found = client.send<Pick<Node, "metadata">>("GET", `/api/v1/nodes/${encodeURIComponent(node)}`);
  const { metadata } = await unlessForbidden(found, { metadata: { name: node } });
  return { [HOSTNAME]: metadata.labels?.[HOSTNAME] ?? node };
}

/** Who may move guests need not be allowed to read all that is looked at before. */
async function unlessForbidden<T>(found: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await found;
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code === 403) return otherwise;
    throw thrown;
  }
}
