/**
 * Which replica acts: a Lease, taken and renewed by compare-and-set.
 *
 * ```
 *   following ──nobody holds it, or no renewal seen for 2 s──► take (compare-and-set) ──won──► leading ──renew, every 0.5 s──┐
 *       ▲                                                          └──lost──► following         ▲ │ ▲──────────────────────┘
 *       │                                                                 renewed after all ────┘ │ 2 s since the last renewal was sent
 *       └──────────────── another holds it, or 10 s without ◄────────────────────── suspended ◄───┘
 * ```
 *
 * Suspended, it does nothing, but forgets nothing either: where the API server is slow, the lease is mostly still its own,
 * and the next renewal proves that nobody has led meanwhile.
 *
 * Times are durations on each replica's own monotonic clock; wall clocks are never compared. A leader counts from before
 * it sent the renewal, a follower from when it saw it, so the leader always stops first. What a leader has on its way at
 * that moment may still arrive: every write of functions is a compare-and-set on the version that it was decided on, and
 * orders carry epoch and version, so an overtaken one is refused where it arrives.
 */
import type { Stored } from "#api/object.ts";
import { wait, type Clock } from "#events/clock.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { asFault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import { Lease } from "./kinds.ts";

/** A leader that is dead is missed for this long; a follower takes over within half a second more. */
const LEASE_MILLISECONDS = 2_000;
const RENEW_MILLISECONDS = 500;
/** A term that was suspended for longer begins anew: what was tried meanwhile may have been given up. */
const LONGEST_SUSPENSION_MILLISECONDS = 10_000;
/** On the Lease: addresses of the one who holds it, JSON of Holder. */
export const HOLDER_ANNOTATION = "virtive.dev/holder";

/** Where the leader is found. */
export interface Holder {
  readonly name: string;
  readonly address: string;
  readonly apiPort: number;
  readonly ingressPort: number;
}

/** The time in which this replica leads. */
export interface Term {
  /** False once the lease may be another's. */
  holds(): boolean;
  /** Aborts when the term ends for good: another leads, or it began anew. */
  readonly signal: AbortSignal;
}

export interface ElectionOptions {
  /** Short timeouts: a renewal that takes long is no renewal. */
  readonly cluster: Reader & Writer;
  readonly namespace: string;
  readonly name: string;
  readonly holder: () => Holder;
  /** Begins to act; must not fail. */
  readonly lead: (term: Term) => void;
  readonly clock: Clock;
  /** Milliseconds that never go back and do not stop in between. */
  readonly monotonic: () => number;
  readonly log: Log;
}

export interface Election {
  readonly leading: boolean;
  /** Who leads, as far as this replica has seen; itself included while it does. */
  leader(): Holder | undefined;
  /** Stops acting and gives the lease back, so that another takes over at once. */
  close(): Promise<void>;
}

/** Names one life of a replica: a container that is started anew has the same pod name. */
let lives = 0;

export function startElection(options: ElectionOptions): Election {
  const { cluster, namespace, name, clock, monotonic, log } = options;
  const identity = `${options.holder().name}_${process.pid}_${Date.now().toString(36)}_${(lives += 1)}`;
  const ending = new AbortController();
  /** The lease as it was seen last, and since when it is so. */
  let seen: { readonly lease: Stored<Lease> | undefined; readonly since: number } | undefined;
  let term: { readonly ended: AbortController; until: number; suspended: boolean } | undefined;

  function look(lease: Stored<Lease> | undefined): void {
    const news = seen === undefined || seen.lease?.metadata.resourceVersion !== lease?.metadata.resourceVersion;
    if (news) seen = { lease, since: monotonic() };
  }

  function holds(): boolean {
    return term !== undefined && monotonic() < term.until;
  }

  function won(until: number): void {
    if (term !== undefined && monotonic() - term.until > LONGEST_SUSPENSION_MILLISECONDS)
      lost("it was suspended for long");
    if (term !== undefined) {
      if (term.suspended) log.info({ identity }, "this replica leads on: the lease is renewed");
      term.until = until;
      term.suspended = false;
      return;
    }
    const mine = { ended: new AbortController(), until, suspended: false };
    term = mine;
    log.info({ identity }, "this replica leads");
    options.lead({ holds: () => term === mine && holds(), signal: mine.ended.signal });
  }

  function lost(why: string): void {
    if (term === undefined) return;
    log.warn({ identity }, `this replica leads no more: ${why}`);
    const { ended } = term;
    term = undefined;
    ended.abort();
  }

  function wish(lease: Stored<Lease> | undefined): Lease {
    const time = clock.now().toISOString().replace("Z", "000Z");
    const mine = lease?.spec?.holderIdentity === identity;
    const transitions = lease?.spec?.leaseTransitions ?? 0;
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: Lease.kind,
      metadata: {
        ...lease?.metadata,
        name,
        namespace,
        annotations: { ...lease?.metadata.annotations, [HOLDER_ANNOTATION]: JSON.stringify(options.holder()) },
      },
      spec: {
        ...lease?.spec,
        holderIdentity: identity,
        leaseDurationSeconds: LEASE_MILLISECONDS / 1000,
        renewTime: time,
        ...(mine ? {} : { acquireTime: time, leaseTransitions: lease === undefined ? 0 : transitions + 1 }),
      },
    };
  }

  /** Writes the lease as ours. @throws Fault */
  async function take(lease: Stored<Lease> | undefined): Promise<void> {
    const sent = monotonic();
    if (lease === undefined) {
      const { created, object } = await cluster.create(Lease, wish(undefined));
      look(object);
      if (created) won(sent + LEASE_MILLISECONDS);
      return;
    }
    look(await cluster.patch(Lease, lease, wish(lease), "object"));
    won(sent + LEASE_MILLISECONDS);
  }

  async function step(): Promise<void> {
    // Our own last write is the lease as it is, unless it was overtaken: then the write is refused as stale.
    if (term === undefined || seen === undefined) look(await cluster.get(Lease, { namespace, name }));
    if (seen === undefined) return;
    const { lease, since } = seen;
    const holder = lease?.spec?.holderIdentity;
    const free = holder === undefined || holder === "" || holder === identity;
    if (term === undefined && !free && monotonic() - since < LEASE_MILLISECONDS) return;
    await take(lease);
  }

  async function failed(thrown: unknown): Promise<void> {
    const fault = asFault(thrown);
    if (fault.kind !== "stale") {
      log.warn({ lease: name, reason: fault.reason }, `the lease can't be had: ${fault.message}`);
      return;
    }
    const lease = await cluster.get(Lease, { namespace, name }).catch(() => undefined);
    if (lease === undefined) {
      seen = undefined;
      return lost("the lease is gone");
    }
    look(lease);
    const { holderIdentity } = lease.spec ?? {};
    if (holderIdentity !== undefined && holderIdentity !== identity) lost(`${holderIdentity} holds the lease`);
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const began = monotonic();
      try {
        await step();
      } catch (thrown) {
        await failed(thrown);
      }
      const left = Math.min(RENEW_MILLISECONDS - (monotonic() - began), missedIn());
      await wait(clock, Math.max(left, RENEW_MILLISECONDS / 10), ending.signal);
    }
  }

  /** Milliseconds until another's lease will have gone unrenewed for too long: a follower looks at that very moment. */
  function missedIn(): number {
    const holder = seen?.lease?.spec?.holderIdentity;
    if (term !== undefined || seen === undefined || holder === undefined || holder === "") return Infinity;
    return seen.since + LEASE_MILLISECONDS - monotonic();
  }

  /** Requests may hang: that the lease is over is seen by the clock, whatever the loop above does. */
  async function guard(): Promise<void> {
    while (!ending.signal.aborted) {
      if (term !== undefined && !term.suspended && !holds()) {
        term.suspended = true;
        log.warn({ identity }, `suspended: the lease was not renewed within ${LEASE_MILLISECONDS} ms`);
      }
      const left = term === undefined || term.suspended ? RENEW_MILLISECONDS : term.until - monotonic();
      await wait(clock, Math.max(1, left), ending.signal);
    }
  }

  const running = run();
  const guarding = guard();

  return {
    get leading() {
      return holds();
    },
    leader() {
      const text = seen?.lease?.metadata.annotations?.[HOLDER_ANNOTATION];
      const id = seen?.lease?.spec?.holderIdentity;
      if (text === undefined || id === undefined || id === "" || (id === identity && !holds())) return undefined;
      try {
        return JSON.parse(text) as Holder;
      } catch {
        return undefined;
      }
    },
    async close() {
      ending.abort();
      await Promise.all([running, guarding]);
      if (term === undefined) return;
      lost("it ends");
      const lease = seen?.lease;
      if (lease === undefined) return;
      const free = { ...lease, spec: { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1 } };
      await cluster.patch(Lease, lease, free, "object").catch((thrown: unknown) => {
        log.warn({ lease: name, reason: asFault(thrown).reason }, "the lease could not be given back");
      });
    },
  };
}
