/**
 * What befalls a history, drawn from its seed before it begins: what users do and what goes wrong, each at its time. A
 * list of plain data, so that a failing history can be cut down to the entries that it needs.
 */
import { seededRandom, type Random } from "#events/chance.ts";
import { watchedKinds } from "#functions/registry.ts";
import { SPELLS, type Spell } from "./weather.ts";

export const STRATEGIES = ["Always", "RerunOnFailure", "Manual", "Halted", "Once"] as const;
export type Strategy = (typeof STRATEGIES)[number];

export const VERBS = ["start", "stop", "restart", "pause", "unpause", "delete", "delete-instance", "evict"] as const;
export const GUEST_DEEDS = ["powerOff", "panic", "crash", "rebootByGuest", "failDisk"] as const;

/** A node's files after its runtime's end. */
export type Files = "kept" | "lost";

export type Deed =
  | { readonly do: "create"; readonly vm: string; readonly strategy: Strategy; readonly graceSeconds: number }
  | { readonly do: "edit"; readonly vm: string; readonly strategy: Strategy }
  | { readonly do: (typeof VERBS)[number]; readonly vm: string }
  /** Asks for a move to another node; calls off the one that is open. */
  | { readonly do: "migrate" | "call-off"; readonly vm: string }
  /** Users set a node aside, for good or for a while: a drain asks its guests to go, again and again, while it is cordoned. */
  | { readonly do: "cordon" | "drain" | "uncordon"; readonly aside: string }
  /** An operator's word that a node which does not answer is off. Planned with the outage that it is about. */
  | { readonly do: "confirm-off"; readonly aside: string }
  /** A DataVolume, a claim, or what fills DataVolumes: until it is there nobody does. */
  | { readonly do: "make-volume" | "make-claim" | "drop-claim" | "install-importer"; readonly disk: string }
  /** There is a migration policy for all instances, or none. */
  | { readonly do: "set-policy" | "drop-policy"; readonly policy: string }
  | { readonly do: "guest"; readonly vm: string; readonly what: (typeof GUEST_DEEDS)[number] }
  | { readonly do: "spell"; readonly spell: Spell; readonly node: string | undefined; readonly seconds: number }
  /** At once, or right after so many more of its writes have reached the API server. */
  | { readonly do: "kill-control"; readonly seconds: number; readonly afterWrites: number }
  /** Another control plane works at the same time: one that was replaced and does not know it. */
  | { readonly do: "second-control"; readonly seconds: number }
  /** Watches of these kinds tell the control plane nothing for so long. */
  | { readonly do: "lag"; readonly kinds: readonly string[]; readonly seconds: number }
  /**
   * A control plane that has followed takes over, `behind` seconds from now: of these kinds it knows what is there now, and is
   * told no more for so many seconds.
   */
  | { readonly do: "take-over"; readonly kinds: readonly string[]; readonly behind: number; readonly seconds: number }
  /** At once, or right after so many more changes of its node's domains. */
  | {
      readonly do: "kill-runtime";
      readonly node: string;
      readonly seconds: number;
      readonly files: Files;
      readonly afterChanges: number;
    }
  | { readonly do: "kill-libvirtd"; readonly node: string; readonly seconds: number }
  | { readonly do: "power-cycle"; readonly node: string; readonly seconds: number; readonly files: Files }
  /** A node is off for long; after so many seconds an operator says so, unless it is on again. */
  | {
      readonly do: "outage";
      readonly node: string;
      readonly seconds: number;
      readonly files: Files;
      readonly saidAfter: number;
    }
  | { readonly do: "freeze-node"; readonly node: string; readonly seconds: number }
  | { readonly do: "freeze-control"; readonly seconds: number }
  | { readonly do: "partition"; readonly node: string; readonly seconds: number }
  | { readonly do: "api-down"; readonly seconds: number }
  /** All watches end; with `compact` the server has also forgotten what came before. */
  | { readonly do: "watch-gap"; readonly compact: boolean }
  /** `who`: a node, or "control plane". */
  | { readonly do: "clock-jump"; readonly who: string; readonly seconds: number };

export interface Planned {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly deed: Deed;
}

export interface Setting {
  readonly vms: readonly string[];
  readonly nodes: readonly string[];
  readonly minutes: number;
  /** Users move guests between nodes, too. */
  readonly moves?: boolean;
  /** Events go through a broker that keeps no order and loses some, as Knative's may. */
  readonly loose?: boolean;
  /** And they drain nodes. */
  readonly drains?: boolean;
  /** Guests have disks that are claims: brought along, made by users, filled by CDI. */
  readonly disks?: boolean;
}

export const SETTING: Setting = { vms: ["web", "db", "mail"], nodes: ["node1", "node2"], minutes: 10 };
export const MOVING: Setting = { ...SETTING, moves: true };
export const DRAINING: Setting = { ...MOVING, drains: true };
export const STORING: Setting = { ...SETTING, disks: true };
/** By the option of the command line. */
export const SETTINGS = { plain: SETTING, moves: MOVING, drains: DRAINING, disks: STORING } as const;

/** The first deeds of a history create its VMs; all else comes in any order at any time. */
export function planOf(seed: number, setting: Setting = SETTING): readonly Planned[] {
  const random = seededRandom(seed ^ 0x5eed);
  const end = setting.minutes * 60_000;
  const some = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  const plan: Planned[] = setting.vms.map((vm) => ({
    at: Math.floor(random() * 20_000),
    deed: creation(vm, random, 0.6),
  }));
  // Some histories are calm and some are not: a bug may need many faults, or few in its way.
  const deeds = Math.round(some(6, 30) * (setting.minutes / 10));
  const faults = Math.round(some(0, 16) * (setting.minutes / 10));
  for (let count = 0; count < deeds; count += 1)
    plan.push({ at: Math.floor(random() * end), deed: userDeed(setting, random) });
  for (let count = 0; count < faults; count += 1)
    plan.push({ at: Math.floor(random() * end), deed: fault(setting, random) });
  plan.push(...lags(seed, setting));
  if (setting.moves === true) plan.push(...moves(seed, setting));
  if (setting.drains === true) plan.push(...drains(seed, setting), ...outages(seed, setting));
  if (setting.disks === true) plan.push(...disks(seed, setting));
  return plan.sort((one, other) => one.at - other.at);
}

/** Of a stream of chance of their own, as all that follows. */
function lags(seed: number, { minutes }: Setting): readonly Planned[] {
  const random = seededRandom(seed ^ 0x1a65);
  return Array.from({ length: Math.floor(random() * 3 * (minutes / 10)) }, (): Planned => {
    const at = Math.floor(random() * minutes * 60_000);
    const kinds = kindsBehind(random);
    if (random() < 0.5) return { at, deed: { do: "lag", kinds, seconds: seconds(random, 60) } };
    return { at, deed: { do: "take-over", kinds, behind: seconds(random, 60), seconds: seconds(random, 60) } };
  });
}

/** Mostly one watch of several. */
export function kindsBehind(random: Random): readonly string[] {
  const kinds = watchedKinds.map(({ kind }) => kind);
  const one = pick(kinds, random);
  return random() < 0.7 ? [one] : kinds.filter((kind) => kind === one || random() < 0.4);
}

/** Without them a seed's history is what it was. */
function moves(seed: number, { vms, minutes }: Setting): readonly Planned[] {
  const random = seededRandom(seed ^ 0x30e5);
  const count = Math.round((4 + random() * 16) * (minutes / 10));
  return Array.from({ length: count }, () => ({
    at: Math.floor(random() * minutes * 60_000),
    deed: { do: random() < 0.85 ? "migrate" : "call-off", vm: pick(vms, random) },
  }));
}

/** What becomes of guests that outrun their copying: called off, halted, or switched to post-copy. */
const POLICIES = ["slow", "halting", "post-copy"] as const;

/** Of one node a history, so that there is always another for what has to go; and policies. Of chance of their own, too. */
function drains(seed: number, { nodes, minutes }: Setting): readonly Planned[] {
  const random = seededRandom(seed ^ 0xd4a1);
  const aside = pick(nodes, random);
  const count = Math.round((2 + random() * 8) * (minutes / 10));
  const first = { at: 0, deed: { do: "set-policy", policy: POLICIES[seed % POLICIES.length] ?? "slow" } } as const;
  const rest = Array.from({ length: count }, (): Planned => {
    const at = Math.floor(random() * minutes * 60_000);
    const chance = random();
    // By the time, not by chance: without it a seed's history is what it was.
    const policy = POLICIES[at % POLICIES.length] ?? "slow";
    if (chance < 0.15) return { at, deed: { do: random() < 0.6 ? "set-policy" : "drop-policy", policy } };
    return { at, deed: { do: chance < 0.55 ? "drain" : chance < 0.7 ? "cordon" : "uncordon", aside } };
  });
  return [first, ...rest];
}

/** The DataVolume and the claim that guests name, and when they are made; see users.ts. */
export const OWN_VOLUME = "disk-db";
export const OWN_CLAIM = "disk-mail";

function disks(seed: number, { minutes }: Setting): readonly Planned[] {
  const random = seededRandom(seed ^ 0xd15c);
  const within = (seconds: number): number => Math.floor(random() ** 2 * seconds * 1000);
  const late = random() < 0.5 ? 0 : within(300);
  const plan: Planned[] = [
    { at: late, deed: { do: "install-importer", disk: "all" } },
    { at: late + within(120), deed: { do: "make-volume", disk: OWN_VOLUME } },
    { at: within(120), deed: { do: "make-claim", disk: OWN_CLAIM } },
  ];
  for (let count = Math.floor(random() * 6); count > 0; count -= 1) {
    const deed = { do: random() < 0.7 ? "make-claim" : "drop-claim", disk: OWN_CLAIM } as const;
    plan.push({ at: Math.floor(random() * minutes * 60_000), deed });
  }
  return plan;
}

function outages(seed: number, { nodes, minutes }: Setting): readonly Planned[] {
  const random = seededRandom(seed ^ 0x0ff5);
  return Array.from({ length: Math.floor(random() * 3) }, () => ({
    at: Math.floor(random() * minutes * 60_000),
    deed: {
      do: "outage",
      node: pick(nodes, random),
      seconds: 30 + seconds(random, 300),
      files: random() < 0.7 ? "kept" : "lost",
      saidAfter: 20 + Math.floor(random() * 60),
    },
  }));
}

function creation(vm: string, random: Random, always: number): Deed {
  const strategy = random() < always ? "Always" : pick(STRATEGIES, random);
  return { do: "create", vm, strategy, graceSeconds: pick([0, 5, 30], random) };
}

function userDeed({ vms }: Setting, random: Random): Deed {
  const vm = pick(vms, random);
  const chance = random();
  if (chance < 0.2) return creation(vm, random, 0.5);
  if (chance < 0.35) return { do: "edit", vm, strategy: pick(STRATEGIES, random) };
  if (chance < 0.5) return { do: "guest", vm, what: pick(GUEST_DEEDS, random) };
  return { do: pick(VERBS, random), vm };
}

type Faults = { readonly [D in Deed["do"]]?: (setting: Setting, random: Random) => Extract<Deed, { do: D }> };

const seconds = (random: Random, most: number): number => Math.ceil(random() ** 2 * most);

const FAULTS = {
  "spell": ({ nodes }, random) => ({
    do: "spell",
    spell: pick(SPELLS, random),
    node: random() < 0.5 ? pick(nodes, random) : undefined,
    seconds: seconds(random, 120),
  }),
  "kill-control": (_, random) => ({
    do: "kill-control",
    seconds: seconds(random, 60),
    afterWrites: random() < 0.7 ? 1 + Math.floor(random() * 12) : 0,
  }),
  "second-control": (_, random) => ({ do: "second-control", seconds: seconds(random, 60) }),
  "kill-runtime": ({ nodes }, random) => ({
    do: "kill-runtime",
    node: pick(nodes, random),
    seconds: seconds(random, 60),
    files: random() < 0.8 ? "kept" : "lost",
    afterChanges: random() < 0.6 ? 1 + Math.floor(random() * 4) : 0,
  }),
  "kill-libvirtd": ({ nodes }, random) => ({
    do: "kill-libvirtd",
    node: pick(nodes, random),
    seconds: seconds(random, 40),
  }),
  "power-cycle": ({ nodes }, random) => ({
    do: "power-cycle",
    node: pick(nodes, random),
    seconds: seconds(random, 90),
    files: random() < 0.7 ? "kept" : "lost",
  }),
  "freeze-node": ({ nodes }, random) => ({
    do: "freeze-node",
    node: pick(nodes, random),
    seconds: seconds(random, 120),
  }),
  "freeze-control": (_, random) => ({ do: "freeze-control", seconds: seconds(random, 60) }),
  "partition": ({ nodes }, random) => ({ do: "partition", node: pick(nodes, random), seconds: seconds(random, 200) }),
  "api-down": (_, random) => ({ do: "api-down", seconds: seconds(random, 60) }),
  "watch-gap": (_, random) => ({ do: "watch-gap", compact: random() < 0.5 }),
  "clock-jump": ({ nodes }, random) => ({
    do: "clock-jump",
    who: pick([...nodes, "control plane"], random),
    seconds: Math.round((random() * 2 - 1) * 60),
  }),
} as const satisfies Faults;

/** Deeds that leave the control plane and the API server as they are. */
export const ABOUT_NODES: ReadonlySet<Deed["do"]> = new Set([
  "partition",
  "power-cycle",
  "outage",
  "kill-runtime",
  "kill-libvirtd",
  "freeze-node",
]);

/** Kinds of faults, spells the most. */
const KINDS: readonly (keyof typeof FAULTS)[] = [
  "spell",
  "spell",
  "spell",
  ...(Object.keys(FAULTS) as (keyof typeof FAULTS)[]),
];

function fault(setting: Setting, random: Random): Deed {
  return FAULTS[pick(KINDS, random)](setting, random);
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)] as T;
}

/** As a story tells it. */
export function tellDeed(deed: Deed): string {
  const { do: what, ...more } = deed;
  const details = Object.entries(more)
    .filter(([, value]) => value !== undefined && value !== 0)
    .map(([name, value]) => `${name} ${String(value)}`);
  return [what, ...details].join(", ");
}
