/**
 * The protocol of a move as a small machine of states: one guest, its source, its target, at most two migrations one after
 * the other, and a bounded number of faults. `explore.ts` walks all its interleavings. What it leaves out is told in
 * README.md; what is modelled is functions/migrate (hand-over-functions.ts), node-runtime/migration/departure.ts and
 * arrival.ts (hand-over-nodes.ts).
 */
import type { Model, Step } from "./explore.ts";
import { ofFunctions } from "./hand-over-functions.ts";
import { answered, asked, ofSource, ofTarget, orderedSource, orderedTarget } from "./hand-over-nodes.ts";
import { among, begin, fate, type Budget, type Migration, type Rules, type State } from "./hand-over-state.ts";

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
