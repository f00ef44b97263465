/** The functions' part of the model of a move: they look at both ends, decide, write, and send orders. */
import type { Step } from "./explore.ts";
import {
  fate,
  sent,
  type Expected,
  type Instance,
  type Migration,
  type Moving,
  type Order,
  type Rules,
  type Seen,
  type State,
  type TargetOrder,
} from "./hand-over-state.ts";

export function ofFunctions(state: State, rules: Rules, migrations: Migration): Step<State>[] {
  const { instance, seen, held, target, known } = state;
  const { phase, holder, migration, to } = instance;
  const found: Step<State>[] = [];
  if (known !== target.boot) {
    found.push({ name: "attend writes the target's boot", to: { ...state, known: target.boot } });
  }
  if (seen !== undefined) {
    const free = { ...state, seen: undefined };
    if (seen.source === undefined || seen.target === undefined) found.push(...looks(state, seen, rules));
    else {
      found.push(...decided(free, seen, rules));
      found.push(...fate(state, "overtakings", "a function is held up before it acts", { ...free, held: seen }));
    }
  } else if (to !== undefined) {
    found.push({ name: "a function looks", to: { ...state, seen: { of: { ...instance, to }, boot: known } } });
  }
  if (held !== undefined) {
    const late = decided({ ...state, held: undefined }, held, rules);
    found.push(...late.map((step) => ({ ...step, name: `the one that was held up: ${step.name}` })));
  }
  if (to !== undefined) return found;
  if (holder === "source" && (phase === "none" || phase === "over") && migration < migrations)
    found.push(...begun(state));
  return [...found, ...resynced(state)];
}

function begun(state: State): Step<State>[] {
  const { instance, known: boot } = state;
  const epoch = instance.offered + 1;
  const migration = (instance.migration + 1) as Migration;
  const change = { migration, phase: "preparing", offered: epoch, to: { epoch, boot }, aborted: false } as const;
  const promised = written(state, instance, change, (next) => [expecting(next, "incoming")]);
  return toldTo(state, `migration ${migration} names its heir`, promised);
}

/** What a resync finds: a node holds what the claim does not say. */
function resynced(state: State): Step<State>[] {
  const { instance, source, target } = state;
  if (instance.holder === "target") {
    return source.domain === "gone"
      ? []
      : [{ name: "resync ends what the guest has left", to: sent(state, [leftBehind(instance)]) }];
  }
  const { record } = target;
  if (record === undefined || record.at === "refused" || record.at === "here") return [];
  const off = { ...expecting(instance, "off"), epoch: record.epoch, migration: record.migration, boot: target.boot };
  return [{ name: "resync ends what waits for nobody", to: sent(state, [off]) }];
}

function looks(state: State, seen: Seen, rules: Rules): Step<State>[] {
  const found: Step<State>[] = [];
  if (seen.source === undefined && (seen.target !== undefined || !rules.targetFirst)) {
    const { order, leaving, domain } = state.source;
    const source = leaving === undefined ? { order, domain } : { order, leaving, domain };
    found.push({ name: "it asks the source", to: { ...state, seen: { ...seen, source } } });
    found.push(...fate(state, "silences", "the source is silent", { ...state, seen: { ...seen, source: "silent" } }));
  }
  if (seen.target === undefined) {
    const { boot, record } = state.target;
    const known = boot === seen.of.to.boot ? (record ?? "unknown") : "unknown";
    found.push({ name: "it asks the target", to: { ...state, seen: { ...seen, target: known } } });
    found.push(...fate(state, "silences", "the target is silent", { ...state, seen: { ...seen, target: "silent" } }));
  }
  return found;
}

/** `advance` of functions/migrate/ends.ts. What has been read may be old: a write is compared, an order has its version. */
function decided(state: State, seen: Seen, rules: Rules): Step<State>[] {
  const { of: instance, boot, source } = seen;
  const { to } = instance;
  const target = typeof seen.target === "object" && seen.target.epoch === to.epoch ? seen.target : undefined;
  const nothing: Step<State> = { name: "it leaves it at that", to: state };
  if (target?.at === "here") return passedOn(state, instance, "it has arrived");
  const over = target === undefined && boot !== to.boot;
  const leaving = typeof source === "object" ? source.leaving : undefined;
  const mine = leaving?.migration === instance.migration ? leaving : undefined;
  if (over && mine?.state === "asked" && rules.endsWithTarget) {
    const ended = typeof source === "object" && source.domain === "gone";
    if (ended || !rules.sourceEndsFirst) return passedOn(state, instance, "it has ended with its target");
    return [{ name: "the source is told to end what it has left", to: sent(state, [leftBehind(instance)]) }];
  }
  const gone = !rules.silenceIsUnknown && seen.target === "silent";
  if (mine?.state === "stayed" || target?.at === "refused" || gone || (over && source !== "silent")) {
    if (source === "silent") return [nothing];
    if (mine === undefined || mine.state === "stayed" || source?.domain === "gone") return failed(state, instance);
    return [{ name: "the source is told that it stays", to: sent(state, [staying(instance)]) }];
  }
  if (instance.aborted) {
    if (!rules.proofWanted) return failed(state, instance);
    if (target?.withdrawn === true || seen.target === "silent") return [nothing];
    return [{ name: "the target is told that nobody comes", to: sent(state, [expecting(instance, "withdrawn")]) }];
  }
  const off = written(state, instance, { aborted: true }, (next) => [unsettled(next), expecting(next, "withdrawn")]);
  if (typeof source === "object" && source.domain === "gone") {
    return [off === undefined ? nothing : { name: "the guest has ended at its source: called off", to: off.told }];
  }
  return [
    ...(off === undefined ? [] : fate(state, "aborts", "the migration is called off", off.told)),
    ...goesOn(state, seen, target, mine?.state === "asked"),
  ];
}

function goesOn(
  state: State,
  { of: instance, ...seen }: Seen,
  target: Expected | undefined,
  asked: boolean,
): Step<State>[] {
  const nothing: Step<State> = { name: "it leaves it at that", to: state };
  if (seen.target === "silent") return [nothing];
  if (target === undefined) {
    const order = expecting(instance, asked ? "withdrawn" : "incoming");
    return [{ name: "the target is told again", to: sent(state, [order]) }];
  }
  if (seen.source === "silent") return [nothing];
  if (instance.phase === "preparing") {
    return toldTo(
      state,
      "the target is ready",
      written(state, instance, { phase: "running" }, (next) => [leaves(next)]),
    );
  }
  if (seen.source?.order.move === instance.migration) return [nothing];
  return [{ name: "the source is told again", to: sent(state, [leaves(instance)]) }];
}

function passedOn(state: State, instance: Moving, why: string): Step<State>[] {
  const { epoch, boot: holderBoot } = instance.to;
  const change = { phase: "over", holder: "target", holderBoot, epoch, to: undefined } as const;
  const orders = (next: Instance): Order[] => [
    leftBehind(next),
    { ...expecting(next, "run"), epoch, boot: holderBoot },
  ];
  return toldTo(state, `${why}: the claim is the target's`, written(state, instance, change, orders));
}

function failed(state: State, instance: Moving): Step<State>[] {
  const { epoch, boot } = instance.to;
  const orders = (next: Instance): Order[] => [staying(next), { ...expecting(next, "off"), epoch, boot }];
  const change = { phase: "over", to: undefined } as const;
  return toldTo(state, "it stays: the heir goes out of the claim", written(state, instance, change, orders));
}

interface Written {
  readonly stored: State;
  /** With the orders that follow. */
  readonly told: State;
}

/** Undefined where the instance is not any more as it was read. */
function written(
  state: State,
  read: Instance,
  change: Partial<Instance>,
  orders: (next: Instance) => readonly Order[],
): Written | undefined {
  if (read.version !== state.instance.version) return undefined;
  const instance = { ...read, ...change, version: read.version + 1 };
  const stored = { ...state, instance };
  return { stored, told: sent(stored, orders(instance)) };
}

/** A function may be killed between its write and its orders. */
function toldTo(before: State, name: string, next: Written | undefined): Step<State>[] {
  if (next === undefined) return [{ name: "a decision is stale", to: before }];
  return [{ name, to: next.told }, ...fate(before, "crashes", `${name}; the function is killed`, next.stored)];
}

function expecting(instance: Instance, wish: TargetOrder["wish"]): TargetOrder {
  const { version, migration, to } = instance;
  return { end: "target", version, boot: to?.boot ?? 0, epoch: to?.epoch ?? 0, migration, wish };
}

function leaves({ version, migration, to }: Instance) {
  return { end: "source", version, wish: "run", move: migration, epoch: to?.epoch ?? 0 } as const;
}

function staying({ version, migration }: Instance) {
  return { end: "source", version, wish: "run", move: 0, epoch: 0, settled: { migration, at: "source" } } as const;
}

/** It asks nothing more of the target, unless it has asked. */
function unsettled({ version }: Instance) {
  return { end: "source", version, wish: "run", move: 0, epoch: 0 } as const;
}

function leftBehind({ version, migration }: Instance) {
  const settled = { migration, at: "target" } as const;
  return { end: "source", version, wish: "off", move: 0, epoch: 0, settled } as const;
}
