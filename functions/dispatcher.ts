/**
 * The dispatcher: where functions touch the world, and the only place. For each event and key it reads, decides and
 * performs what was decided, and answers the broker by what came of it:
 *
 *   204 done, or nothing to do      409 stale: read again        503 later, with Retry-After
 *   422 our own bug, or an effect that was refused for good and that the function has no word for: dead letter
 *
 * Never a body. Every decision is journaled and logged with its because, the ones that do nothing too: that is the
 * answer to "why did it not boot?".
 */
import type { Key } from "#api/object.ts";
import type { Answer, Broker, DeliverySpec, Filter, Trigger } from "#events/broker-types.ts";
import { isoTime, type Clock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { compileFilters } from "#events/broker/filters.ts";
import { createMatching } from "#events/broker/matching.ts";
import { asFault, type Fault, type FaultKind } from "#events/fault.ts";
import type { DecisionRecord, Journal } from "#events/journal-entry.ts";
import type { Log } from "#events/log.ts";
import type { Nodes } from "#events/machine.ts";
import { ownKeys, type Decision, type FunctionDefinition, type Looks } from "./define.ts";
import type { RollCall } from "./roll-call.ts";
import { perform, summary } from "./effects.ts";

/** What came of a decision, and how loudly it is logged. */
const levels = {
  done: "info",
  nothing: "debug",
  gone: "debug",
  stale: "debug",
  later: "info",
  refused: "warn",
  bug: "error",
} as const satisfies Record<"done" | "nothing" | "gone" | FaultKind, keyof Log>;
type Outcome = keyof typeof levels;

export interface DispatcherParts {
  readonly functions: readonly FunctionDefinition[];
  readonly reader: Reader;
  /** Where the reader is a cache: what it is a cache of. */
  readonly present?: Pick<Reader, "get">;
  readonly writer: Writer;
  readonly nodes: Nodes;
  readonly journal: Pick<Journal, "appendDecision">;
  readonly broker: Pick<Broker, "publish" | "addTrigger" | "wakeAt">;
  readonly clock: Clock;
  readonly log: Log;
  /** Where this process hears the nodes. */
  readonly rollCall?: RollCall;
  /** Source of the events that decisions emit. */
  readonly source?: string;
  readonly delivery?: DeliverySpec;
}

export interface Dispatcher {
  /** Hands the functions' triggers to the broker. */
  start(): void;
  readonly triggers: readonly Trigger[];
  /** Runs one function for one key. */
  dispatch(definition: FunctionDefinition, event: CloudEvent, key: Key): Promise<Answer>;
}

/** Steps are short; a node's own work takes as long as it takes and reports by events. */
export const defaultDelivery: DeliverySpec = {
  retry: 20,
  backoffPolicy: "exponential",
  backoffDelayMilliseconds: 20,
  backoffMaxMilliseconds: 10_000,
  timeoutMilliseconds: 15_000,
};

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const turns = new Map<string, Promise<unknown>>();

  /** What was read, where the function need not wait for its turn; else undefined, also where it can't be read now. */
  async function readAhead(definition: FunctionDefinition, event: CloudEvent, key: Key): Promise<Read | undefined> {
    try {
      const facts = await definition.read(looksFor(parts, event), key);
      return facts !== undefined && definition.oneAtATime?.(facts) === true ? undefined : { facts };
    } catch {
      return undefined;
    }
  }

  /** Runs after the function's runs before it, whatever came of them. */
  function inTurn(definition: FunctionDefinition, run: () => Promise<Answer>): Promise<Answer> {
    const turn = (turns.get(definition.name) ?? Promise.resolve()).then(run, run);
    turns.set(definition.name, turn);
    return turn;
  }

  function dispatch(definition: FunctionDefinition, event: CloudEvent, key: Key): Promise<Answer> {
    return definition.oneAtATime === undefined
      ? runOnce(parts, definition, event, key)
      : dispatchInTurn(definition, event, key);
  }

  async function dispatchInTurn(definition: FunctionDefinition, event: CloudEvent, key: Key): Promise<Answer> {
    const run = (read?: Read): Promise<Answer> => runOnce(parts, definition, event, key, read);
    const read = await readAhead(definition, event, key);
    return read === undefined ? inTurn(definition, () => run()) : run(read);
  }

  /** Made when they are asked for: where a cluster has Triggers, these are nobody's. */
  let made: readonly Trigger[] | undefined;
  const triggers = (): readonly Trigger[] =>
    (made ??= parts.functions.map((definition) => triggerOf(definition, parts, dispatch)));
  return {
    get triggers() {
      return triggers();
    },
    dispatch,
    start() {
      for (const trigger of triggers()) parts.broker.addTrigger(trigger);
    },
  };
}

/** What a function has read. */
interface Read {
  readonly facts: unknown;
}

/** A function with several wakes is one trigger: any of them, each with its own keys. */
function triggerOf(definition: FunctionDefinition, parts: DispatcherParts, dispatch: Dispatcher["dispatch"]): Trigger {
  const keys = keysOf(definition);
  return {
    name: definition.name,
    filters: filtersOf(definition),
    delivery: parts.delivery ?? defaultDelivery,
    keys: (event) => keys(event, parts.reader),
    subscriber: (event, key) => dispatch(definition, event, key),
  };
}

/** The same list each time, which a broker need not compile again. */
function filtersOf(definition: FunctionDefinition): readonly Filter[] {
  const known = filters.get(definition);
  if (known !== undefined) return known;
  const made: readonly Filter[] = [{ any: definition.on.map((wake) => ({ all: wake.filters })) }];
  filters.set(definition, made);
  return made;
}

const filters = new WeakMap<FunctionDefinition, readonly Filter[]>();

const NO_EFFECTS: readonly string[] = Object.freeze([]);

function looksFor({ reader, present, nodes, rollCall }: DispatcherParts, event: CloudEvent): Looks {
  return {
    cluster: reader,
    ...(present === undefined ? {} : { present }),
    nodes,
    event,
    ...(rollCall === undefined ? {} : { rollCall }),
  };
}

async function runOnce(
  parts: DispatcherParts,
  definition: FunctionDefinition,
  event: CloudEvent,
  key: Key,
  read?: Read,
): Promise<Answer> {
  const started = performance.now();
  const note = (decision: Decision, outcome: Outcome, fault?: Fault): void => {
    const record: DecisionRecord = {
      function: definition.name,
      key,
      because: fault === undefined ? decision.because : `${decision.because}; ${fault.message}`,
      effects: decision.effects.length === 0 ? NO_EFFECTS : decision.effects.map(summary),
      ...(decision.at === undefined ? {} : { at: decision.at.toISOString() }),
      outcome: fault === undefined ? outcome : `${outcome} ${fault.reason}`,
      milliseconds: Math.round((performance.now() - started) * 100) / 100,
      cause: event.id,
      time: isoTime(parts.clock.now()),
    };
    parts.journal.appendDecision(record);
    parts.log[levels[outcome]](record, `${definition.name} ${key}: ${record.outcome}`);
  };
  const looks = looksFor(parts, event);
  let decision: Decision = { effects: [], because: "reading" };
  try {
    const facts = read === undefined ? await definition.read(looks, key) : read.facts;
    if (facts === undefined) {
      note({ effects: [], because: "what the key names is gone" }, "gone");
      return { status: 204 };
    }
    decision = definition.decide(facts, parts.clock.now());
    if (decision.effects.length > 0) await perform(parts, { definition, decision, event, key });
    if (decision.at !== undefined) parts.broker.wakeAt(definition.name, key, decision.at);
    note(decision, decision.effects.length === 0 ? "nothing" : "done");
    return { status: 204 };
  } catch (thrown) {
    const fault = asFault(thrown);
    note(decision, fault.kind, fault);
    if (fault.kind === "refused" && definition.refused !== undefined) {
      return sayRefused(parts, { definition, looks, event, key, fault }, note);
    }
    if (fault.kind === "later" && definition.delayed !== undefined) {
      await sayDelayed(parts, { definition, looks, event, key, fault }, note);
    }
    return answerOf(fault);
  }
}

/** A decision that could not be carried out. */
interface Setback {
  readonly definition: FunctionDefinition;
  readonly looks: Looks;
  readonly event: CloudEvent;
  readonly key: Key;
  readonly fault: Fault;
}

/** The function's own word on a refusal, from facts as they are now. Refused again, it is a dead letter. */
async function sayRefused(
  parts: DispatcherParts,
  { definition, looks, event, key, fault }: Setback,
  note: (decision: Decision, outcome: Outcome, fault?: Fault) => void,
): Promise<Answer> {
  let decision: Decision = { effects: [], because: "reading" };
  try {
    const facts = await definition.read(looks, key);
    if (facts === undefined) return { status: 204 };
    decision = definition.refused?.(facts, fault, parts.clock.now()) ?? decision;
    await perform(parts, { definition, decision, event, key });
    if (decision.at !== undefined) parts.broker.wakeAt(definition.name, key, decision.at);
    note(decision, "done");
    return { status: 204 };
  } catch (thrown) {
    const again = asFault(thrown);
    note(decision, again.kind, again);
    return answerOf(again);
  }
}

/** The function's own word on a delay. What can't be said now is said at the next delivery. */
async function sayDelayed(
  parts: DispatcherParts,
  { definition, looks, event, key, fault }: Setback,
  note: (decision: Decision, outcome: Outcome, fault?: Fault) => void,
): Promise<void> {
  try {
    const facts = await definition.read(looks, key);
    const decision = facts === undefined ? undefined : definition.delayed?.(facts, fault, parts.clock.now());
    if (decision === undefined || decision.effects.length === 0) return;
    await perform(parts, { definition, decision, event, key });
    note(decision, "done");
  } catch (thrown) {
    const again = asFault(thrown);
    parts.log.warn({ key, reason: again.reason }, `${definition.name} can't say why it waits: ${again.message}`);
  }
}

/** What a fault tells the broker. */
export function answerOf(fault: Fault): Answer {
  const detail = `${fault.reason}: ${fault.message}`.slice(0, 1024);
  switch (fault.kind) {
    case "stale":
      return { status: 409, detail };
    case "later":
      return fault.retryAfterSeconds === undefined
        ? { status: 503, detail }
        : { status: 503, detail, retryAfterSeconds: fault.retryAfterSeconds };
    case "refused":
    case "bug":
      return { status: 422, detail };
  }
}

/**
 * The keys that an event concerns for a function: those of each wake that it matches. At once where no wake has to look
 * for them, so that events keep their order.
 */
export function keysOf(definition: FunctionDefinition): KeysOf {
  const known = foundKeys.get(definition);
  if (known !== undefined) return known;
  const made = keysBy(definition);
  foundKeys.set(definition, made);
  return made;
}

/** Made once for each function, and with what its wakes' filters have answered. */
const foundKeys = new WeakMap<FunctionDefinition, KeysOf>();
type KeysOf = (event: CloudEvent, reader: Reader) => Promise<readonly Key[]> | readonly Key[];

function keysBy(definition: FunctionDefinition): KeysOf {
  // Whichever of them it is that the event matches.
  if (definition.on.every(({ keys }) => keys === undefined)) return ownKeys;
  const matching = createMatching(
    definition.on.map(({ filters, keys }) => ({ filters, matches: compileFilters(filters), value: keys ?? ownKeys })),
  );
  return (event, reader) => {
    const matched = matching(event);
    const [only] = matched;
    if (only !== undefined && matched.length === 1) return only(event, reader);
    const ready = new Set<Key>();
    const looked: Promise<readonly Key[]>[] = [];
    for (const keysIn of matched) {
      const keys = keysIn(event, reader);
      if (keys instanceof Promise) looked.push(keys);
      else for (const key of keys) ready.add(key);
    }
    if (looked.length === 0) return [...ready];
    return Promise.all(looked).then((keys) => [...new Set([...ready, ...keys.flat()])]);
  };
}
