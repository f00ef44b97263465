/**
 * Cuts a failing history's plan down to what it needs to fail in the same way: entries are left out as long as the same
 * invariant is violated. What stays is told by its places in the seed's plan, so that it can be played again.
 */
import { live, type History, type HistoryOptions } from "./history.ts";
import { planOf, SETTING, type Planned } from "./plan.ts";

export interface Shrunk {
  /** Places in the seed's plan, from 0. */
  readonly kept: readonly number[];
  /** The history of these alone, told. */
  readonly history: History;
  /** Histories that were lived to find it. */
  readonly tries: number;
}

const MOST_TRIES = 400;

/** The plan's entries at these places. */
export function only(plan: readonly Planned[], kept: readonly number[]): readonly Planned[] {
  return kept.map((place) => plan[place]).filter((entry) => entry !== undefined);
}

export async function shrink(
  options: Omit<HistoryOptions, "plan" | "told">,
  invariant: string,
  places?: readonly number[],
): Promise<Shrunk> {
  const plan = planOf(options.seed, options.setting ?? SETTING);
  let kept = places ?? plan.map((_, place) => place);
  let tries = 0;
  const fails = async (candidate: readonly number[]): Promise<boolean> => {
    tries += 1;
    const { violation } = await live({ ...options, plan: only(plan, candidate) });
    return violation?.invariant === invariant;
  };
  for (let size = Math.ceil(kept.length / 2); size >= 1 && tries < MOST_TRIES;) {
    let cut = false;
    for (let from = 0; from < kept.length && tries < MOST_TRIES;) {
      const candidate = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (await fails(candidate)) {
        kept = candidate;
        cut = true;
      } else {
        from += size;
      }
    }
    if (size === 1 && !cut) break;
    if (!cut || size > 1) size = Math.max(1, Math.floor(size / 2));
  }
  return { kept, tries, history: await live({ ...options, plan: only(plan, kept), told: true }) };
}
