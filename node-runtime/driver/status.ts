/** How a driver's place reads to others: the machine's state and status, and which change is worth a report. Pure. */
import type { ReportName } from "#events/catalogue.ts";
import type { MachineOrder, MachineState, MachineStatus } from "#events/machine.ts";
import type { At } from "./next.ts";
import type { DomainDescription, DriverFacts } from "./ports.ts";

export interface Seen {
  readonly connected: boolean;
  /** The guest was asked to shut down. */
  readonly asked: boolean;
  /** What the status said last. */
  readonly last: MachineState | undefined;
}

export function stateOf(place: At, seen: Seen): MachineState {
  switch (place.at) {
    case "new":
    case "prepared":
      return "preparing";
    case "created":
    case "incoming":
      return "starting";
    case "live":
      return seen.asked ? "stopping" : place.vcpus;
    case "unsure":
      // While it is being looked up the last word stands; without a hypervisor nothing is known.
      return seen.connected ? (seen.last ?? "unknown") : "unknown";
    case "ended":
      return "stopping";
    case "stopped":
      return "stopped";
  }
}

/** What to report when a machine goes from one place to another; undefined when the change is not worth telling. */
export function reportOf(from: At, to: At, ranBefore: boolean): ReportName | undefined {
  if (to.at !== "live") return undefined;
  if (to.vcpus === "running") {
    if (!ranBefore) return "started";
    return from.at === "live" && from.vcpus === "running" ? undefined : "resumed";
  }
  const same = from.at === "live" && from.vcpus === "paused" && from.pausedReason === to.pausedReason;
  return same ? undefined : "paused";
}

export interface Telling extends Seen {
  readonly order: MachineOrder;
  readonly place: At;
  readonly sequence: number;
  /** RFC 3339. */
  readonly since: string;
  readonly problem: MachineStatus["problem"];
  readonly agentConnected: boolean;
  readonly guestOSInfo: MachineStatus["guestOSInfo"];
  readonly move: MachineStatus["move"];
}

export function statusOf(telling: Telling, domain: DomainDescription, facts: DriverFacts): MachineStatus {
  const { order, place } = telling;
  return {
    uid: order.uid,
    namespace: order.namespace,
    name: order.name,
    claim: order.claim,
    version: order.version,
    desired: order.desired,
    state: stateOf(place, telling),
    since: telling.since,
    sequence: telling.sequence,
    ...(place.at === "live" && place.vcpus === "paused" ? { pausedReason: place.pausedReason ?? "PausedUnknown" } : {}),
    ...(telling.problem === undefined ? {} : { problem: telling.problem }),
    ...(place.at === "stopped" ? { exit: place.exit } : {}),
    ...(telling.move === undefined ? {} : { move: telling.move }),
    interfaces: domain
      .interfaces(order)
      .map((one) => (facts.addressesFollow === true ? { ...one, addressFollows: true } : one)),
    volumes: [...domain.targets(order)],
    accelerator: facts.accelerator,
    agentConnected: telling.agentConnected,
    ...(telling.guestOSInfo === undefined ? {} : { guestOSInfo: telling.guestOSInfo }),
  };
}
