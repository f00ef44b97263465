/** What the model of a move is made of: its state, the faults that may still befall it, the rules it keeps. */
import type { Step } from "./explore.ts";

/** Which migration of the guest: 0 is none. */
export type Migration = 0 | 1 | 2;

/** The instance at the API server, and its present migration. `version` grows with each write. */
export interface Instance {
  readonly version: number;
  readonly migration: Migration;
  readonly phase: "none" | "preparing" | "running" | "over";
  /** Whose the claim is. */
  readonly holder: "source" | "target";
  /** Of the target's node, once the claim is its. */
  readonly holderBoot: number;
  readonly epoch: number;
  /** The highest epoch that any node was offered. */
  readonly offered: number;
  /** The heir: `claim.migratingTo`. */
  readonly to?: Heir | undefined;
  readonly aborted: boolean;
}

export interface Heir {
  readonly epoch: number;
  readonly boot: number;
}

export type Moving = Instance & { readonly to: Heir };

/** What an order to the source says. */
export interface SourceOrder {
  readonly end: "source";
  readonly version: number;
  readonly wish: "run" | "off";
  /** It is to move to this epoch; 0: it is to stay. */
  readonly move: Migration;
  readonly epoch: number;
  /** What functions have proof of, for this migration. */
  readonly settled?: { readonly migration: Migration; readonly at: "source" | "target" };
}

/** What an order to the target says. */
export interface TargetOrder {
  readonly end: "target";
  readonly version: number;
  readonly boot: number;
  readonly epoch: number;
  readonly migration: Migration;
  readonly wish: "incoming" | "withdrawn" | "run" | "off";
}

export type Order = SourceOrder | TargetOrder;

export interface Leaving {
  readonly migration: Migration;
  readonly state: "copying" | "asked" | "stayed";
  /** The epoch that the target was asked under. */
  readonly epoch: number;
}

/** The source's runtime and hypervisor. */
export interface Source {
  readonly order: Omit<SourceOrder, "end">;
  /** On disk. */
  readonly leaving?: Leaving;
  /** What this very process has under way: gone with it. */
  readonly under: "nothing" | "copying" | "asking";
  readonly domain: "running" | "halted" | "gone";
}

/** What the target's runtime has on disk of the guest. */
export interface Expected {
  readonly version: number;
  readonly epoch: number;
  readonly migration: Migration;
  readonly withdrawn: boolean;
  /** It is about to let the guest run, or has. */
  readonly mayRun: boolean;
  readonly at: "waiting" | "incoming" | "here" | "refused";
}

export interface Target {
  readonly boot: number;
  readonly record?: Expected;
  readonly domain: "none" | "incoming" | "running";
  /** This very process lets it run: gone with it. */
  readonly admits?: true;
}

/** Between the nodes: in any order, each at any time. */
export type Call =
  | { readonly is: "finish"; readonly migration: Migration; readonly epoch: number }
  | { readonly is: "answer"; readonly migration: Migration; readonly ran: boolean };

/** What a function has read of both ends, one after the other, and not yet acted on. */
export interface Seen {
  readonly of: Moving;
  /** Of the target's node, as the API knew it. */
  readonly boot: number;
  readonly source?: "silent" | Pick<Source, "order" | "leaving" | "domain">;
  readonly target?: "silent" | "unknown" | Expected;
}

export interface State {
  readonly instance: Instance;
  readonly source: Source;
  readonly target: Target;
  /** Boot of the target's node as the API knows it. */
  readonly known: number;
  readonly orders: readonly Order[];
  readonly calls: readonly Call[];
  readonly seen: Seen | undefined;
  /** By another control plane, which was held up before it acted on it. */
  readonly held: Seen | undefined;
  /** For the invariants alone: the guest's vCPUs have run at the target. */
  readonly ranThere: boolean;
  readonly faults: Budget;
}

/** How often each may still happen. */
export interface Budget {
  /** A message between nodes, or an order, does not arrive. */
  readonly losses: number;
  /** It arrives and comes again later. */
  readonly doubles: number;
  /** A function is killed between its write and its orders. */
  readonly crashes: number;
  /** The source's runtime is killed and started again. */
  readonly sourceRestarts: number;
  /** The target's, the same. */
  readonly targetRestarts: number;
  /** The target's node boots anew. */
  readonly reboots: number;
  /** A function acts on what it has read long after, when another may have acted. */
  readonly overtakings: number;
  /** A function finds a node silent. */
  readonly silences: number;
  /** Copying fails, or the target's hypervisor does not let the guest run. */
  readonly failures: number;
  /** A user or a deadline calls the migration off. */
  readonly aborts: number;
}

/** What can be taken away from the protocol, to see that it is missed. */
export interface Rules {
  /** That the target is about to be asked is on the source's disk before it is asked. */
  readonly askedOnDisk: boolean;
  /** That the guest may run is on the target's disk before it is let run. */
  readonly mayRunOnDisk: boolean;
  /** A source that has asked does not let the guest run before it knows what came of it. */
  readonly asksUntilAnswered: boolean;
  /** A target that was told that nobody comes never lets the guest run. */
  readonly withdrawalKept: boolean;
  /** The heir goes out of the claim on proof alone; without: as soon as the migration was called off. */
  readonly proofWanted: boolean;
  /** A target that was asked and has booted anew may have run the guest: what the source has left ends. */
  readonly endsWithTarget: boolean;
  /** A target lets a guest run only under the epoch that it waits for. */
  readonly epochChecked: boolean;
  /** The claim passes to an ended target once the source has ended what it has left. */
  readonly sourceEndsFirst: boolean;
  /** What the source says is asked for after what the target says. */
  readonly targetFirst: boolean;
  /** Silence is no proof. */
  readonly silenceIsUnknown: boolean;
}

export const asBuilt: Rules = {
  askedOnDisk: true,
  mayRunOnDisk: true,
  asksUntilAnswered: true,
  withdrawalKept: true,
  proofWanted: true,
  endsWithTarget: true,
  sourceEndsFirst: true,
  epochChecked: true,
  targetFirst: true,
  silenceIsUnknown: true,
};

export function begin(faults: Budget): State {
  return {
    instance: {
      version: 1,
      migration: 0,
      phase: "none",
      holder: "source",
      holderBoot: 1,
      epoch: 1,
      offered: 1,
      aborted: false,
    },
    source: { order: { version: 1, wish: "run", move: 0, epoch: 0 }, under: "nothing", domain: "running" },
    target: { boot: 1, domain: "none" },
    known: 1,
    orders: [],
    calls: [],
    seen: undefined,
    held: undefined,
    ranThere: false,
    faults,
  };
}

export function sent(state: State, orders: readonly Order[]): State {
  return { ...state, orders: orders.reduce(among<Order>, state.orders) };
}

/** A set, in an order of its own. */
export function among<T>(all: readonly T[], one: T): readonly T[] {
  const text = JSON.stringify(one);
  if (all.some((other) => JSON.stringify(other) === text)) return all;
  return [...all, one].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

export function fate({ faults }: State, fault: keyof Budget, name: string, to: State): Step<State>[] {
  if (faults[fault] === 0) return [];
  return [{ name, to: { ...to, faults: { ...faults, [fault]: faults[fault] - 1 } }, fault: true }];
}
