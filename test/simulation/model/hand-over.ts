/**
 * The protocol of a move as a small machine of states: one guest, its source, its target, at most two migrations one after
 * the other, and a bounded number of faults. `explore.ts` walks all its interleavings. What it leaves out is told in
 * README.md; what is modelled is functions/migrate (`decided`), node-runtime/migration/departure.ts (`ofSource`) and
 * arrival.ts (`ofTarget`).
 */
import type { Model, Step } from "./explore.ts";
import {
  begin,
  type Budget,
  type Call,
  type Expected,
  type Instance,
  type Moving,
  type Migration,
  type Order,
  type Rules,
  type Seen,
  type Source,
  type State,
  type Target,
  type TargetOrder,
} from "./hand-over-state.ts";

export function handOver(faults: Budget, rules: Rules, migrations: Migration): Model<State> {
  return {
    first: begin(faults),
    steps: (state) =>
      [
        ...ofFunctions(state, rules, migrations),
        ...ofSource(state, rules),
        ...ofTarget(state, rules),
        ...ofMessages(state, rules),
      ].map((step) => ({ ...step, to: pruned(step.to) })),
    violatedIn,
    settledIn,
  };
}

function violatedIn({ instance, source, target, ranThere }: State): string | undefined {
  const [here, there] = [source.domain === "running", target.domain === "running"];
  if (here && there) return "at most one";
  if (here && ranThere) return "no way back";
  if (here && instance.holder !== "source") return "runs only under its claim";
  if (!there) return undefined;
  const { holder, holderBoot, epoch, to } = instance;
  const mine = holder === "target" ? { epoch, boot: holderBoot } : to;
  return mine?.epoch === target.record?.epoch && mine?.boot === target.boot ? undefined : "runs only under its claim";
}

/** The guest runs at one end, or has ended with its node's boot; nothing of it is at the other. */
function settledIn({ instance, source, target }: State): boolean {
  if (instance.to !== undefined) return false;
  if (instance.holder === "source") return source.domain !== "halted" && target.domain === "none";
  return source.domain === "gone" && (target.domain === "running" || target.boot !== instance.holderBoot);
}

/** Without what can change nothing any more: states that differ in it alone are one. */
function pruned(state: State): State {
  const { source, target } = state;
  const { record } = target;
  const orders = state.orders.filter((order) => {
    if (order.end === "source") return source.domain !== "gone" && order.version >= source.order.version;
    if (order.boot < target.boot) return false;
    if (record === undefined || order.epoch > record.epoch) return true;
    return order.epoch === record.epoch && order.version >= record.version;
  });
  return { ...state, orders };
}

// Functions

function ofFunctions(state: State, rules: Rules, migrations: Migration): Step<State>[] {
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

// The source

function ofSource(state: State, rules: Rules): Step<State>[] {
  const { source, target, calls } = state;
  const { order, leaving, under, domain } = source;
  if (domain === "gone") return [];
  const found: Step<State>[] = [];
  const step = (name: string, change: Partial<Source>, besides: Partial<State> = {}): void =>
    void found.push({ name, to: { ...state, ...besides, source: { ...source, ...change } } });
  const stays = (name: string): void => {
    if (leaving !== undefined) step(name, { leaving: { ...leaving, state: "stayed" }, under: "nothing" });
  };
  if (order.wish === "off") step("the source ends what the guest has left", { domain: "gone", under: "nothing" });
  else if (leaving?.state === "stayed" && domain === "halted")
    step("the source lets it run again", { domain: "running" });
  const { move, epoch } = order;
  if (move !== 0 && leaving?.migration !== move && domain === "running") {
    step("the source begins to copy", { leaving: { migration: move, state: "copying", epoch }, under: "copying" });
  }
  if (leaving?.state === "copying" && under === "nothing") stays("the source calls off what nobody watches");
  if (leaving?.state === "copying" && under === "copying") {
    const { record } = target;
    const comes = record?.migration === leaving.migration && record.epoch === leaving.epoch && !record.withdrawn;
    if (move !== leaving.migration) stays("the source was told to stay");
    else if (domain === "halted") {
      const asked = rules.askedOnDisk ? ("asked" as const) : leaving.state;
      const call: Call = { is: "finish", migration: leaving.migration, epoch: leaving.epoch };
      step(
        "the source asks",
        { leaving: { ...leaving, state: asked }, under: "asking" },
        { calls: among(calls, call) },
      );
    } else if (comes && record.at === "waiting") {
      const prepared: Target = { ...target, domain: "incoming", record: { ...record, at: "incoming" } };
      step("the target prepares", {}, { target: prepared });
    } else if (comes && record.at === "incoming") step("all is copied", { domain: "halted" });
    else stays("the target does not expect it");
    if (domain === "running" && state.faults.failures > 0) {
      const to = { ...source, leaving: { ...leaving, state: "stayed" as const }, under: "nothing" as const };
      found.push(...fate(state, "failures", "copying fails", { ...state, source: to }));
    }
  }
  if (leaving?.state === "asked") {
    const { migration } = leaving;
    const { settled } = order;
    if (settled?.migration === migration && settled.at === "source") stays("the source hears that it stays");
    const call: Call = { is: "finish", migration, epoch: leaving.epoch };
    if (!calls.some((one) => one.migration === migration)) {
      step("the source asks again", {}, { calls: among(calls, call) });
    }
    if (!rules.asksUntilAnswered) stays("the source asks no longer");
  }
  const { domain: kept, ...rest } = source;
  const restarted: State = { ...state, source: { ...rest, domain: kept, under: "nothing" } };
  return [
    ...found,
    ...fate(state, "sourceRestarts", "the source's runtime is killed", {
      ...restarted,
      calls: calls.filter(({ is }) => is !== "answer"),
    }),
  ];
}

// The target

function ofTarget(state: State, rules: Rules): Step<State>[] {
  const { target, calls } = state;
  const { record, domain, admits, boot } = target;
  const fresh: Target = { boot: boot + 1, domain: "none" };
  const reboot = fate(state, "reboots", "the target's node boots anew", { ...state, target: fresh });
  if (record === undefined) return reboot;
  const found: Step<State>[] = [];
  const step = (name: string, next: Target, answer?: Call): void =>
    void found.push({
      name,
      to: { ...state, target: next, calls: answer === undefined ? calls : among(calls, answer) },
    });
  const at = (where: Expected["at"], mayRun = record.mayRun): Expected => ({ ...record, at: where, mayRun });
  const open = record.at === "waiting" || record.at === "incoming";
  if (open && record.withdrawn && !record.mayRun && admits !== true && rules.withdrawalKept) {
    step("the target says that it never will", { boot, record: at("refused"), domain: "none" });
  }
  if (admits === true && domain === "incoming") {
    found.push({
      name: "the target lets it run",
      to: { ...state, ranThere: true, target: { ...target, domain: "running" } },
    });
    const { migration } = record;
    const refused: State = {
      ...state,
      target: { boot, record: at("refused", false), domain: "none" },
      calls: among(calls, { is: "answer", migration, ran: false }),
    };
    found.push(...fate(state, "failures", "the target's hypervisor refuses", refused));
  }
  if (record.at === "incoming" && domain === "running" && (admits === true || record.mayRun)) {
    const { migration } = record;
    step(
      "the target says that it runs",
      { boot, record: at("here", true), domain },
      { is: "answer", migration, ran: true },
    );
  }
  if (record.at === "incoming" && domain === "incoming" && record.mayRun && admits !== true) {
    const here: Target = { boot, record: at("here"), domain: "running" };
    found.push({ name: "the target lets run what may run", to: { ...state, ranThere: true, target: here } });
  }
  if (state.faults.targetRestarts > 0) {
    const lost = record.at === "incoming" && !record.mayRun;
    const next: Target = lost ? { boot, record: at("refused"), domain: "none" } : { boot, record, domain };
    found.push(...fate(state, "targetRestarts", "the target's runtime is killed", { ...state, target: next }));
  }
  return [...found, ...reboot];
}

// Messages

function ofMessages(state: State, rules: Rules): Step<State>[] {
  const found: Step<State>[] = [];
  const arrives = (name: string, without: State, next: State, again: State): void => {
    found.push({ name, to: next });
    found.push(...fate(state, "losses", `lost: ${name}`, without));
    found.push(...fate(state, "doubles", `comes again: ${name}`, again));
  };
  for (const order of state.orders) {
    const rest = { ...state, orders: state.orders.filter((one) => one !== order) };
    const next = order.end === "source" ? orderedSource(rest, order) : orderedTarget(rest, order);
    const what = order.end === "source" && order.move !== 0 ? "move" : order.wish;
    arrives(`the ${order.end} takes ${what}`, rest, next, { ...next, orders: state.orders });
  }
  for (const call of state.calls) {
    const rest = { ...state, calls: state.calls.filter((one) => one !== call) };
    const next = call.is === "answer" ? answered(rest, call) : asked(rest, call, rules);
    const name =
      call.is === "answer"
        ? `the source hears ${call.ran ? "that it runs" : "that it never will"}`
        : "the target is asked";
    arrives(name, rest, next, { ...next, calls: among(next.calls, call) });
  }
  return found;
}

function orderedSource(state: State, { end: _end, ...order }: Extract<Order, { end: "source" }>): State {
  const { source } = state;
  return order.version < source.order.version ? state : { ...state, source: { ...source, order } };
}

function orderedTarget(state: State, { version, boot, epoch, migration, wish }: TargetOrder): State {
  const { target } = state;
  if (boot !== target.boot) return state;
  const { record } = target;
  const next = (changed: Expected, domain = target.domain): State => ({
    ...state,
    target: { ...target, record: changed, domain },
  });
  if (record === undefined || epoch > record.epoch) {
    if (wish === "run" || wish === "off" || target.domain !== "none") return state;
    const withdrawn = wish === "withdrawn";
    return next({ version, epoch, migration, withdrawn, mayRun: false, at: "waiting" });
  }
  if (epoch < record.epoch || version < record.version) return state;
  switch (wish) {
    case "incoming":
    case "run":
      return next({ ...record, version });
    case "withdrawn":
      return next({ ...record, version, withdrawn: true });
    case "off":
      return record.mayRun || target.admits === true ? state : next({ ...record, version, at: "refused" }, "none");
  }
}

function asked(state: State, { migration, epoch }: Extract<Call, { is: "finish" }>, rules: Rules): State {
  const { target } = state;
  const { record } = target;
  const answer = (ran: boolean): State => ({ ...state, calls: among(state.calls, { is: "answer", migration, ran }) });
  const mine = record?.migration === migration && record.epoch === epoch;
  if (record === undefined || (!mine && rules.epochChecked)) return state;
  if (record.at === "here") return answer(true);
  if (record.at === "refused") return answer(false);
  if (target.admits === true || record.mayRun || (record.withdrawn && rules.withdrawalKept)) return state;
  if (record.at === "waiting") return { ...state, target: { ...target, record: { ...record, at: "refused" } } };
  const noted = rules.mayRunOnDisk ? { ...record, mayRun: true } : record;
  return { ...state, target: { ...target, record: noted, admits: true } };
}

function answered(state: State, { migration, ran }: Extract<Call, { is: "answer" }>): State {
  const { source } = state;
  const { leaving } = source;
  if (leaving?.migration !== migration || (leaving.state !== "asked" && source.under !== "asking")) return state;
  if (ran) return { ...state, source: { ...source, domain: "gone", under: "nothing" } };
  return { ...state, source: { ...source, leaving: { ...leaving, state: "stayed" }, under: "nothing" } };
}

function sent(state: State, orders: readonly Order[]): State {
  return { ...state, orders: orders.reduce(among<Order>, state.orders) };
}

/** A set, in an order of its own. */
function among<T>(all: readonly T[], one: T): readonly T[] {
  const text = JSON.stringify(one);
  if (all.some((other) => JSON.stringify(other) === text)) return all;
  return [...all, one].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function fate({ faults }: State, fault: keyof Budget, name: string, to: State): Step<State>[] {
  if (faults[fault] === 0) return [];
  return [{ name, to: { ...to, faults: { ...faults, [fault]: faults[fault] - 1 } }, fault: true }];
}
