/**
 * The weather of a history: how long things take and what befalls calls, all drawn from one seeded stream. Faults come
 * in spells: a spell makes one kind of misfortune likely for a while; without spells every call works.
 */
import { seededRandom, type Random } from "#events/chance.ts";

/** What a spell makes likely. */
export const SPELLS = [
  "api-errors", // 429, 500 and conflicts that nobody made
  "api-timeouts", // no answer; the write was done, or not
  "slow-api",
  "orders-lost", // or their answers
  "orders-doubled", // the second one arrives late
  "slow-orders",
  "reports-lost", // or their answers
  "reports-doubled",
  "slow-reports",
  "hypervisor-fails",
  "hypervisor-hangs",
  "hypervisor-loses-answers",
  "disks-fail", // volumes and links can't be prepared
  "disk-full", // of the node's records
] as const;
export type Spell = (typeof SPELLS)[number];

export interface Weather {
  readonly random: Random;
  begin(spell: Spell, where: string | undefined): void;
  end(spell: Spell, where: string | undefined): void;
  /** All spells end, and nothing befalls any more. */
  clear(): void;
  readonly over: boolean;
  /** What was held up arrives at this time of the scheduler. */
  holdsUntil(at: number): void;
  /** By then all that was held up has arrived. */
  readonly heldUntil: number;
  /** Whether the spell strikes this call, where it is about a node: there. Counted when it does. */
  strikes(spell: Spell, likelihood: number, where?: string): boolean;
  /** Milliseconds that a message or a call takes. */
  latency(slow: Spell, where?: string): number;
  /** Chance of one in `of`. */
  oneIn(of: number): boolean;
  between(least: number, most: number): number;
  pick<T>(list: readonly T[]): T;
  readonly struck: Readonly<Record<string, number>>;
}

export function createWeather(seed: number): Weather {
  const random = seededRandom(seed);
  const spells = new Map<string, number>();
  const struck: Record<string, number> = {};
  let over = false;
  let heldUntil = 0;
  const nameOf = (spell: Spell, where: string | undefined): string =>
    where === undefined ? spell : `${spell} ${where}`;
  const blows = (spell: Spell, where: string | undefined): boolean =>
    spells.size > 0 && (spells.has(spell) || (where !== undefined && spells.has(`${spell} ${where}`)));

  const weather: Weather = {
    random,
    struck,
    begin(spell, where) {
      const name = nameOf(spell, where);
      spells.set(name, (spells.get(name) ?? 0) + 1);
    },
    end(spell, where) {
      const name = nameOf(spell, where);
      const left = (spells.get(name) ?? 0) - 1;
      if (left > 0) spells.set(name, left);
      else spells.delete(name);
    },
    clear() {
      over = true;
      spells.clear();
    },
    get over() {
      return over;
    },
    holdsUntil(at) {
      heldUntil = Math.max(heldUntil, at);
    },
    get heldUntil() {
      return heldUntil;
    },
    strikes(spell, likelihood, where) {
      if (!blows(spell, where) || random() >= likelihood) return false;
      struck[spell] = (struck[spell] ?? 0) + 1;
      return true;
    },
    latency(slow, where) {
      const usual = 0.2 + 4 * random() ** 3;
      return blows(slow, where) ? usual + 3000 * random() ** 4 : usual;
    },
    oneIn: (of) => random() * of < 1,
    between: (least, most) => least + random() * (most - least),
    pick: <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T,
  };
  return weather;
}
