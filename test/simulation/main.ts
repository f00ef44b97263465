/**
 * `npm run simulate`: lives histories and says what it found. A failing seed is cut down to a minimal story.
 *
 *   --seed N             one history; --trace prints all of it, --until S stops after so many seconds of it
 *   --keep 1,4,9         only these entries of the seed's plan
 *   --seeds N --from S   a range of seeds
 *   --minutes M          new seeds for so many minutes
 *   --moves              users move guests between nodes, too
 *   --loose              events go through a broker as Knative's is at its worst
 *   --drains             and they cordon, drain and uncordon nodes
 *   --disks              guests have disks that are claims, and CDI fills them
 *   --mutation NAME      with a known-bad variant in place
 *   --workers N          side by side; default: one a core
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { hire } from "./crew.ts";
import { live } from "./history.ts";
import { mutationOf } from "./mutations.ts";
import { planOf, SETTINGS, tellDeed, type Setting } from "./plan.ts";
import { asTheyAre } from "./seams.ts";
import { only, shrink } from "./shrink.ts";
import { isRoutine, print, type Line } from "./story.ts";
import { addTally, emptyTally, report, type Tally } from "./tally.ts";
import type { Order } from "./worker.ts";

const HISTORIES_A_TURN = 10;
/** Of a failing seed's story, so many of its last lines are printed. */
const MOST_LINES = 200;

const { values: given } = parseArgs({
  options: {
    "seed": { type: "string" },
    "seeds": { type: "string", default: "200" },
    "from": { type: "string", default: "1" },
    "minutes": { type: "string" },
    "until": { type: "string" },
    "keep": { type: "string" },
    "trace": { type: "boolean", default: false },
    "moves": { type: "boolean", default: false },
    "loose": { type: "boolean", default: false },
    "drains": { type: "boolean", default: false },
    "disks": { type: "boolean", default: false },
    "mutation": { type: "string" },
    "workers": { type: "string" },
    "most-failures": { type: "string", default: "3" },
  },
});

const wanted = given.mutation === undefined ? undefined : mutationOf(given.mutation).kind;
const kind = given.drains ? "drains" : given.moves ? "moves" : (wanted ?? "plain");
const setting: Setting = { ...SETTINGS[kind], loose: given.loose, ...(given.disks ? { disks: true } : {}) };

function numberOf(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  process.stderr.write(`simulate: --${name} is "${text}"; it must be a number from ${least}\n`);
  process.exit(2);
}

if (given.seed !== undefined) await one(numberOf("seed", given.seed, 0));
else await many();

async function one(seed: number): Promise<void> {
  const plan = planOf(seed, setting);
  const kept = given.keep?.split(",").map((place) => numberOf("keep", place, 0));
  const history = await live({
    seed,
    setting,
    told: true,
    seams: given.mutation === undefined ? asTheyAre : mutationOf(given.mutation).seams(),
    ...(kept === undefined ? {} : { plan: only(plan, kept) }),
    ...(given.until === undefined ? {} : { until: numberOf("until", given.until, 0) * 1000 }),
  });
  say(given.trace ? history.lines : history.lines.filter((line) => !isRoutine(line)));
  const { violation, steps, writes, decisions, simulated } = history;
  process.stdout.write(
    `\nseed ${seed}: ${steps} steps, ${decisions} decisions, ${writes} writes in ${Math.round(simulated / 1000)} s of its time\n`,
  );
  process.stdout.write(violation === undefined ? "every invariant held\n" : `VIOLATED ${violation.message}\n`);
  process.exitCode = violation === undefined ? 0 : 1;
}

async function many(): Promise<void> {
  const began = performance.now();
  const ends = given.minutes === undefined ? Infinity : began + numberOf("minutes", given.minutes, 0) * 60_000;
  const from = numberOf("from", given.from, 0);
  const end = given.minutes === undefined ? from + numberOf("seeds", given.seeds, 1) : Infinity;
  const mostFailures = numberOf("most-failures", given["most-failures"], 1);
  const count = given.workers === undefined ? availableParallelism() : numberOf("workers", given.workers, 1);
  const tally = emptyTally();
  let next = from;
  const order = (): Order | undefined => {
    if (next >= end || performance.now() >= ends || tally.failures.length >= mostFailures) return undefined;
    const seeds = Math.min(HISTORIES_A_TURN, end - next);
    const turn = { from: next, seeds, mutation: given.mutation, setting };
    next += seeds;
    return turn;
  };
  await Promise.all(Array.from({ length: count }, () => work(order, tally)));
  report(tally, { seconds: (performance.now() - began) / 1000, workers: count });
  for (const { seed, invariant } of tally.failures.slice(0, mostFailures)) await explain(seed, invariant);
  process.exitCode = tally.failures.length === 0 ? 0 : 1;
}

async function work(order: () => Order | undefined, tally: Tally): Promise<void> {
  const hand = hire();
  try {
    for (let turn = order(); turn !== undefined; turn = order()) addTally(tally, await hand.live(turn));
  } finally {
    await hand.dismiss();
  }
}

async function explain(seed: number, invariant: string): Promise<void> {
  const seams = given.mutation === undefined ? asTheyAre : mutationOf(given.mutation).seams();
  const { kept, history, tries } = await shrink({ seed, seams, setting }, invariant);
  const plan = planOf(seed, setting);
  const lines = history.lines.filter((line) => !isRoutine(line));
  process.stdout.write(`\n── seed ${seed}: ${history.violation?.message ?? invariant}\n`);
  process.stdout.write(`cut down in ${tries} tries to ${kept.length} of ${plan.length} entries of its plan:\n`);
  for (const { at, deed } of only(plan, kept)) process.stdout.write(`  ${at / 1000} s: ${tellDeed(deed)}\n`);
  process.stdout.write("\n");
  say(lines.slice(-MOST_LINES));
  process.stdout.write(`\nplay it again: npm run simulate -- --seed ${seed} --keep ${kept.join(",")}`);
  const options = `${kind === "plain" ? "" : ` --${kind}`}${given.loose ? " --loose" : ""}${given.disks && kind !== "disks" ? " --disks" : ""}`;
  const more = `${options}${given.mutation === undefined ? "" : ` --mutation ${given.mutation}`}`;
  process.stdout.write(`${more}\n`);
}

function say(lines: readonly Line[]): void {
  for (const line of lines) process.stdout.write(`${print(line)}\n`);
}
