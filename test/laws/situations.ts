/**
 * Situations that functions may meet, put up: in every combination that can be, likely or not. They stand in a memory cluster
 * and on nodes that do nothing by themselves.
 */
import { Node, Pod } from "#api/core.ts";
import type { KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { nodeEvents, flowEvents, objectEvents } from "#events/catalogue.ts";
import { virtualClock, type VirtualClock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { makeEvent } from "#events/make-event.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { heartbeat, machineStatus } from "../unit/functions/objects.ts";
import { arrangeMachine, arrangePod, arrangeVM, arrangeVMI, finishVM } from "./arranged-machine.ts";
import { arrangeMigration } from "./arranged-migration.ts";
import { NOW, ago, arrangeNode, arrangePolicy, otherNode } from "./arranged-nodes.ts";
import type { Situation } from "./situation.ts";
import { NEW_BOOT, NODE, type StillNodes, stillNodes } from "./still-nodes.ts";

export const KEY = "default/web";

export interface Scene {
  readonly clock: VirtualClock;
  readonly cluster: MemoryCluster;
  readonly nodes: StillNodes;
  readonly event: CloudEvent;
}

/** Puts the situation up. The same situation makes the same scene, uids and versions included. */
export async function arrange(given: Situation): Promise<Scene> {
  const clock = virtualClock(NOW);
  const cluster = memoryCluster({ clock });
  const nodes = stillNodes(given.answers);
  await arrangeNode(cluster, given);
  await cluster.create(Node, otherNode());
  const vm = given.vm === null ? undefined : await arrangeVM(cluster, { ...given.vm, ...given.brought });
  if (given.policy) await arrangePolicy(cluster);
  const fresh = given.vmi === null ? undefined : await arrangeVMI(cluster, given.vmi, vm);
  const vmi = fresh === undefined ? undefined : await arrangeMigration(cluster, nodes, given, fresh);
  if (vm !== undefined && given.vm !== null) await finishVM(cluster, { ...given.vm, ...given.brought }, vm, vmi);
  if (vmi !== undefined) {
    await arrangePod(cluster, given.pod, vmi);
    arrangeMachine(nodes, given, vmi);
  }
  if (given.stray !== "none") {
    const stray = machineStatus(given.stray, { uid: "stray", name: "stray", desired: "running" });
    nodes.machinesHere.set("stray", stray);
  }
  return { clock, cluster, nodes, event: wake(given.woken, clock) };
}

function wake(woken: Situation["woken"], clock: VirtualClock): CloudEvent {
  const common = { source: "/laws", clock } as const;
  switch (woken) {
    case "update":
      return makeEvent({
        ...common,
        type: objectEvents.updated,
        key: KEY,
        data: { apiVersion: "v1", kind: "X", metadata: { name: "web" } },
      });
    case "deadline":
      return makeEvent({
        ...common,
        type: flowEvents.deadline,
        key: KEY,
        data: { apiVersion: "v1", kind: "X", metadata: { name: "web" } },
      });
    case "differs":
      return makeEvent({ ...common, type: flowEvents.differs, key: KEY, data: { node: NODE, uid: "x", why: "test" } });
    case "heartbeat":
      return makeEvent({ ...common, type: nodeEvents.heartbeat, key: `/${NODE}`, data: heartbeat(NODE) });
    case "late heartbeat":
      return {
        ...makeEvent({ ...common, type: nodeEvents.heartbeat, key: `/${NODE}`, data: heartbeat(NODE) }),
        time: ago(30),
      };
    case "new heartbeat":
      return makeEvent({
        ...common,
        type: nodeEvents.heartbeat,
        key: `/${NODE}`,
        data: heartbeat(NODE, { bootID: NEW_BOOT, hypervisorReady: false }),
      });
  }
}

/** All objects and machines, without what changes with every write: for comparing outcomes. */
export async function stateOf({ cluster, nodes }: Scene): Promise<unknown> {
  const lists = await Promise.all([
    cluster.list(VirtualMachine),
    cluster.list(VirtualMachineInstance),
    cluster.list(Pod),
    cluster.list(Node),
    cluster.list(VirtualMachineInstanceMigration),
  ]);
  const objects = lists.flat().map((object: Stored<KubeObject>) => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: undefined, uid: undefined },
  }));
  return { objects, machines: [...nodes.machinesHere.values()].map((machine) => ({ ...machine, version: undefined })) };
}
