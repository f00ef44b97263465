/**
 * Every event type of ours: what it is called, what it carries, who makes it, who acts on it. The law "every event has
 * a producer and a consumer" reads this table, and docs/events.md and the Knative EventTypes are made from it.
 */
import { z } from "zod";
import { Heartbeat, MachineStatus } from "./machine.ts";

export interface EventType<S extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly description: string;
  readonly data: S;
  /** Holds only for what `data` takes, and costs less to ask. */
  readonly fits?: (data: unknown) => boolean;
  /** Extension attributes that it always has, for filters. */
  readonly extensions: readonly string[];
  readonly producer: "source" | "node-runtime" | "ingress" | "dispatcher" | "broker";
}

/** Attributes of events about an object of the cluster: Knative's ApiServerSource's first four, then ours. */
const OBJECT_EXTENSIONS = [
  "kind",
  "apiversion",
  "name",
  "namespace",
  "uid",
  "resourceversion",
  "generation",
  "phase",
  "partitionkey",
] as const;

const MACHINE_EXTENSIONS = ["namespace", "name", "uid", "node", "bootid", "epoch", "sequence", "partitionkey"] as const;

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

function describesObject(data: unknown): boolean {
  const { apiVersion, kind, metadata } = (data ?? {}) as Record<string, unknown>;
  const { name } = (metadata ?? {}) as Record<string, unknown>;
  return typeof apiVersion === "string" && typeof kind === "string" && typeof name === "string";
}

function objectEvent(verb: "add" | "update" | "delete", description: string): EventType {
  return {
    type: `dev.knative.apiserver.resource.${verb}`,
    description,
    data: object,
    fits: describesObject,
    extensions: OBJECT_EXTENSIONS,
    producer: "source",
  };
}

function report(name: string, description: string): EventType<typeof MachineStatus> {
  return {
    type: `dev.virtive.machine.${name}`,
    description,
    data: MachineStatus,
    extensions: MACHINE_EXTENSIONS,
    producer: "node-runtime",
  };
}

export const objectEvents = {
  added: objectEvent("add", "An object exists: at the source's start, or newly created."),
  updated: objectEvent("update", "An object changed."),
  deleted: objectEvent("delete", "An object is gone; data is its last known state."),
} as const;

/** Machine reports. Each carries the whole status: the name only says what made it worth telling. */
export const reports = {
  preparing: report("preparing", "The runtime took the order and prepares images, disks and network."),
  troubled: report("troubled", "Something stands in the way and is tried again: status.problem."),
  recovered: report("recovered", "What stood in a live machine's way is over."),
  started: report("started", "The vCPUs run."),
  paused: report("paused", "The vCPUs are halted; status.pausedReason says why."),
  resumed: report("resumed", "The vCPUs run again."),
  rebooted: report("rebooted", "The guest rebooted or was reset."),
  stopping: report("stopping", "The guest was asked to shut down."),
  stopped: report("stopped", "QEMU is gone, disks and network are taken down: status.exit says how it ended."),
  unknown: report("unknown", "The hypervisor does not answer; nothing is known of the machine."),
  adopted: report("adopted", "The runtime or its hypervisor came back and found the machine as it is."),
  ready: report("ready", "Everything is prepared for a guest that is to come from another node."),
  moving: report("moving", "The guest is on its way to another node: status.move says how far."),
  arrived: report("arrived", "The guest has come from another node and runs here."),
  stayed: report("stayed", "The guest did not move and goes on here: status.move says why."),
  agentConnected: report("agent-connected", "The guest agent answers."),
  agentDisconnected: report("agent-disconnected", "The guest agent is gone."),
} as const;
export type ReportName = keyof typeof reports;

export const nodeEvents = {
  heartbeat: {
    type: "dev.virtive.node.heartbeat",
    description:
      "A node runtime lives: identity of its boot, capacity, hash of what it holds. Told when it says something new, and every 5 minutes at least.",
    data: Heartbeat,
    extensions: ["node", "bootid", "partitionkey"],
    producer: "ingress",
  } satisfies EventType<typeof Heartbeat>,
} as const;

export const flowEvents = {
  deadline: {
    type: "dev.virtive.deadline.due",
    description: "The time by which an object's present state should have passed has come.",
    data: object,
    fits: describesObject,
    extensions: OBJECT_EXTENSIONS,
    producer: "source",
  },
  wake: {
    type: "dev.virtive.wake.due",
    description: "A function asked to look at a key again at this time.",
    data: z.strictObject({ trigger: z.string(), key: z.string() }),
    extensions: ["trigger", "partitionkey"],
    producer: "broker",
  },
  resync: {
    type: "dev.virtive.resync.due",
    description: "Compare what nodes hold with what objects say, for all nodes.",
    data: z.strictObject({}),
    extensions: ["partitionkey"],
    producer: "source",
  },
  differs: {
    type: "dev.virtive.machine.differs",
    description: "A resync found that a node and an instance do not say the same of a machine.",
    data: z.strictObject({ node: z.string(), uid: z.string(), why: z.string() }),
    extensions: ["node", "uid", "partitionkey"],
    producer: "dispatcher",
  },
} as const satisfies Record<string, EventType>;

export const catalogue: readonly EventType[] = [
  ...Object.values(objectEvents),
  ...Object.values(reports),
  ...Object.values(nodeEvents),
  ...Object.values(flowEvents),
];
