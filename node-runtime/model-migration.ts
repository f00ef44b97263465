/**
 * Both ends of a migration in the model, as libvirt's behave: copying that nobody watches any more goes on to its end and
 * leaves the guest halted; an incoming domain ends with the connection that made it; a daemon that dies ends what came in
 * and calls off what went out.
 */
import type { Random } from "#events/chance.ts";
import { wait, type Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import type { Incoming, MigrationFigures, Outgoing } from "./hypervisor.ts";

/** Domains that wait for a guest, by the socket that they listen on: one map for all nodes that can reach each other. */
export type ModelWires = Map<string, { loaded: boolean; postCopy?: PostCopySource }>;

/** The source of a guest that was switched to post-copy, as its target has it. */
interface PostCopySource {
  /** What is left can still be had there. */
  readonly alive: () => boolean;
  /** The target is gone. */
  readonly fail: () => void;
}

/** What a migration needs of the model's domains. */
export interface MigrationModel {
  readonly clock: Clock;
  readonly random: Random;
  readonly wires: ModelWires;
  /** Milliseconds that copying takes, at least and at most. */
  readonly copying: { readonly least: number; readonly most: number };
  /** A call that meets what befalls it. */
  call<T>(call: "migrateBegin" | "migrateConfirm" | "migratePrepare" | "migrateFinish", act: () => T): Promise<T>;
  readonly connected: () => boolean;
  readonly xml: () => string;
  readonly running: () => boolean;
  /** How likely its memory changes faster than it can be copied. */
  readonly outruns: () => number;
  readonly halt: (reason: "Migration" | "PostCopy") => void;
  readonly run: (reason: "Migrated" | "PostCopy") => void;
  /** Whether it is halted, or runs, for a post-copy that has not failed. */
  readonly inPostCopy: () => boolean;
  readonly postCopyOver: (how: "Migrated" | "PostCopyFailed") => void;
  /** After copying that failed while it was halted for it. */
  readonly goOn: () => void;
  readonly end: (how: "migrated" | "destroyed") => void;
  readonly round: (round: number) => void;
}

const ROUNDS = 8;
const MEBIBYTE = 1024 * 1024;
const MEMORY_BYTES = 128 * MEBIBYTE;
/** Of a guest that outruns its copying: what each round begins with, and how long it would take. */
const OUTRUN = { bytes: 10 * MEBIBYTE, bytesPerSecond: 10 * MEBIBYTE, leastMilliseconds: 1_000 } as const;
/** Standing still for so long, or slowed down so far, it can be copied all the same. */
const ENOUGH = { downtimeMilliseconds: 700, throttlePercent: 70 } as const;
const THROTTLE = { first: 20, step: 10 } as const;

export interface ModelJob {
  aborted: boolean;
  /** Outruns its copying until something is done about it. */
  outruns: boolean;
  round: number;
  remainingBytes: number;
  halted: boolean;
  postCopy: boolean;
  throttlePercent: number;
  downtimeMilliseconds: number;
}

export function modelOutgoing(model: MigrationModel, jobOf: { job: ModelJob | undefined }): Outgoing {
  let mayPostCopy = false;
  const must = (): ModelJob => {
    if (jobOf.job === undefined) throw new Fault("stale", "NotInThisState", "nothing is copied");
    return jobOf.job;
  };

  /** Until the next round, or the switch. @throws Fault when copying has ended */
  async function copyFor(job: ModelJob, milliseconds: number, listening: string): Promise<void> {
    await wait(model.clock, milliseconds);
    if (job.postCopy) return;
    if (job.aborted) throw new Fault("later", "OperationFailed", "the migration was aborted");
    if (!model.connected()) throw new Fault("later", "HypervisorDisconnected", "the connection is gone");
    if (!job.halted && !model.running()) throw new Fault("stale", "NotInThisState", "the domain does not run");
    if (!model.wires.has(listening)) throw new Fault("later", "OperationFailed", "nothing listens at the target");
  }

  async function copyAll(job: ModelJob, milliseconds: number, listening: string): Promise<void> {
    const beginRound = (remainingBytes: number): void => {
      job.round += 1;
      job.remainingBytes = remainingBytes;
      model.round(job.round);
    };
    for (let round = 0; round < ROUNDS && !job.postCopy; round += 1) {
      beginRound(Math.round(MEMORY_BYTES * (1 - round / ROUNDS)));
      await copyFor(job, milliseconds / ROUNDS, listening);
    }
    const span = Math.max(OUTRUN.leastMilliseconds, milliseconds / ROUNDS);
    while (job.outruns && !job.halted && !job.postCopy && !isEnough(job)) {
      if (job.throttlePercent > 0) job.throttlePercent += THROTTLE.step;
      beginRound(OUTRUN.bytes);
      await copyFor(job, span, listening);
    }
    if (!job.postCopy) job.remainingBytes = 0;
  }

  return {
    begin: () => model.call("migrateBegin", () => ({ xml: model.xml(), cookie: new Uint8Array([1]) })),
    async copy(_cookie, wire, { autoConverge, postCopy = false }) {
      if (jobOf.job !== undefined) throw new Fault("stale", "NotInThisState", "another job is under way");
      const { least, most } = model.copying;
      const milliseconds = least + model.random() * (most - least);
      const odds = model.outruns();
      const job: ModelJob = {
        aborted: false,
        outruns: odds > 0 && model.random() < odds,
        round: 0,
        remainingBytes: MEMORY_BYTES,
        halted: false,
        postCopy: false,
        throttlePercent: autoConverge ? THROTTLE.first : 0,
        downtimeMilliseconds: 300,
      };
      jobOf.job = job;
      mayPostCopy = postCopy;
      try {
        await copyAll(job, milliseconds, wire.memory);
      } catch (thrown) {
        if (job.halted && model.connected()) model.goOn();
        throw thrown;
      } finally {
        jobOf.job = undefined;
      }
      const incoming = model.wires.get(wire.memory);
      if (incoming !== undefined) incoming.loaded = true;
      if (job.postCopy) {
        const source = { alive: model.inPostCopy, fail: () => model.postCopyOver("PostCopyFailed") };
        if (incoming === undefined) source.fail();
        else incoming.postCopy = source;
      } else model.halt("Migration");
      return new Uint8Array([2]);
    },
    confirm: (_cookie, moved) =>
      model.call("migrateConfirm", () => {
        if (moved) model.end("migrated");
        else model.run("Migrated");
      }),
    figures: async () => (jobOf.job === undefined ? undefined : figures(jobOf.job)),
    async tune({ maxDowntimeMilliseconds }) {
      const job = must();
      job.downtimeMilliseconds = maxDowntimeMilliseconds ?? job.downtimeMilliseconds;
    },
    async halt() {
      must().halted = true;
      model.halt("Migration");
    },
    async startPostCopy() {
      const job = must();
      if (!mayPostCopy) throw new Fault("stale", "NotInThisState", "it was not begun for post-copy");
      job.postCopy = true;
      model.halt("PostCopy");
    },
    async abort() {
      if (jobOf.job?.postCopy === false) jobOf.job.aborted = true;
    },
    // Nobody looks after what is left any more.
    close: async () => model.postCopyOver("PostCopyFailed"),
  };
}

function isEnough({ downtimeMilliseconds, throttlePercent }: ModelJob): boolean {
  return downtimeMilliseconds >= ENOUGH.downtimeMilliseconds || throttlePercent >= ENOUGH.throttlePercent;
}

export function modelIncoming(
  model: MigrationModel,
  make: (xml: string, listening: string) => void,
): Incoming & { dropped(): void } {
  let listening: string | undefined;
  let finished = false;
  const drop = (): void => {
    if (listening === undefined || finished) return;
    model.wires.get(listening)?.postCopy?.fail();
    model.wires.delete(listening);
    listening = undefined;
    model.end("destroyed");
  };
  /** What is left of a guest in post-copy, whoever waits for it. */
  async function rest(source: PostCopySource): Promise<void> {
    const { least, most } = model.copying;
    for (let slice = 0; slice < ROUNDS; slice += 1) {
      await wait(model.clock, (least + model.random() * (most - least)) / ROUNDS);
      if (model.inPostCopy() && source.alive()) continue;
      source.fail();
      model.postCopyOver("PostCopyFailed");
      throw new Fault("stale", "ArrivalFailed", "what was left of its memory did not come");
    }
    model.postCopyOver("Migrated");
  }

  return {
    prepare: (xml, _cookie, wire) =>
      model.call("migratePrepare", () => {
        make(xml, wire.memory);
        listening = wire.memory;
        model.wires.set(wire.memory, { loaded: false });
        return { cookie: new Uint8Array([3]) };
      }),
    async finish(_cookie, name, arrived) {
      let follows: Promise<void> | undefined;
      const finish = () => {
        const there = model.xml() !== "";
        const loaded = there && listening !== undefined && model.wires.get(listening)?.loaded === true;
        if (!arrived || !loaded) {
          drop();
          if (!arrived) return { cookie: new Uint8Array() };
          throw new Fault("stale", "ArrivalFailed", `domain ${name} could not be let run: its memory is not there`);
        }
        finished = true;
        const source = listening === undefined ? undefined : model.wires.get(listening)?.postCopy;
        if (listening !== undefined) model.wires.delete(listening);
        model.run(source === undefined ? "Migrated" : "PostCopy");
        follows = source === undefined ? undefined : rest(source);
        follows?.catch(() => undefined); // it goes on, or fails, without anybody who waits for it
        return { cookie: new Uint8Array([4]), figures: { ...figures(undefined), downtimeMilliseconds: 50 } };
      };
      const answer = await model.call("migrateFinish", finish);
      await follows;
      return answer;
    },
    close: async () => drop(),
    dropped: drop,
  };
}

function figures(job: ModelJob | undefined): MigrationFigures {
  const { remainingBytes = 0, round = ROUNDS, throttlePercent = 0, outruns = false, halted = false } = job ?? {};
  return {
    elapsedMilliseconds: 0,
    totalBytes: MEMORY_BYTES,
    processedBytes: MEMORY_BYTES - remainingBytes,
    remainingBytes,
    memoryTotalBytes: MEMORY_BYTES,
    diskTotalBytes: 0,
    dirtyBytesPerSecond: outruns && !halted ? OUTRUN.bytesPerSecond : 0,
    bytesPerSecond: job === undefined ? 0 : OUTRUN.bytesPerSecond,
    iterations: round,
    throttlePercent,
  };
}
