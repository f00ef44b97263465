/** Nodes whose runtime behaves: machines start, stop and report as real ones do, on the world's clock. */
import { reports, type ReportName } from "#events/catalogue.ts";
import type { Clock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { Fault } from "#events/fault.ts";
import type { Exit, Heartbeat, MachineOrder, MachineState, MachineStatus, Nodes } from "#events/machine.ts";
import { makeEvent } from "#events/make-event.ts";
import { heartbeat } from "./objects.ts";

export interface ModelNode {
  readonly name: string;
  bootID: string;
  /** False: it answers nobody and reports nothing. */
  up: boolean;
  /** True: guests do not shut down when asked to. */
  deaf: boolean;
  /** While set, machines stay in preparation with this problem. */
  problem: MachineStatus["problem"];
  /** While set, orders are refused with it. */
  refuse: Fault | undefined;
  /** How often machines were started, by uid: more than once in an epoch is a fault. */
  readonly starts: Map<string, number>;
  readonly orders: MachineOrder[];
  machine(uid: string): MachineStatus | undefined;
  all(): readonly MachineStatus[];
  /** The guest powers itself off, QEMU dies, … */
  exit(uid: string, kind: Exit["kind"]): void;
  /** Loses its memory of the machine, as a wiped disk would. */
  lose(uid: string): void;
  /** A power cycle: what ran is gone. */
  reboot(bootID: string): void;
  heartbeat(): Heartbeat;
}

export interface ModelNodes extends Nodes {
  readonly node: (name: string) => ModelNode;
  readonly actions: string[];
}

const PREPARE_MILLISECONDS = 5;
const START_MILLISECONDS = 20;
const SHUTDOWN_MILLISECONDS = 1500;

export function modelNodes(names: readonly string[], clock: Clock, publish: (event: CloudEvent) => void): ModelNodes {
  const nodes = new Map(names.map((name) => [name, modelNode(name, clock, publish)]));
  const actions: string[] = [];
  const find = (name: string): ModelNode & { take(order: MachineOrder): MachineStatus } => {
    const node = nodes.get(name);
    if (node === undefined) throw new Fault("later", "NoSuchNode", `no node ${name}`);
    return node;
  };
  const reach = (name: string) => {
    const node = find(name);
    if (!node.up) throw new Fault("later", "NodeUnreachable", `${name} does not answer`);
    return node;
  };
  return {
    node: find,
    actions,
    identity: async (node) => ({ node, bootID: reach(node).bootID }),
    machine: async (node, uid) => reach(node).machine(uid),
    machines: async (node) => reach(node).all(),
    order: async (order) => reach(order.claim.node).take(order),
    async forget(node, uid, epoch) {
      const machine = reach(node).machine(uid);
      if (machine === undefined) return;
      if (machine.state !== "stopped" || machine.claim.epoch !== epoch)
        throw new Fault("stale", "NotStopped", "not stopped");
      reach(node).lose(uid);
    },
    async act(node, uid, _epoch, action) {
      if (reach(node).machine(uid)?.state !== "running") throw new Fault("refused", "NotRunning", "it does not run");
      actions.push(`${action} ${uid}`);
    },
  };
}

function modelNode(
  name: string,
  clock: Clock,
  publish: (event: CloudEvent) => void,
): ModelNode & { take(order: MachineOrder): MachineStatus } {
  const machines = new Map<string, MachineStatus>();
  const epochs = new Map<string, number>();
  let sequence = 0;

  function tell(report: ReportName, status: MachineStatus): void {
    if (!node.up) return;
    const { namespace, name: machineName, uid, claim } = status;
    publish(
      makeEvent({
        type: reports[report],
        source: `/virtive/nodes/${name}`,
        key: `${namespace}/${machineName}`,
        id: `${uid}.${status.sequence}.${report}`,
        data: status,
        extensions: {
          namespace,
          name: machineName,
          uid,
          node: name,
          bootid: node.bootID,
          epoch: String(claim.epoch),
          sequence: String(status.sequence),
        },
        clock,
      }),
    );
  }

  function change(uid: string, changes: Partial<MachineStatus>): MachineStatus | undefined {
    const old = machines.get(uid);
    if (old === undefined) return undefined;
    sequence += 1;
    const next = { ...old, ...changes, sequence, since: clock.now().toISOString() };
    machines.set(uid, next);
    return next;
  }

  function stopped(uid: string, exit: Exit): void {
    const next = change(uid, { state: "stopped", exit });
    if (next !== undefined) tell("stopped", next);
  }

  /** Does the next thing towards what is desired; called after every change and every wait. */
  function converge(uid: string): void {
    const machine = machines.get(uid);
    if (machine === undefined || machine.state === "stopped") return;
    const again = (milliseconds: number): void => {
      const { bootID } = node;
      clock.schedule(milliseconds, () => {
        if (bootID === node.bootID) converge(uid);
      });
    };
    const live = machine.state === "running" || machine.state === "paused" || machine.state === "stopping";
    if (machine.desired === "off" || (machine.desired === "stopped" && !live)) {
      return stopped(uid, { kind: "destroyed", reason: "OrderedOff", message: "it was ended by order" });
    }
    if (machine.desired === "stopped") return shutDown(machine, again);
    if (machine.state === "preparing" && node.problem !== undefined) {
      if (machine.problem === undefined) tell("troubled", change(uid, { problem: node.problem }) ?? machine);
      return again(1000);
    }
    if (machine.state === "preparing") {
      change(uid, { state: "starting", problem: undefined });
      return again(START_MILLISECONDS);
    }
    const state: MachineState = machine.desired === "paused" ? "paused" : "running";
    if (machine.state === state) return;
    if (machine.state === "starting") node.starts.set(uid, (node.starts.get(uid) ?? 0) + 1);
    const next = change(uid, { state, pausedReason: state === "paused" ? "PausedByUser" : undefined });
    if (next !== undefined)
      tell(machine.state === "starting" ? "started" : state === "paused" ? "paused" : "resumed", next);
  }

  function shutDown(machine: MachineStatus, again: (milliseconds: number) => void): void {
    if (machine.state !== "stopping") {
      const next = change(machine.uid, { state: "stopping" });
      if (next !== undefined) tell("stopping", next);
      if (!node.deaf) again(SHUTDOWN_MILLISECONDS);
      return;
    }
    stopped(machine.uid, {
      kind: "shutdown",
      reason: "ShutdownAsked",
      message: "the guest shut down as it was asked to",
    });
  }

  const node: ModelNode & { take(order: MachineOrder): MachineStatus } = {
    name,
    bootID: `boot-${name}`,
    up: true,
    deaf: false,
    problem: undefined,
    refuse: undefined,
    starts: new Map(),
    orders: [],
    machine: (uid) => machines.get(uid),
    all: () => [...machines.values()],
    take(order) {
      node.orders.push(order);
      if (node.refuse !== undefined) throw node.refuse;
      const { uid, claim } = order;
      if (claim.node !== name || claim.bootID !== node.bootID)
        throw new Fault("stale", "BootIDMismatch", "another boot");
      const highest = epochs.get(uid) ?? 0;
      if (claim.epoch < highest) throw new Fault("stale", "EpochTooOld", `epoch ${claim.epoch} < ${highest}`);
      const old = machines.get(uid);
      if (old !== undefined && claim.epoch === highest && BigInt(order.version) < BigInt(old.version)) {
        throw new Fault("stale", "VersionTooOld", `version ${order.version} < ${old.version}`);
      }
      epochs.set(uid, claim.epoch);
      if (old === undefined || claim.epoch > old.claim.epoch) {
        sequence += 1;
        machines.set(uid, {
          uid,
          namespace: order.namespace,
          name: order.name,
          claim,
          version: order.version,
          desired: order.desired,
          state: "preparing",
          since: clock.now().toISOString(),
          sequence,
          interfaces: [{ name: "default", mac: "02:00:00:00:00:01", ipAddress: "10.1.0.2", ipAddresses: ["10.1.0.2"] }],
          volumes: [],
          machineType: "q35",
          accelerator: "tcg",
          agentConnected: false,
        });
        tell("preparing", machines.get(uid) as MachineStatus);
        clock.schedule(PREPARE_MILLISECONDS, () => converge(uid));
      } else if (old.state !== "stopped") {
        machines.set(uid, { ...old, version: order.version, desired: order.desired });
        clock.schedule(1, () => converge(uid));
      }
      return machines.get(uid) as MachineStatus;
    },
    exit(uid, kind) {
      stopped(uid, { kind, reason: `Test${kind}`, message: `it ended: ${kind}` });
    },
    lose: (uid) => void machines.delete(uid),
    reboot(bootID) {
      node.bootID = bootID;
      machines.clear();
    },
    heartbeat: () => heartbeat(name, { bootID: node.bootID }),
  };
  return node;
}
