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
export type ModelWires = Map<string, { loaded: boolean }>;

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
  readonly halt: () => void;
  readonly run: () => void;
  readonly end: (how: "migrated" | "destroyed") => void;
}

const SLICES = 8;
const MEMORY_BYTES = 128 * 1024 * 1024;

export interface ModelJob {
  aborted: boolean;
}

export function modelOutgoing(model: MigrationModel, jobOf: { job: ModelJob | undefined }): Outgoing {
  let done = 0;
  return {
    begin: () => model.call("migrateBegin", () => ({ xml: model.xml(), cookie: new Uint8Array([1]) })),
    async copy(_cookie, wire) {
      const job: ModelJob = { aborted: false };
      if (jobOf.job !== undefined) throw new Fault("stale", "NotInThisState", "another job is under way");
      jobOf.job = job;
      const { least, most } = model.copying;
      const milliseconds = least + model.random() * (most - least);
      try {
        for (let slice = 0; slice < SLICES; slice += 1) {
          await wait(model.clock, milliseconds / SLICES);
          done = (slice + 1) / SLICES;
          if (job.aborted) throw new Fault("later", "OperationFailed", "the migration was aborted");
          if (!model.connected()) throw new Fault("later", "HypervisorDisconnected", "the connection is gone");
          if (!model.running()) throw new Fault("stale", "NotInThisState", "the domain does not run");
          if (!model.wires.has(wire.memory))
            throw new Fault("later", "OperationFailed", "nothing listens at the target");
        }
      } finally {
        jobOf.job = undefined;
      }
      model.halt();
      const incoming = model.wires.get(wire.memory);
      if (incoming !== undefined) incoming.loaded = true;
      return new Uint8Array([2]);
    },
    confirm: (_cookie, moved) =>
      model.call("migrateConfirm", () => {
        if (moved) model.end("migrated");
        else model.run();
      }),
    figures: async () => (jobOf.job === undefined ? undefined : figures(done)),
    async tune() {
      if (jobOf.job === undefined) throw new Fault("stale", "NotInThisState", "nothing is copied");
    },
    async abort() {
      if (jobOf.job !== undefined) jobOf.job.aborted = true;
    },
    close: async () => undefined,
  };
}

export function modelIncoming(
  model: MigrationModel,
  make: (xml: string, listening: string) => void,
): Incoming & { dropped(): void } {
  let listening: string | undefined;
  let finished = false;
  const drop = (): void => {
    if (listening === undefined || finished) return;
    model.wires.delete(listening);
    listening = undefined;
    model.end("destroyed");
  };
  return {
    prepare: (xml, _cookie, wire) =>
      model.call("migratePrepare", () => {
        make(xml, wire.memory);
        listening = wire.memory;
        model.wires.set(wire.memory, { loaded: false });
        return { cookie: new Uint8Array([3]) };
      }),
    finish: (_cookie, name, arrived) =>
      model.call("migrateFinish", () => {
        const there = model.xml() !== "";
        const loaded = there && listening !== undefined && model.wires.get(listening)?.loaded === true;
        if (!arrived || !loaded) {
          drop();
          if (!arrived) return { cookie: new Uint8Array() };
          throw new Fault("stale", "ArrivalFailed", `domain ${name} could not be let run: its memory is not there`);
        }
        finished = true;
        if (listening !== undefined) model.wires.delete(listening);
        model.run();
        return { cookie: new Uint8Array([4]), figures: { ...figures(1), downtimeMilliseconds: 50 } };
      }),
    close: async () => drop(),
    dropped: drop,
  };
}

function figures(done: number): MigrationFigures {
  const processed = Math.round(MEMORY_BYTES * done);
  return {
    elapsedMilliseconds: 0,
    totalBytes: MEMORY_BYTES,
    processedBytes: processed,
    remainingBytes: MEMORY_BYTES - processed,
    memoryTotalBytes: MEMORY_BYTES,
    diskTotalBytes: 0,
    dirtyBytesPerSecond: 0,
    bytesPerSecond: 0,
    iterations: 1,
    throttlePercent: 0,
  };
}
