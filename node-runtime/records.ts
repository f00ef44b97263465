/**
 * What the runtime keeps of its machines on disk, so that it finds them again and so that a late or repeated order can
 * never undo a newer one: `machines/UID/record.json` while the machine is known, and `epochs.log` for those that were
 * forgotten. A new order is written before anything is done about it.
 *
 * All of it counts for one life of the node (boot-identity.ts): what is noted says nothing once guests have ended with
 * the power, so nothing is synced, and what a power cut has torn is dropped when the next life begins.
 */
import { join } from "node:path";
import { z } from "zod";
import { rfc3339 } from "#api/object.ts";
import type { Clock } from "#events/clock.ts";
import { asFault, Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import { Claim, Exit, MachineOrder } from "#events/machine.ts";
import type { Notebook, Notes } from "./driver/ports.ts";
import type { Disk } from "./disk.ts";

const StoredNotes = z.looseObject({
  order: MachineOrder,
  acceptedAt: z.string(),
  mayHaveRun: z.boolean(),
  shutdownAskedAt: z.string().optional(),
  exit: Exit.optional(),
  leaving: z
    .object({
      migration: z.string(),
      state: z.enum(["copying", "asked", "stayed"]),
      to: Claim.optional(),
      url: z.string().optional(),
      cookie: z.string().optional(),
      postCopy: z.literal(true).optional(),
      reason: z.string().optional(),
      message: z.string().optional(),
    })
    .optional(),
  stoppedAt: z.string().optional(),
  sequenceCeiling: z.int().min(0),
});

const RECORD = "record.json";
const UNREADABLE = "record.unreadable";
/** What ends with the node's life needs not outlive a power cut. */
const OF_THIS_LIFE = { lasting: false } as const;

/** A line of epochs.log. */
const Forgotten = z.object({ uid: z.string(), epoch: z.int().min(1), bootID: z.string(), sequence: z.int().min(0) });
type Forgotten = z.infer<typeof Forgotten>;

export interface RecordsOptions {
  readonly directory: string;
  readonly node: string;
  readonly bootID: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
}

/** - `new`: a run begins (first order, or a higher epoch after the last run ended)
 *  - `changed`: a newer wish for the run, or a higher epoch that takes it over
 *  - `same`: nothing new */
export type Admitted = "new" | "changed" | "same";

/**
 * What nobody claims any more is ordered off by one who knows its claim alone. What it is stays on record: its domain is
 * found by it, and its pod is in use until it has ended.
 */
function asKnown(order: MachineOrder, known: MachineOrder): MachineOrder {
  if (order.anchor.podUID !== "") return order;
  const { anchor, spec, files, diskBytes } = known;
  return { ...order, anchor, spec, files, ...(diskBytes === undefined ? {} : { diskBytes }) };
}

export class Records {
  readonly #options: RecordsOptions;
  readonly #notebooks = new Map<string, FileNotebook>();
  readonly #forgotten = new Map<string, Forgotten>();
  readonly #unreadable = new Set<string>();
  /** Orders of one machine are admitted one after the other. */
  readonly #admitting = new Map<string, Promise<unknown>>();

  private constructor(options: RecordsOptions) {
    this.#options = options;
  }

  /**
   * Reads what an earlier run left. A record that can't be read is set aside under another name, never deleted: its
   * machine's domain is then one that no record knows.
   */
  static async open(options: RecordsOptions): Promise<Records> {
    const records = new Records(options);
    await records.#readForgotten();
    const machines = join(options.directory, "machines");
    for (const uid of await options.disk.names(machines)) await records.#readMachine(join(machines, uid), uid);
    return records;
  }

  /**
   * When a life of the node begins: drops what earlier ones left that can't be read. Nothing of theirs runs, and their
   * epochs are refused by their boot id. @throws Fault later
   */
  static async dropUnreadable({
    directory,
    disk,
    log,
  }: Pick<RecordsOptions, "directory" | "disk" | "log">): Promise<void> {
    const machines = join(directory, "machines");
    for (const uid of await disk.names(machines)) {
      const text = await disk.read(join(machines, uid, RECORD));
      if (text !== undefined && StoredNotes.safeParse(parse(text)).success) continue;
      log.warn({ uid }, "drops what is left of a machine of an earlier boot: its record can't be read");
      await disk.remove(join(machines, uid));
    }
  }

  /** Everything that the machine has on this node lives here. */
  directoryOf(uid: string): string {
    return join(this.#options.directory, "machines", uid);
  }

  all(): readonly Notebook[] {
    return [...this.#notebooks.values()];
  }

  notebook(uid: string): Notebook | undefined {
    return this.#notebooks.get(uid);
  }

  /** The highest epoch that was ever taken for the machine in this boot of the node; 0 when there was none. */
  highestEpoch(uid: string): number {
    return this.#notebooks.get(uid)?.notes.order.claim.epoch ?? this.#forgotten.get(uid)?.epoch ?? 0;
  }

  /**
   * Whether the order's claim is the newest that was taken, and of this boot of the node: after another boot, others may
   * have the proof that nothing of it runs here. Answered from memory: what counts is on disk.
   */
  holds({ uid, claim }: MachineOrder): boolean {
    return this.highestEpoch(uid) === claim.epoch && claim.bootID === this.#options.bootID;
  }

  /**
   * Takes an order, durably, or says why not.
   * @throws Fault stale NodeMismatch, BootIDMismatch, EpochTooOld, VersionTooOld; later DiskFull, StillEnding,
   *   RecordUnreadable
   */
  admit(order: MachineOrder): Promise<Admitted> {
    return this.#oneAtATime(order.uid, () => this.#admit(order));
  }

  /**
   * Drops what is kept of the machine's run, but for its epoch. A run that an order has begun since is another one's: then
   * nothing is done, and it answers false. @throws Fault later
   */
  forget(uid: string, epoch: number): Promise<boolean> {
    return this.#oneAtATime(uid, async () => {
      const notebook = this.#notebooks.get(uid);
      if (notebook === undefined) return true;
      if (notebook.notes.order.claim.epoch !== epoch) return false;
      const { order, sequenceCeiling } = notebook.notes;
      const line = { uid, epoch: order.claim.epoch, bootID: this.#options.bootID, sequence: sequenceCeiling };
      // On a line of its own also where a full disk has cut off the one before.
      await this.#options.disk.append(this.#epochsPath, `\n${JSON.stringify(line)}\n`, OF_THIS_LIFE);
      this.#forgotten.set(uid, line);
      this.#notebooks.delete(uid);
      await this.#options.disk.remove(this.directoryOf(uid));
      return true;
    });
  }

  async #admit(order: MachineOrder): Promise<Admitted> {
    this.#mustBeForUs(order);
    if (this.#unreadable.has(order.uid)) {
      const message = `the record of machine ${order.uid} can't be read, so its highest epoch is not known; see ${this.directoryOf(order.uid)}`;
      throw new Fault("later", "RecordUnreadable", message, { retryAfterSeconds: 60 });
    }
    const epoch = this.highestEpoch(order.uid);
    if (order.claim.epoch < epoch) {
      throw new Fault(
        "stale",
        "EpochTooOld",
        `claim.epoch is ${order.claim.epoch}; ${epoch} was taken already for machine ${order.uid}`,
      );
    }
    const notebook = this.#notebooks.get(order.uid);
    if (notebook === undefined) {
      // Off starts nothing; taken, it is the node's word that the run is over, for whoever still believes in it.
      if (order.claim.epoch === epoch && order.desired !== "off") {
        throw new Fault(
          "stale",
          "EpochTooOld",
          `claim.epoch is ${epoch}; machine ${order.uid} ran and was forgotten under it`,
        );
      }
      await this.#begin(order, this.#forgotten.get(order.uid)?.sequence ?? 0);
      return "new";
    }
    const { notes } = notebook;
    if (order.claim.epoch > epoch) {
      if (notes.stoppedAt !== undefined) {
        await this.#begin(order, notes.sequenceCeiling);
        return "new";
      }
      // What comes from another node is a run of its own: it never takes over what is still here.
      if (notes.exit !== undefined || order.desired === "incoming") {
        const message = `machine ${order.uid} still ends its run of epoch ${epoch}`;
        throw new Fault("later", "StillEnding", message, { retryAfterSeconds: 1 });
      }
      await notebook.write({ order: asKnown(order, notes.order) });
      return "changed";
    }
    if (isOlder(order.version, notes.order.version)) {
      throw new Fault(
        "stale",
        "VersionTooOld",
        `version is ${order.version}; ${notes.order.version} was taken already for machine ${order.uid}`,
      );
    }
    const taken = asKnown(order, notes.order);
    if (JSON.stringify(taken) === JSON.stringify(notes.order)) return "same";
    await notebook.write({ order: taken });
    return "changed";
  }

  #mustBeForUs(order: MachineOrder): void {
    const { node, bootID } = this.#options;
    if (order.claim.node !== node) {
      throw new Fault("stale", "NodeMismatch", `claim.node is ${order.claim.node}; this node is ${node}`);
    }
    if (order.claim.bootID !== bootID) {
      throw new Fault(
        "stale",
        "BootIDMismatch",
        `claim.bootID is ${order.claim.bootID}; this boot of node ${node} is ${bootID}`,
      );
    }
  }

  async #begin(order: MachineOrder, sequenceCeiling: number): Promise<void> {
    const { disk, clock } = this.#options;
    const acceptedAt = rfc3339(clock.now());
    const notebook = new FileNotebook(disk, join(this.directoryOf(order.uid), RECORD), {
      order,
      acceptedAt,
      mayHaveRun: false,
      sequenceCeiling,
    });
    await notebook.write({});
    this.#notebooks.set(order.uid, notebook);
  }

  async #readMachine(directory: string, uid: string): Promise<void> {
    const { disk, log } = this.#options;
    const path = join(directory, RECORD);
    const text = await disk.read(path);
    if ((await disk.read(join(directory, UNREADABLE))) !== undefined) {
      this.#unreadable.add(uid);
      return;
    }
    if (text === undefined) {
      // The process ended between the directory and its record: nothing was done for it yet.
      await disk.remove(directory);
      return;
    }
    const parsed = StoredNotes.safeParse(parse(text));
    if (parsed.success) {
      this.#notebooks.set(uid, new FileNotebook(disk, path, parsed.data));
      return;
    }
    log.error(
      { uid, path, problem: z.prettifyError(parsed.error) },
      "a machine's record can't be read and is set aside",
    );
    this.#unreadable.add(uid);
    await disk.replace(join(directory, UNREADABLE), text);
    await disk.remove(path);
  }

  /**
   * Orders of an earlier boot of the node are refused by their boot id, so its epochs need not be kept: the file is
   * written anew at each start with those of this boot.
   */
  async #readForgotten(): Promise<void> {
    const { disk, bootID, log } = this.#options;
    const text = (await disk.read(this.#epochsPath)) ?? "";
    for (const line of text.split("\n")) {
      const parsed = Forgotten.safeParse(parse(line));
      // A line that was cut off by a crash was not acknowledged.
      if (parsed.success && parsed.data.bootID === bootID) this.#forgotten.set(parsed.data.uid, parsed.data);
    }
    const kept = [...this.#forgotten.values()].map((line) => `${JSON.stringify(line)}\n`).join("");
    if (kept === text) return;
    await disk.replace(this.#epochsPath, kept).catch((thrown: unknown) => {
      // Only tidying: guests need their runtime on a full disk, too.
      log.warn({ path: this.#epochsPath, reason: asFault(thrown).reason }, "epochs of earlier boots are kept");
    });
  }

  get #epochsPath(): string {
    return join(this.#options.directory, "epochs.log");
  }

  async #oneAtATime<T>(uid: string, act: () => Promise<T>): Promise<T> {
    const before = this.#admitting.get(uid) ?? Promise.resolve();
    const mine = before.then(act, act);
    this.#admitting.set(uid, mine);
    try {
      return await mine;
    } finally {
      if (this.#admitting.get(uid) === mine) this.#admitting.delete(uid);
    }
  }
}

class FileNotebook implements Notebook {
  readonly #disk: Disk;
  readonly #path: string;
  #notes: Notes;
  #writing: Promise<void> = Promise.resolve();

  constructor(disk: Disk, path: string, notes: Notes) {
    this.#disk = disk;
    this.#path = path;
    this.#notes = notes;
  }

  get notes(): Notes {
    return this.#notes;
  }

  /** In order; the notes change only once they are written. */
  write(changes: Partial<Notes>): Promise<void> {
    const write = async (): Promise<void> => {
      const notes = { ...this.#notes, ...changes };
      await this.#disk.replace(this.#path, JSON.stringify(notes), OF_THIS_LIFE);
      this.#notes = notes;
    };
    const mine = this.#writing.then(write, write);
    this.#writing = mine.catch(() => {}); // the writer of it tells
    return mine;
  }
}

/** Versions are decimal numbers of any length. */
function isOlder(version: string, than: string): boolean {
  return BigInt(version) < BigInt(than);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
