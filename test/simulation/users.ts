/** What users do: the gateway's own verbs for start, stop and restart, and plain writes to the API for the rest. */
import { clusterConfig } from "#api/cluster-config.ts";
import { Node, PersistentVolumeClaim, Pod } from "#api/core.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { DataVolume } from "#api/data-volume.ts";
import { MigrationPolicy } from "#api/migration-policy.ts";
import { annotation } from "#api/names.ts";
import type { Kind, KubeObject } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { wait } from "#events/clock.ts";
import type { Cluster } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { createEvictor } from "#functions/evict.ts";
import { edit, type At, type GatewayParts } from "#functions/gateway/parts.ts";
import { Refused } from "#functions/gateway/status.ts";
import { restart, start, stop } from "#functions/gateway/vm-verbs.ts";
import { bootToConfirmOff } from "#functions/machine-facts.ts";
import { isOver } from "#functions/migrate/migrations.ts";
import type { Deed, VERBS } from "./plan.ts";
import { IMPORTER, ownClaim, ownVolume, withDisk } from "./disks.ts";
import type { Process } from "./scheduler.ts";

export const NAMESPACE = "default";

export type UserDeed = Extract<Deed, { vm: string } | { aside: string } | { policy: string } | { disk: string }>;

export function isUserDeed(deed: Deed): deed is UserDeed {
  return "vm" in deed || "aside" in deed || "policy" in deed || "disk" in deed;
}

export interface Users {
  /** Resolves with what the user was told when the API said no. */
  perform(deed: UserDeed): Promise<string | undefined>;
}

const config = clusterConfig(undefined);
const DRAIN_ROUNDS = 24;
const DRAIN_AGAIN_MILLISECONDS = 5_000;
/** What becomes of a guest whose node is drained; None where the VM is another. */
const EVICTION: Readonly<Record<string, "LiveMigrate" | "LiveMigrateIfPossible">> = {
  web: "LiveMigrate",
  db: "LiveMigrateIfPossible",
};

/** By the name of the policy. */
const WHEN_TIME_IS_UP: Readonly<Record<string, object>> = {
  "halting": { allowWorkloadDisruption: true },
  "post-copy": { allowPostCopy: true },
};

/** A PUT without a body: every option is unset. */
const NO_OPTIONS = new Request("http://user.test/", { method: "PUT" });

/** `withDisks`: their guests have disks that are claims. `asks`: told of what they want gone, by its uid. */
export function createUsers(door: Cluster, process: Process, withDisks: boolean, asks: (uid: string) => void): Users {
  const cluster: Cluster = {
    ...door,
    remove(kind, object, options) {
      asks(object.metadata.uid);
      return door.remove(kind, object, options);
    },
  };
  const parts: GatewayParts = {
    reader: cluster,
    present: cluster,
    writer: cluster,
    nodes: nobody,
    journal: nothingKept,
    clock: process.clock,
    log: silentLog,
  };

  async function remove(kind: Kind, at: At): Promise<void> {
    const object = await cluster.get(kind, at);
    if (object !== undefined) await cluster.remove(kind, object);
  }

  function wish(at: At, paused: boolean): Promise<void> {
    return edit(parts, VirtualMachineInstance, at, "object", (old) => {
      const annotations = { ...old.metadata.annotations, [annotation.paused]: String(paused) };
      return { ...old, metadata: { ...old.metadata, annotations } };
    });
  }

  async function evict(at: At): Promise<void> {
    const pods = await cluster.list(Pod, { namespace: at.namespace });
    const pod = pods.find(({ metadata }) => metadata.ownerReferences?.[0]?.name === at.name);
    if (pod !== undefined) await cluster.remove(Pod, pod);
  }

  const verbs = {
    "start": (at) => start(parts, at, NO_OPTIONS),
    "stop": (at) => stop(parts, at, NO_OPTIONS),
    "restart": (at) => restart(parts, at, NO_OPTIONS),
    "pause": (at) => wish(at, true),
    "unpause": (at) => wish(at, false),
    "delete": (at) => remove(VirtualMachine, at),
    "delete-instance": (at) => remove(VirtualMachineInstance, at),
    evict,
  } as const satisfies Record<(typeof VERBS)[number], (at: At) => Promise<void>>;

  let moves = 0;
  async function migrate({ namespace, name }: At): Promise<void> {
    await cluster.create(VirtualMachineInstanceMigration, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { name: `move-${name}-${(moves += 1)}`, namespace },
      spec: { vmiName: name },
    });
  }

  async function callOff({ namespace, name }: At): Promise<void> {
    const all = await cluster.list(VirtualMachineInstanceMigration, { namespace });
    const open = all.find((migration) => migration.spec.vmiName === name && !isOver(migration));
    if (open !== undefined) await cluster.remove(VirtualMachineInstanceMigration, open);
  }

  async function cordon(name: string, unschedulable: boolean): Promise<void> {
    const node = await cluster.get(Node, { name });
    if (node === undefined || (node.spec?.unschedulable === true) === unschedulable) return;
    const { unschedulable: _, ...spec } = node.spec ?? {};
    await cluster.patch(Node, node, { ...node, spec: unschedulable ? { ...spec, unschedulable } : spec }, "object");
  }

  const evictor = createEvictor({ reader: cluster, writer: cluster });

  /** As `kubectl drain` does: asks for each pod, and again later for those that may not go yet. */
  async function drain(aside: string): Promise<void> {
    await cordon(aside, true);
    for (let round = 0; round < DRAIN_ROUNDS; round += 1) {
      const node = await cluster.get(Node, { name: aside });
      if (node?.spec?.unschedulable !== true) return;
      for (const pod of await cluster.list(Pod, { node: aside })) {
        const { namespace = "", name } = pod.metadata;
        const verdict = await evictor.review({ namespace, pod: name, dryRun: false }, config);
        if (verdict.allowed) await cluster.remove(Pod, pod);
      }
      await wait(process.clock, DRAIN_AGAIN_MILLISECONDS);
    }
  }

  /** As `virtive confirm-off` does. */
  async function confirmOff(name: string): Promise<void> {
    const node = await cluster.get(Node, { name });
    if (node === undefined) throw new Refused(404, `there is no node ${name}`);
    const annotations = { ...node.metadata.annotations, [annotation.confirmedOff]: bootToConfirmOff(node) };
    await cluster.patch(Node, node, { ...node, metadata: { ...node.metadata, annotations } }, "object");
  }

  async function setPolicy(name: string): Promise<void> {
    await cluster.create(MigrationPolicy, {
      apiVersion: "migrations.kubevirt.io/v1alpha1",
      kind: "MigrationPolicy",
      metadata: { name },
      spec: { selectors: {}, bandwidthPerMigration: "1Mi", completionTimeoutPerGiB: 20, ...WHEN_TIME_IS_UP[name] },
    });
  }

  async function ofDisks({ do: what, disk }: Extract<UserDeed, { disk: string }>): Promise<void> {
    switch (what) {
      case "install-importer":
        await cluster.create<KubeObject>(CustomResourceDefinition, IMPORTER);
        return;
      case "make-volume":
        if ((await cluster.get(CustomResourceDefinition, IMPORTER.metadata)) === undefined)
          throw new Refused(404, "the server has no resource datavolumes");
        await cluster.create(DataVolume, ownVolume(disk));
        return;
      case "make-claim":
        await cluster.create(PersistentVolumeClaim, ownClaim(disk));
        return;
      case "drop-claim":
        return remove(PersistentVolumeClaim, { namespace: NAMESPACE, name: disk });
    }
  }

  async function ofNodes(deed: Exclude<UserDeed, { vm: string } | { disk: string }>): Promise<void> {
    switch (deed.do) {
      case "drain":
        return drain(deed.aside);
      case "cordon":
      case "uncordon":
        return cordon(deed.aside, deed.do === "cordon");
      case "confirm-off":
        return confirmOff(deed.aside);
      case "set-policy":
        return setPolicy(deed.policy);
      case "drop-policy": {
        const policy = await cluster.get(MigrationPolicy, { name: deed.policy });
        if (policy !== undefined) await cluster.remove(MigrationPolicy, policy);
      }
    }
  }

  async function performed(deed: UserDeed): Promise<void> {
    if ("disk" in deed) return ofDisks(deed);
    if (!("vm" in deed)) return ofNodes(deed);
    const at = { namespace: NAMESPACE, name: deed.vm };
    switch (deed.do) {
      case "create":
        await cluster.create(VirtualMachine, withDisks ? withDisk(virtualMachine(deed)) : virtualMachine(deed));
        return;
      case "edit":
        return edit(parts, VirtualMachine, at, "object", (old) => {
          const { metadata } = old.spec.template;
          const labels = { ...metadata?.labels, edited: String(Number(metadata?.labels?.["edited"] ?? 0) + 1) };
          const template = { ...old.spec.template, metadata: { ...metadata, labels } };
          return { ...old, spec: { ...old.spec, runStrategy: deed.strategy, template } };
        });
      case "guest":
        return;
      case "migrate":
        return migrate(at);
      case "call-off":
        return callOff(at);
      default:
        return verbs[deed.do](at);
    }
  }

  return {
    async perform(deed) {
      try {
        await performed(deed);
        return undefined;
      } catch (thrown) {
        if (thrown instanceof Refused || (thrown instanceof Fault && thrown.kind !== "bug")) return thrown.message;
        throw thrown;
      }
    },
  };
}

function virtualMachine({ vm, strategy, graceSeconds }: Extract<Deed, { do: "create" }>): VirtualMachine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: vm, namespace: NAMESPACE },
    spec: {
      runStrategy: strategy,
      template: {
        spec: {
          terminationGracePeriodSeconds: graceSeconds,
          evictionStrategy: EVICTION[vm] ?? "None",
          domain: {
            // With its pod's own address it could not move.
            devices: { interfaces: [{ name: "default", masquerade: {} }] },
            memory: { guest: "512Mi" },
            cpu: { cores: 1, sockets: 1, threads: 1 },
          },
          networks: [{ name: "default", pod: {} }],
        },
      },
    },
  };
}

/** No verb that is used here asks nodes or the journal. */
const nobody: GatewayParts["nodes"] = {
  machine: () => Promise.reject(unasked()),
  act: () => Promise.reject(unasked()),
  console: () => Promise.reject(unasked()),
};

const nothingKept: GatewayParts["journal"] = {
  read: () => [],
  async *follow() {
    throw unasked();
  },
  latestDecisions: () => [],
  last: 0,
};

function unasked(): Fault {
  return new Fault("bug", "Unasked", "no user asks for this");
}
