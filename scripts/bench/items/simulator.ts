/**
 * Histories that the simulator lives in a second of one core (test/simulation): three machines, two nodes, ten minutes of
 * their time. Beside it, in turns, what such a core does of a plain thing: a machine that others use as well changes its pace.
 */
import { hire } from "../../../test/simulation/crew.ts";
import { SETTING } from "../../../test/simulation/plan.ts";
import { sampled } from "../figure.ts";
import type { BenchItem } from "../item.ts";
import { virtualMachine } from "../objects.ts";
import { summarize } from "../samples.ts";

/** Until the engine has compiled what they take most often. */
const WARM_UP_HISTORIES = 200;
const HISTORIES_A_ROUND = 20;
const TEXTS_A_ROUND = 20_000;

export const simulator: BenchItem = {
  name: "simulator",
  about: "histories that the simulator lives in a second of CPU, beside manifests written and read as JSON",
  quick: true,
  mostSeconds: 300,
  async run({ quick, rounds = quick ? 5 : 25, signal }) {
    const hand = hire();
    const rates: number[] = [];
    const texts: number[] = [];
    let from = 1;
    const live = async (seeds: number): Promise<number> => {
      const told = await hand.live({ from, seeds, mutation: undefined, setting: SETTING });
      from += seeds;
      const [failure] = told.failures;
      if (failure !== undefined) throw new Error(`seed ${failure.seed}: ${failure.message}`);
      return seeds / told.cpuSeconds;
    };
    try {
      await live(WARM_UP_HISTORIES);
      writtenAndRead();
      for (let round = 0; round < rounds; round += 1) {
        signal.throwIfAborted();
        rates.push(await live(HISTORIES_A_ROUND));
        texts.push(writtenAndRead());
      }
    } finally {
      await hand.dismiss();
    }
    const baseline = summarize(texts);
    return [
      sampled(
        {
          name: "histories",
          title: "histories, a second of one core",
          unit: "1/s",
          better: "more",
          baseline: { title: "manifests of a VM written and read as JSON", value: baseline.median, samples: baseline },
          promise: { of: "value", at: "least", limit: 30 },
        },
        summarize(rates),
      ),
    ];
  },
};

/** A second of CPU. */
function writtenAndRead(): number {
  const manifest = virtualMachine(1);
  const before = process.cpuUsage();
  for (let text = 0; text < TEXTS_A_ROUND; text += 1) JSON.parse(JSON.stringify(manifest));
  const { user, system } = process.cpuUsage(before);
  return TEXTS_A_ROUND / ((user + system) / 1e6);
}
