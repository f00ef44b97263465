/** Lives histories for main.ts, in a thread of its own. */
import { parentPort } from "node:worker_threads";
import { live } from "./history.ts";
import { mutationOf } from "./mutations.ts";
import type { Setting } from "./plan.ts";
import { asTheyAre } from "./seams.ts";
import { addHistory, emptyTally, type Tally } from "./tally.ts";

export interface Order {
  readonly from: number;
  readonly seeds: number;
  readonly mutation: string | undefined;
  readonly setting: Setting;
}

export type Told = Tally;

/** Faults are part of every history, and nobody reads where they were made. */
Error.stackTraceLimit = 0;

parentPort?.on("message", (order: Order) => void perform(order));

async function perform({ from, seeds, mutation, setting }: Order): Promise<void> {
  const tally = emptyTally();
  const before = process.threadCpuUsage();
  for (let seed = from; seed < from + seeds; seed += 1) {
    const seams = mutation === undefined ? asTheyAre : mutationOf(mutation).seams();
    addHistory(tally, seed, await live({ seed, seams, setting }));
  }
  const { user, system } = process.threadCpuUsage(before);
  tally.cpuSeconds = (user + system) / 1e6;
  parentPort?.postMessage(tally);
}
