/** libvirt's words for a domain's states, reasons and events, in ours. Pure tables; numbers are libvirt's public API. */
import type { DomainEvent, DomainState } from "../hypervisor.ts";
import { agentState, domainState } from "./numbers.ts";

interface StateMeaning {
  readonly state: DomainState;
  /** By libvirt's reason number; a number beyond the table is Unknown. */
  readonly reasons: readonly string[];
}

const PAUSED_REASONS = [
  "Unknown",
  "User",
  "Migration",
  "Save",
  "Dump",
  "IOError",
  "Watchdog",
  "FromSnapshot",
  "ShuttingDown",
  "Snapshot",
  "Panicked",
  "StartingUp",
  "PostCopy",
  "PostCopyFailed",
  "ApiError",
] as const;

const RUNNING_REASONS = [
  "Unknown",
  "Booted",
  "Migrated",
  "Restored",
  "FromSnapshot",
  "Unpaused",
  "MigrationCanceled",
  "SaveCanceled",
  "Wakeup",
  "Crashed",
  "PostCopy",
  "PostCopyFailed",
] as const;

const states = {
  [domainState.noState]: { state: "paused", reasons: ["Unknown"] },
  [domainState.running]: { state: "running", reasons: RUNNING_REASONS },
  [domainState.blocked]: { state: "running", reasons: ["Blocked"] },
  [domainState.paused]: { state: "paused", reasons: PAUSED_REASONS },
  [domainState.shutdown]: { state: "shutdown", reasons: ["Unknown", "User"] },
  [domainState.shutoff]: {
    state: "shutoff",
    reasons: ["Unknown", "Shutdown", "Destroyed", "Crashed", "Migrated", "Saved", "Failed", "FromSnapshot", "Daemon"],
  },
  [domainState.crashed]: { state: "crashed", reasons: ["Unknown", "Panicked"] },
  [domainState.pmSuspended]: { state: "paused", reasons: ["GuestSuspended"] },
} as const satisfies Readonly<Record<number, StateMeaning>>;

/** virDomainState and its reason, as a driver reads them. A state of a libvirt newer than ours is taken for paused. */
export function stateOf(state: number, reason: number): { readonly state: DomainState; readonly reason: string } {
  const meaning: StateMeaning = Object.hasOwn(states, state)
    ? states[state as keyof typeof states]
    : { state: "paused", reasons: [] };
  return { state: meaning.state, reason: meaning.reasons[reason] ?? "Unknown" };
}

type Happened = DomainEvent extends infer E ? (E extends { readonly uuid: string } ? Omit<E, "uuid"> : never) : never;

/** What one kind of lifecycle event means: by its detail, or for details that are not listed. `nothing`: not told. */
interface LifecycleMeaning {
  readonly details: readonly (Happened | "nothing")[];
  readonly otherwise: Happened | "nothing";
}

const suspended = (reason: string): Happened => ({ event: "suspended", reason });
const stopped = (how: Extract<Happened, { readonly event: "stopped" }>["how"]): Happened => ({ event: "stopped", how });

/** By virDomainEventType. Transient domains are never defined; `undefined` is a part of their end, told by `stopped`. */
const lifecycle = {
  /** defined */
  0: { details: [], otherwise: "nothing" },
  /** undefined */
  1: { details: [], otherwise: "nothing" },
  /** started: booted, migrated, restored, from snapshot, wakeup */
  2: { details: [], otherwise: { event: "started" } },
  /** suspended */
  3: {
    details: [
      suspended("User"),
      suspended("Migration"),
      suspended("IOError"),
      suspended("Watchdog"),
      suspended("Restored"),
      suspended("FromSnapshot"),
      suspended("ApiError"),
      suspended("PostCopy"),
      suspended("PostCopyFailed"),
    ],
    otherwise: suspended("Unknown"),
  },
  /** resumed */
  4: { details: [], otherwise: { event: "resumed" } },
  /** stopped */
  5: {
    details: [
      stopped("shutdown"),
      stopped("destroyed"),
      stopped("crashed"),
      stopped("migrated"),
      stopped("saved"),
      // libvirt says "failed" when QEMU went away without a word: killed, or crashed itself. A start that fails is
      // answered to the call that asked for it.
      stopped("crashed"),
      stopped("failed"),
    ],
    otherwise: stopped("failed"),
  },
  /** shutdown: the guest has finished; QEMU is about to exit */
  6: { details: [], otherwise: { event: "shutting-down" } },
  /** suspended by its own power management */
  7: { details: [], otherwise: suspended("GuestSuspended") },
  /** crashed: panicked; crash kernel loaded (the guest goes on and dumps itself) */
  8: { details: [{ event: "panicked" }, "nothing"], otherwise: "nothing" },
} as const satisfies Readonly<Record<number, LifecycleMeaning>>;

/** Undefined: nothing that a driver is told. */
export function lifecycleEvent(uuid: string, event: number, detail: number): DomainEvent | undefined {
  if (!Object.hasOwn(lifecycle, event)) return undefined;
  const meaning: LifecycleMeaning = lifecycle[event as keyof typeof lifecycle];
  const happened = meaning.details[detail] ?? meaning.otherwise;
  return happened === "nothing" ? undefined : { uuid, ...happened };
}

export function agentEvent(uuid: string, state: number): DomainEvent | undefined {
  switch (state) {
    case agentState.connected:
      return { uuid, event: "agent-connected" };
    case agentState.disconnected:
      return { uuid, event: "agent-disconnected" };
    default:
      return undefined;
  }
}
