/** Both ends of the model of a move: what runtimes and hypervisors may do next, and what a message makes of them. */
import type { Step } from "./explore.ts";
import {
  among,
  fate,
  type Call,
  type Expected,
  type Order,
  type Rules,
  type Source,
  type State,
  type Target,
  type TargetOrder,
} from "./hand-over-state.ts";

export function ofSource(state: State, rules: Rules): Step<State>[] {
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
    if (domain === "running") {
      const stayed: Source = { ...source, leaving: { ...leaving, state: "stayed" }, under: "nothing" };
      found.push(...fate(state, "failures", "copying fails", { ...state, source: stayed }));
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
  const restarted: State = {
    ...state,
    source: { ...source, under: "nothing" },
    calls: calls.filter(({ is }) => is !== "answer"),
  };
  return [...found, ...fate(state, "sourceRestarts", "the source's runtime is killed", restarted)];
}

export function ofTarget(state: State, rules: Rules): Step<State>[] {
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
  const lost = record.at === "incoming" && !record.mayRun;
  const restarted: Target = lost ? { boot, record: at("refused"), domain: "none" } : { boot, record, domain };
  found.push(...fate(state, "targetRestarts", "the target's runtime is killed", { ...state, target: restarted }));
  return [...found, ...reboot];
}

export function orderedSource(state: State, { end: _end, ...order }: Extract<Order, { end: "source" }>): State {
  const { source } = state;
  return order.version < source.order.version ? state : { ...state, source: { ...source, order } };
}

export function orderedTarget(state: State, { version, boot, epoch, migration, wish }: TargetOrder): State {
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

export function asked(state: State, { migration, epoch }: Extract<Call, { is: "finish" }>, rules: Rules): State {
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

export function answered(state: State, { migration, ran }: Extract<Call, { is: "answer" }>): State {
  const { source } = state;
  const { leaving } = source;
  if (leaving?.migration !== migration || (leaving.state !== "asked" && source.under !== "asking")) return state;
  if (ran) return { ...state, source: { ...source, domain: "gone", under: "nothing" } };
  return { ...state, source: { ...source, leaving: { ...leaving, state: "stayed" }, under: "nothing" } };
}
