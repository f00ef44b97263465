/** Migrations of a situation: those that are over, and the one that is open, with its pod and what both ends say. */
import { Pod } from "#api/core.ts";
import { GUEST_ARRIVED } from "#api/names.ts";
import type { Condition } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { tryName } from "#functions/evacuate.ts";
import { anchorNameFor, type Instance } from "#functions/instance.ts";
import { anchorPodFor, machineStatus } from "../unit/functions/objects.ts";
import { SLOW_TO_GO } from "./arranged-machine.ts";
import { ago } from "./arranged-nodes.ts";
import type { Situation } from "./situation.ts";
import { NODE, OTHER_NODE, type StillNodes } from "./still-nodes.ts";

async function arrangePast(cluster: MemoryCluster, count: number): Promise<void> {
  for (let nth = 0; nth < count; nth += 1) {
    const { object } = await cluster.create(VirtualMachineInstanceMigration, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { name: `past-${nth}`, namespace: "default" },
      spec: { vmiName: "web" },
    });
    const phase = nth % 2 === 0 ? ("Succeeded" as const) : ("Failed" as const);
    await cluster.patch(VirtualMachineInstanceMigration, object, { ...object, status: { phase } }, "status");
  }
}

/** The migration, its target's pod, what both ends say, and what the instance says of it. */
export async function arrangeMigration(
  cluster: MemoryCluster,
  nodes: StillNodes,
  { migration: given, leaves, past, vmi: givenVMI }: Situation,
  vmi: Instance,
): Promise<Instance> {
  await arrangePast(cluster, past);
  const from = leaves === "none" ? undefined : leaves === "another" ? "node9" : NODE;
  const { claim } = vmi.status ?? {};
  const evacuationNodeName = from === undefined || claim === undefined ? {} : { evacuationNodeName: from };
  const { phase: vmiPhase } = givenVMI ?? {};
  const marked = await cluster.patch(
    VirtualMachineInstance,
    vmi,
    { ...vmi, status: { ...vmi.status, ...evacuationNodeName } },
    "status",
  );
  if (given === null) return marked;
  const entered = [{ phase: given.phase as "Pending", phaseTransitionTimestamp: ago(given.age) }];
  const { object } = await cluster.create(VirtualMachineInstanceMigration, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: {
      name: given.evacuation ? `${tryName(marked)}0` : "moves",
      namespace: "default",
      finalizers: ["kubevirt.io/migrationJobFinalize"],
      ...(given.evacuation
        ? { annotations: { "kubevirt.io/evacuationMigration": NODE, "virtive.dev/drain": NODE } }
        : {}),
    },
    spec: { vmiName: "web" },
  });
  const status = given.phase === "" ? {} : { phase: given.phase as "Pending", phaseTransitionTimestamps: entered };
  const migration = await cluster.patch(VirtualMachineInstanceMigration, object, { ...object, status }, "status");
  if (given.deleting) await cluster.remove(VirtualMachineInstanceMigration, migration);
  const underWay = ["Scheduled", "PreparingTarget", "TargetReady", "Running"].includes(given.phase);
  const podName = anchorNameFor(marked, migration.metadata.uid);
  if (given.pod !== "absent" && given.phase !== "" && given.phase !== "Pending") {
    await arrangeTargetPod(cluster, podName, given.pod === "ready", marked);
  }
  const lives = claim !== undefined && vmiPhase !== "Succeeded" && vmiPhase !== "Failed";
  if (!underWay || !given.promised || !lives) return marked;
  const to = { node: OTHER_NODE, bootID: "boot-there", epoch: claim.epoch + 1 };
  const { uid } = migration.metadata;
  if (given.target !== "absent") {
    const withdrawn = given.target === "withdrawn";
    const phase = withdrawn ? "receiving" : given.target;
    nodes.machinesThere.set(
      marked.metadata.uid,
      machineStatus(phase === "arrived" ? "running" : phase === "refused" ? "stopped" : "preparing", {
        uid: marked.metadata.uid,
        claim: to,
        desired: "incoming",
        move: { migration: uid, role: "target", phase: phase as "ready", ...(withdrawn ? { withdrawn } : {}) },
        ...(phase === "refused" ? { exit: { kind: "destroyed", reason: "Test", message: "it never came" } } : {}),
      }),
    );
  }
  const state = {
    migrationUid: uid,
    targetNodeAddress: "https://node2.test:1",
    ...(given.phase === "Running" ? { startTimestamp: ago(given.age) } : {}),
    ...(given.aborted ? { abortRequested: true, abortStatus: "Aborting" } : {}),
  };
  const promised = { ...claim, offered: to.epoch, migratingTo: { ...to, migration: uid, pod: podName } };
  const next = { ...marked, status: { ...marked.status, claim: promised, migrationState: state } };
  return cluster.patch(VirtualMachineInstance, marked, next, "status");
}

async function arrangeTargetPod(cluster: MemoryCluster, name: string, ready: boolean, vmi: Instance): Promise<void> {
  const { object: pod } = await cluster.create(
    Pod,
    anchorPodFor(vmi, {
      name,
      finalizers: SLOW_TO_GO,
      spec: {
        ...(ready ? { nodeName: OTHER_NODE } : {}),
        readinessGates: [{ conditionType: GUEST_ARRIVED }],
        containers: [{ name: "compute", image: "anchor" }],
      },
    }),
  );
  if (!ready) return;
  const conditions: Condition[] = [{ type: "Ready", status: "True" }];
  await cluster.patch(Pod, pod, { ...pod, status: { phase: "Running", podIP: "10.1.0.3", conditions } }, "status");
}
