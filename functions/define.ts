/**
 * What a function is. It wakes on CloudEvents, reads the present state, decides, and stops. `read` may only look;
 * `decide` is pure and total; what it wants done it returns as effects, which the dispatcher performs in order.
 */
import type { Kind, Key, KubeObject, Stored } from "#api/object.ts";
import type { Filter } from "#events/broker-types.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Reader } from "#events/cluster.ts";
import type { Fault } from "#events/fault.ts";
import type { MachineAction, MachineOrder, Nodes } from "#events/machine.ts";
import { flowEvents, objectEvents, type EventType } from "#events/catalogue.ts";
import { sameJson } from "#events/json.ts";
import { machineKeyIn } from "#events/source/object-event.ts";
import type { RollCall } from "./roll-call.ts";

/** What should become true. Each is harmless when repeated. */
export type Effect =
  | {
      readonly do: "patch";
      readonly kind: Kind;
      readonly before: Stored<KubeObject>;
      readonly after: KubeObject;
      readonly part: "object" | "status";
      /** Written side by side with the effect before it, which need not be done first: it only tells of it. */
      readonly beside?: true;
    }
  /**
   * Deterministic name; already there is success when it has the same controlling owner. A status that the object has
   * is written right after, since an API server drops it at creation.
   */
  | { readonly do: "create"; readonly kind: Kind; readonly object: KubeObject }
  | {
      readonly do: "remove";
      readonly kind: Kind;
      readonly object: Stored<KubeObject>;
      readonly gracePeriodSeconds?: number;
    }
  /**
   * An order to a node. Its version is that of `of` after the patches of the same decision: the dispatcher fills it in,
   * so that the node can refuse what is older. A machine that no object claims is ordered with the version it has.
   */
  | {
      readonly do: "order";
      readonly of: Stored<KubeObject> | { readonly version: string };
      readonly order: Omit<MachineOrder, "version">;
    }
  | { readonly do: "forget"; readonly node: string; readonly uid: string; readonly epoch: number }
  | {
      readonly do: "act";
      readonly node: string;
      readonly uid: string;
      readonly epoch: number;
      readonly action: MachineAction;
    }
  /** A CloudEvent; its id is derived from the cause, so that a redelivery repeats the same id. */
  | {
      readonly do: "emit";
      readonly type: EventType;
      readonly key: Key;
      readonly data: unknown;
      readonly extensions?: Readonly<Record<string, string>>;
    }
  /** A Kubernetes Event on the object, for `kubectl describe` and `virtive explain`. */
  | {
      readonly do: "record";
      readonly about: Stored<KubeObject>;
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    };

export interface Decision {
  readonly effects: readonly Effect[];
  /** One sentence: why this, or why nothing. Names and units, no secrets. */
  readonly because: string;
  /** When to look again although nothing may have happened. */
  readonly at?: Date | undefined;
}

export interface Looks {
  readonly cluster: Reader;
  /**
   * Where `cluster` is a cache: what is there now. For whoever would end a guest since something is not there, of which a watch
   * that is behind has not told yet.
   */
  readonly present?: Pick<Reader, "get">;
  readonly nodes: Pick<Nodes, "identity" | "machine" | "machines">;
  /** The event that woke the function. A hint: read state, not this. Heartbeats are the one kind of event that is state. */
  readonly event: CloudEvent;
  /** Where this process hears the nodes: when it last did. */
  readonly rollCall?: Pick<RollCall, "last" | "listening">;
}

/** What wakes a function: a filter over attributes, and the keys that such an event concerns when not its own. */
export interface Wake {
  readonly filters: readonly Filter[];
  readonly describe: string;
  readonly keys?: (event: CloudEvent, cluster: Reader) => Promise<readonly Key[]> | readonly Key[];
}

export interface FunctionDefinition<Facts = unknown> {
  /** A verb. */
  readonly name: string;
  /** One sentence for ARCHITECTURE.md's table and `virtive explain`. */
  readonly purpose: string;
  readonly on: readonly Wake[];
  /**
   * What it looks at, in `read` and for the keys of its wakes, as "Kind.get" and "Kind.list"; "Node.get" too when it
   * speaks to nodes, whose addresses are there. Its role on a cluster is made from this and from `writes`: a law test
   * checks that it looks at nothing else, and that it does look at each.
   */
  readonly reads: readonly string[];
  /**
   * Fields that it writes, as "Kind.path" or "Kind.path=value" where several functions set different values of one
   * field; "record" when it tells of it in Kubernetes Events. The law "no field has two writers" reads it, and a law test checks that a function writes nothing else.
   */
  readonly writes: readonly string[];
  /**
   * One run at a time over all keys, each seeing what the one before it wrote: for decisions that share something, such
   * as the room on the nodes. Asked of what was read before the turn; what is decided on in it is read anew.
   */
  oneAtATime?(facts: Facts): boolean;
  /** Undefined: what the key named is gone and there is nothing to do. */
  read(looks: Looks, key: Key): Promise<Facts | undefined>;
  decide(facts: Facts, now: Date): Decision;
  /**
   * What to do when an effect was refused for good: usually a condition that says why. Pure, as `decide` is; the facts
   * are read anew. Without it the event goes to the dead letters.
   */
  refused?(facts: Facts, fault: Fault, now: Date): Decision;
  /**
   * What to say while an effect can't be done yet; undefined: nothing. The event is delivered again whatever comes of
   * it. Pure, as `decide` is; the facts are read anew.
   */
  delayed?(facts: Facts, fault: Fault, now: Date): Decision | undefined;
}

export function defineFunction<Facts>(definition: FunctionDefinition<Facts>): FunctionDefinition<Facts> {
  return definition;
}

/** The patch that gives the object this status; none when it has it already. */
export function statusPatch<T extends KubeObject & { readonly status?: unknown }>(
  kind: Kind<T>,
  before: Stored<T>,
  status: T["status"],
): readonly Effect[] {
  if (sameJson(before.status, status)) return [];
  return [{ do: "patch", kind, before, after: { ...before, status }, part: "status" }];
}

export function nothing(because: string, at?: Date): Decision {
  return { effects: [], because, at };
}

/**
 * Wakes on any change of objects of the kind: add, update, delete.
 * @param narrow `idleIn`: phases in which the function has nothing to do with the object, however it changed; that it is
 *   gone is told in any phase. An event that names no phase is told. `concerns`: whether the function could do anything
 *   with an object that is as the event tells it, whatever else there is; asked with how it changed.
 */
export function changed<T extends KubeObject>(
  kind: Kind<T>,
  narrow: {
    readonly extensions?: Readonly<Record<string, string>>;
    readonly idleIn?: readonly string[];
    readonly concerns?: (object: Stored<T>, how: How) => boolean;
    readonly keys?: Wake["keys"];
  } = {},
): Wake {
  const { concerns, keys } = narrow;
  const idle = (narrow.idleIn ?? []).map((phase): Filter => ({ exact: { phase } }));
  return {
    filters: [
      { prefix: { type: "dev.knative.apiserver.resource." } },
      { exact: { kind: kind.kind, ...narrow.extensions } },
      ...(idle.length === 0
        ? []
        : [{ any: [{ exact: { type: objectEvents.deleted.type } }, { not: { any: idle } }] } satisfies Filter]),
    ],
    describe: `${kind.kind} changed`,
    ...(concerns !== undefined
      ? { keys: (event, cluster) => (isConcerned(kind, event, concerns) ? (keys ?? ownKeys)(event, cluster) : NO_KEYS) }
      : keys !== undefined
        ? { keys }
        : {}),
  };
}

/** How an object changed: `added` also where it is only told that it exists. */
export type How = "added" | "updated" | "gone";

const HOW: Readonly<Record<string, How>> = {
  [objectEvents.added.type]: "added",
  [objectEvents.deleted.type]: "gone",
};

const NO_KEYS: readonly Key[] = [];

/** Of an event that does not carry its object as the API server has it nothing is known: it is told. */
function isConcerned<T extends KubeObject>(
  kind: Kind<T>,
  { type, data }: CloudEvent,
  concerns: (object: Stored<T>, how: How) => boolean,
): boolean {
  const object = data as Partial<Stored<T>> | undefined;
  if (object?.kind !== kind.kind || object.metadata?.uid === undefined) return true;
  return concerns(object as Stored<T>, HOW[type] ?? "updated");
}

/** The machine that the event is about, or else the object. */
export function ownKeys(event: CloudEvent): readonly Key[] {
  return [event.extensions["partitionkey"] ?? machineKeyIn(event) ?? event.id];
}

/** Wakes on events of these types. */
export function told(types: readonly EventType[], keys?: Wake["keys"]): Wake {
  return {
    filters: [{ any: types.map((type) => ({ exact: { type: type.type } })) }],
    describe: types.map((type) => type.type.replace(/^dev\.virtive\./, "")).join(", "),
    ...(keys === undefined ? {} : { keys }),
  };
}

/** Wakes when the deadline of an object of the kind is due. */
export function due(kind: Kind): Wake {
  return {
    filters: [{ exact: { type: flowEvents.deadline.type, kind: kind.kind } }],
    describe: `deadline of ${kind.kind}`,
  };
}
