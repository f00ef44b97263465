/**
 * The protocol of claim, boot, stop and release as a small machine of states: two nodes, one VM that is to run, and a
 * bounded number of faults. `explore.ts` walks all its interleavings. What it leaves out is told in README.md.
 */

import type { Model, Step } from "./explore.ts";
import {
  begin,
  type Budget,
  type Instance,
  type NodeIndex,
  type NodeState,
  type Order,
  type Rules,
  type Seen,
  type State,
} from "./state.ts";

const NODES: readonly NodeIndex[] = [0, 1];

export function protocol(faults: Budget, rules: Rules): Model<State> {
  return {
    first: begin(faults),
    steps: (state) => [
      ...controlSteps(state, rules),
      ...NODES.flatMap((index) => nodeSteps(state, index, rules)),
      ...fate(state, rules),
    ],
    violatedIn,
  };
}

function violatedIn({ instance, nodes }: State): string | undefined {
  const running = nodes.flatMap(({ domain }, node) => (domain?.running === true ? [{ ...domain, node }] : []));
  if (running.length > 1) return "at most one";
  for (const { uid, node, boot } of running) {
    if (instance?.uid !== uid) return "nothing runs unowned";
    if (instance.phase === "Final") return "an end is an end";
    const { claim } = instance;
    if (claim?.node !== node || claim.boot !== boot) return "runs only under its claim";
  }
  return undefined;
}

function written(state: State, change: Partial<Instance>): State {
  const { instance } = state;
  return instance === undefined
    ? state
    : {
        ...state,
        instance: {
          ...instance,
          ...change,
          version: instance.version + 1,
        },
      };
}

function sent(state: State, order: Order): State {
  const there = state.orders.some((one) => JSON.stringify(one) === JSON.stringify(order));
  return there ? state : { ...state, orders: [...state.orders, order].sort(byText) };
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

function orderOf(instance: Instance, claim: NonNullable<Instance["claim"]>, wish: Order["wish"]): Order {
  return { ...claim, uid: instance.uid, version: instance.version, wish };
}

function controlSteps(state: State, rules: Rules): Step<State>[] {
  const { instance, seen } = state;
  const found: Step<State>[] = [];
  if (instance === undefined) {
    // The VM wants an instance.
    const uid = state.uids + 1;
    if (uid > 2) return [];
    const fresh: Instance = { uid, version: 1, phase: "Pending", deleting: false };
    return [{ name: "run creates an instance", to: { ...state, instance: fresh, uids: uid, seen: undefined } }];
  }
  const { phase, claim, deleting, uid } = instance;
  if (phase === "Pending" && !deleting) {
    for (const node of NODES) {
      const mine = { node, boot: state.known[node] };
      const claimed = written(state, { phase: "Claimed", claim: mine });
      const order = orderOf({ ...instance, version: instance.version + 1 }, mine, "run");
      if (rules.claimFirst) {
        found.push({ name: `boot claims node ${node} and orders it`, to: sent(claimed, order) });
        if (state.faults.crashes > 0)
          found.push({ name: `boot claims node ${node} and is killed`, to: spent(claimed, "crashes") });
      } else {
        found.push({ name: `boot orders node ${node}, and claims nothing yet`, to: sent(state, order) });
        found.push({ name: `boot claims node ${node}`, to: claimed });
      }
    }
  }
  if (phase === "Pending" && deleting) found.push({ name: "release lets go", to: { ...state, instance: undefined } });
  if (claim !== undefined && phase !== "Final") found.push(...looks(state, instance, claim, rules));
  if (seen !== undefined && seen.uid === uid && seen.version === instance.version) {
    found.push(...acts(state, instance, seen));
  } else if (seen !== undefined) {
    found.push({ name: "a decision is stale", to: { ...state, seen: undefined } });
  }
  if (phase === "Final" && claim !== undefined) {
    const node = state.nodes[claim.node];
    const mine = node.record?.uid === uid && node.record.at === "stopped";
    const next = mine ? withNode(state, claim.node, forget(node)) : state;
    found.push({ name: "release lets go", to: { ...next, instance: undefined } });
  }
  return found;
}

/** A function reads what the node knows; what it makes of it, it writes later. */
function looks(
  state: State,
  { uid, version }: Instance,
  claim: NonNullable<Instance["claim"]>,
  rules: Rules,
): Step<State>[] {
  const see = (says: Seen["says"], name: string): Step<State> => ({
    name,
    to: { ...state, seen: { uid, version, says } },
  });
  if (state.known[claim.node] !== claim.boot) return [see("Final", "observe knows of another boot")];
  const found: Step<State>[] = [];
  if (state.faults.partitions > 0) {
    const quiet = spent(state, "partitions");
    const phase = rules.silenceIsUnknown ? "Unknown" : "Final";
    found.push({ name: "the node is silent", to: written(quiet, { phase }) });
  }
  const { record, clearing } = state.nodes[claim.node];
  if (clearing === true) return found;
  if (record?.uid !== uid) found.push(see("unknown here", "a function sees that the node does not know it"));
  else if (record.at === "running") found.push(see("Running", "observe sees it run"));
  else if (record.at === "stopped") found.push(see("Final", "observe sees that it has stopped"));
  return found;
}

function acts(state: State, instance: Instance, { says }: Seen): Step<State>[] {
  const done = { ...state, seen: undefined };
  const { claim, deleting, phase } = instance;
  if (claim === undefined) return [];
  if (says === "unknown here") {
    const wish = deleting || phase !== "Claimed" ? "off" : "run";
    return [{ name: `the node is ordered ${wish}`, to: sent(done, orderOf(instance, claim, wish)) }];
  }
  if (phase === "Final") return [];
  const stop =
    deleting && says === "Running"
      ? [{ name: "stop orders off", to: sent(done, orderOf(instance, claim, "off")) }]
      : [];
  return phase === says ? stop : [...stop, { name: `observe writes ${says}`, to: written(done, { phase: says }) }];
}

function withNode(state: State, index: NodeIndex, node: NodeState): State {
  return { ...state, nodes: index === 0 ? [node, state.nodes[1]] : [state.nodes[0], node] };
}

function forget(node: NodeState): NodeState {
  const { record, ...rest } = node;
  return { ...rest, forgotten: Math.max(node.forgotten, record?.uid ?? 0) };
}

function nodeSteps(state: State, index: NodeIndex, rules: Rules): Step<State>[] {
  const node = state.nodes[index];
  const found: Step<State>[] = [];
  for (const order of state.orders.filter((one) => one.node === index)) {
    const rest = { ...state, orders: state.orders.filter((one) => one !== order) };
    const to = withNode(rest, index, taken(node, order, rules));
    found.push({ name: `node ${index} takes ${order.wish} of ${order.uid}`, to });
    if (state.faults.losses > 0) found.push({ name: "an order is lost", to: spent(rest, "losses") });
    if (state.faults.doubles > 0) {
      found.push({
        name: `node ${index} takes ${order.wish} of ${order.uid}, which comes again`,
        to: spent({ ...to, orders: state.orders }, "doubles"),
      });
    }
  }
  if (node.clearing === true) {
    const { clearing: _clearing, domain: _domain, ...cleared } = node;
    found.push({ name: `node ${index} ends what its life before has left`, to: withNode(state, index, cleared) });
  }
  const step = driven(node);
  if (step !== undefined) found.push({ name: `node ${index} goes on`, to: withNode(state, index, step) });
  for (const beat of state.beats.filter((one) => one.node === index)) {
    const rest = { ...state, beats: state.beats.filter((one) => one !== beat) };
    const name = `node ${index}'s heartbeat of boot ${beat.boot} arrives`;
    if (!rules.nodeAsked) found.push({ name, to: believed(rest, index, beat.boot) });
    else if (state.known[index] === beat.boot) found.push({ name, to: rest });
    else if (node.clearing !== true && state.asked.length < 2) {
      const asked = [...state.asked, { node: index, boot: node.boot, read: state.known[index] }].sort(byText);
      found.push({
        name: `${name}, and the node says ${node.boot}`,
        to: beat.boot === node.boot ? { ...rest, asked } : rest,
      });
    }
  }
  for (const answer of state.asked.filter((one) => one.node === index)) {
    const { boot, read } = answer;
    const done = { ...state, asked: state.asked.filter((one) => one !== answer) };
    const fits = !rules.answerCompared || state.known[index] === read;
    found.push({ name: `attend writes boot ${boot} of node ${index}`, to: fits ? believed(done, index, boot) : done });
  }
  if (
    node.clearing !== true &&
    !state.beats.some((beat) => beat.node === index && beat.boot === node.boot) &&
    state.known[index] !== node.boot
  ) {
    found.push({
      name: `node ${index} sends a heartbeat`,
      to: { ...state, beats: [...state.beats, { node: index, boot: node.boot }].sort(byText) },
    });
  }
  return found;
}

function taken(node: NodeState, order: Order, rules: Rules): NodeState {
  if (node.clearing === true) return node;
  if (rules.bootChecked && order.boot !== node.boot) return node;
  const { record } = node;
  const { uid, version, wish } = order;
  // Ordered off, it would only tell its end again.
  if (rules.ageChecked && uid <= node.forgotten) return node;
  if (record?.uid !== uid) {
    if (record !== undefined && record.at !== "stopped") return node;
    return { ...node, record: { uid, version, wish, at: "new" } };
  }
  if (rules.ageChecked && version < record.version) return node;
  return record.at === "stopped" ? node : { ...node, record: { ...record, version, wish } };
}

/** One step of the driver. */
function driven(node: NodeState): NodeState | undefined {
  const { record, domain } = node;
  if (record === undefined || record.at === "stopped") return undefined;
  const own = domain?.uid === record.uid ? domain : undefined;
  const ended = (rest: NodeState): NodeState => ({ ...rest, record: { ...record, at: "stopped" } });
  const { domain: _domain, ...without } = node;
  if (record.wish === "off") {
    if (own === undefined) return ended(node);
    return ended(without);
  }
  if (record.at === "new") {
    // A domain that lost records knew of is taken up; another machine's is in the way.
    if (domain !== undefined && own === undefined) return undefined;
    if (own !== undefined) return { ...node, record: { ...record, at: own.running ? "running" : "created" } };
    return {
      ...node,
      domain: { uid: record.uid, boot: node.boot, running: false },
      record: { ...record, at: "created" },
    };
  }
  if (own === undefined) return ended(node);
  if (record.at === "created")
    return { ...node, domain: { ...own, running: true }, record: { ...record, at: "running" } };
  return undefined;
}

function believed(state: State, node: NodeIndex, boot: number): State {
  return { ...state, known: node === 0 ? [boot, state.known[1]] : [state.known[0], boot] };
}

function spent(state: State, fault: keyof Budget): State {
  return { ...state, faults: { ...state.faults, [fault]: state.faults[fault] - 1 } };
}

function withoutFiles({ record: _record, ...rest }: NodeState, rules: Rules): NodeState {
  if (!rules.lossIsNewBoot) return { ...rest, forgotten: 0 };
  const boot = rest.boot + 1;
  return { ...rest, boot, forgotten: 0, ...(rules.clearsFirst ? { clearing: true } : {}) };
}

function fate(state: State, rules: Rules): Step<State>[] {
  const { faults, instance } = state;
  const found: Step<State>[] = [];
  if (faults.deletions > 0 && instance?.deleting === false) {
    found.push({ name: "a user deletes the instance", to: spent(written(state, { deleting: true }), "deletions") });
  }
  if (faults.crashes > 0 && state.seen !== undefined) {
    found.push({ name: "the control plane is killed", to: spent({ ...state, seen: undefined }, "crashes") });
  }
  for (const index of NODES) {
    const node = state.nodes[index];
    if (faults.reboots > 0) {
      const { domain: _domain, ...rest } = node;
      const record = rest.record === undefined ? {} : { record: { ...rest.record, at: "stopped" as const } };
      // Its last heartbeat may still be on its way.
      const late = { node: index, boot: node.boot };
      const { clearing: _clearing, ...booted } = { ...rest, ...record };
      const rebooted = withNode(state, index, { ...booted, boot: node.boot + 1, forgotten: 0 });
      found.push({ name: `node ${index} reboots`, to: spent(rebooted, "reboots") });
      found.push({
        name: `node ${index} reboots, a heartbeat under way`,
        to: spent({ ...rebooted, beats: [...state.beats, late].sort(byText) }, "reboots"),
      });
    }
    if (faults.forgets > 0 && (node.record !== undefined || node.forgotten > 0)) {
      found.push({
        name: `node ${index} loses its files`,
        to: spent(withNode(state, index, withoutFiles(node, rules)), "forgets"),
      });
    }
    if (faults.exits > 0 && node.domain?.running === true) {
      const { domain: _domain, ...rest } = node;
      found.push({ name: `the guest on node ${index} ends`, to: spent(withNode(state, index, rest), "exits") });
    }
  }
  return found;
}
