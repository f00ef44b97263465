/** `virtive migrate VM`: makes a migration and follows it to its end, with what its node tells of the copying. */
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { Fault } from "#events/fault.ts";
import type { Client } from "../client.ts";
import { TimedOut } from "../exit.ts";
import { followMoves } from "./progress.ts";

type Api = Pick<Client, "send">;

export interface MigrateOptions {
  readonly namespace: string;
  readonly wait: boolean;
  readonly timeoutSeconds: number;
  /** Target's labels: "kubernetes.io/hostname" → "node-2". */
  readonly nodeSelector?: Readonly<Record<string, string>>;
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

export function migrated({ name, migration, done, from, to, seconds }: MigrateResult): string {
  return done
    ? `${name}: moved from ${from} to ${to} (${seconds.toFixed(1)} s)`
    : `${name}: migration ${migration} created`;
}

/** @throws ApiError when it is refused, Fault refused MigrationFailed, TimedOut */
export async function migrate(
  client: Api & Pick<Client, "lines">,
  name: string,
  options: MigrateOptions,
): Promise<MigrateResult> {
  const { namespace, nodeSelector, report } = options;
  const began = performance.now();
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstancemigrations`;
  const made = await client.send<VirtualMachineInstanceMigration>("POST", path, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { generateName: `${name.slice(0, 40)}-` },
    spec: { vmiName: name, ...(nodeSelector === undefined ? {} : { addedNodeSelector: nodeSelector }) },
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
