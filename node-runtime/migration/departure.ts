/**
 * The source's end of a move. One rule stands above all others: once the target was asked to let the guest run, which is
 * on disk before it is asked, the guest runs here again only after the target has said that it never will there, or after
 * functions have proof of it.
 *
 * ```
 *              copy           on disk: asked        ran there
 *   copying ─────────► halted ──────────────► asked ──────────► moved: the domain ends here
 *      │ failed, called off                     │ never ran there, by its own word or by proof
 *      └──────────────► stayed ◄────────────────┘
 * ```
 * One that was switched to post-copy never runs here again, whatever is answered: next.ts ends what is halted so.
 */
import { wait } from "#events/clock.ts";
import { asFault, Fault } from "#events/fault.ts";
import type { MachineOrder, Move, MoveFigures, MoveMode } from "#events/machine.ts";
import type { Hypervisor, MigrationParameters, Outgoing } from "../hypervisor.ts";
import type { DriverPorts, Leaving, Notebook } from "../driver/ports.ts";
import { bytesOf, textOf } from "./arrival.ts";
import { POST_COPY_IMPOSSIBLE, type FinishAnswer, type PeerAddress } from "./peers.ts";
import { watchCopying, type Watched } from "./watch.ts";

const ASK_AGAIN_MS = 2_000;

export type DeparturePorts = Pick<DriverPorts, "peers" | "domain" | "directoryOf" | "facts" | "clock" | "log">;

export interface DepartureTelling {
  /** On disk when it resolves. */
  note(leaving: Leaving): Promise<void>;
  /** Progress is worth telling. */
  moving(): void;
}

export class Departure {
  readonly #ports: DeparturePorts;
  readonly #hypervisor: Pick<Hypervisor, "outgoing" | "abortJob" | "domain">;
  readonly #notebook: Notebook;
  readonly #telling: DepartureTelling;
  #figures: MoveFigures | undefined;
  #mode: MoveMode = "PreCopy";
  #watched: Watched | undefined;
  /** A migration whose copying this very process has under way. */
  #under: string | undefined;

  constructor(
    ports: DeparturePorts,
    hypervisor: Pick<Hypervisor, "outgoing" | "abortJob" | "domain">,
    notebook: Notebook,
    telling: DepartureTelling,
  ) {
    this.#ports = ports;
    this.#hypervisor = hypervisor;
    this.#notebook = notebook;
    this.#telling = telling;
  }

  get figures(): MoveFigures | undefined {
    return this.#figures;
  }

  get mode(): MoveMode {
    return this.#mode;
  }

  /** A round over the guest's memory has begun. */
  round(): void {
    this.#watched?.round();
  }

  /** Copying of an earlier process, or of a connection that was lost: it must be called off before anything else. */
  get stranded(): boolean {
    const { leaving } = this.#notebook.notes;
    return leaving?.state === "copying" && this.#under !== leaving.migration;
  }

  /** Driver's step. Answers whether the guest is gone from here; else it stays, or the notes say that it is not known. */
  async leave(order: MachineOrder, move: Move, signal: AbortSignal): Promise<boolean> {
    const { migration, to, url } = move;
    await this.#telling.note({ migration, state: "copying", to, url });
    this.#under = migration;
    this.#figures = undefined;
    this.#mode = "PreCopy";
    this.#telling.moving();
    try {
      return await this.#go(
        order,
        move,
        signal,
        move.parameters.postCopy === true && this.#ports.facts.postCopy === true,
      );
    } catch (thrown) {
      const fault = asFault(thrown);
      if (this.#notebook.notes.leaving?.state !== "copying") throw fault;
      this.#ports.log.warn({ uid: order.uid, migration, reason: fault.reason }, fault.message);
      // A connection that was lost leaves the copying to itself: it is found as stranded.
      if (fault.reason === "HypervisorDisconnected") return false;
      await this.#stay(migration, fault);
      return false;
    } finally {
      this.#under = undefined;
    }
  }

  /** Driver's step: ends copying that nobody watches. @throws Fault later */
  async abandon(order: MachineOrder, uuid: string): Promise<void> {
    const { leaving } = this.#notebook.notes;
    if (leaving?.state !== "copying") return;
    await this.#hypervisor.abortJob(uuid);
    await this.#stay(leaving.migration, new Fault("later", "CopyingLost", "the copying was cut short at its source"));
    this.#ports.log.info(
      { uid: order.uid, migration: leaving.migration },
      "copying that nobody watched was called off",
    );
  }

  /** Driver's step: asks the target again what became of the guest. Answers whether it has left. @throws Fault later */
  async settle(order: MachineOrder): Promise<boolean> {
    const { leaving } = this.#notebook.notes;
    if (leaving?.state !== "asked") return false;
    const proven = order.settled?.migration === leaving.migration ? order.settled.at : undefined;
    if (proven === "target") return true;
    if (proven === "source") {
      await this.#stay(
        leaving.migration,
        new Fault("later", "NeverArrived", "it never ran on the target: functions have proof"),
      );
      return false;
    }
    const { migration, to, cookie, postCopy } = leaving;
    // A runtime that was started again may listen elsewhere: functions say where.
    const url = order.move?.migration === migration ? order.move.url : leaving.url;
    if (to === undefined || url === undefined || cookie === undefined) {
      throw new Fault("bug", "TargetUnknown", `machine ${order.uid} was handed over, and its notes do not say to whom`);
    }
    const answer = await this.#ask({ claim: to, url, uid: order.uid }, migration, cookie, postCopy);
    if (!answer.ran) await this.#stay(migration, neverRan(answer));
    return answer.ran;
  }

  async #go(order: MachineOrder, move: Move, signal: AbortSignal, mayPostCopy: boolean): Promise<boolean> {
    const { peers, domain, directoryOf } = this.#ports;
    const at = addressOf(order, move);
    const disks = domain.copied(order);
    const parameters = parametersOf(move, disks, mayPostCopy);
    const outgoing = await this.#hypervisor.outgoing(domain.uuid(order));
    let tunnel: { close(): Promise<void> } | undefined;
    try {
      const begun = await outgoing.begin(parameters);
      const opened = await peers.tunnel(at, move.migration);
      tunnel = opened;
      const { migration, to } = move;
      const prepared = await peers.prepare(at, {
        migration,
        epoch: to.epoch,
        xml: begun.xml,
        directory: directoryOf(order.uid),
        cookie: textOf(begun.cookie),
        disks: [...disks],
        ...(mayPostCopy ? { postCopy: true } : {}),
      });
      const cookieIn = bytesOf(prepared.cookie);
      const { copied, postCopy } = await this.#copy(outgoing, cookieIn, opened.wire, parameters, move, signal);
      if (signal.aborted && postCopy === undefined) {
        await outgoing.confirm(copied, false, parameters);
        throw calledOff();
      }
      const cookie = textOf(copied);
      await this.#telling.note({ migration, state: "asked", to, url: move.url, cookie, postCopy });
      this.#telling.moving();
      const answer = await this.#askWhile(order, at, migration, cookie, postCopy);
      if (!answer.ran) {
        await this.#stay(migration, neverRan(answer));
        // What is there of it can only end.
        if (postCopy === undefined) await outgoing.confirm(bytesOf(answer.cookie), false, parameters);
        return false;
      }
      await outgoing.confirm(bytesOf(answer.cookie), true, parameters);
      return true;
    } catch (thrown) {
      if (!mayPostCopy || asFault(thrown).reason !== POST_COPY_IMPOSSIBLE) throw thrown;
    } finally {
      await Promise.allSettled([tunnel?.close(), outgoing.close()]);
    }
    // The target's node can't: it moves as it would without.
    return this.#go(order, move, signal, false);
  }

  async #copy(
    outgoing: Outgoing,
    cookie: Uint8Array,
    wire: Parameters<Outgoing["copy"]>[1],
    parameters: MigrationParameters,
    move: Move,
    signal: AbortSignal,
  ): Promise<{ readonly copied: Uint8Array; readonly postCopy: true | undefined }> {
    const watched = watchCopying({
      clock: this.#ports.clock,
      limits: () => {
        const wished = this.#notebook.notes.order.move;
        return wished?.migration === move.migration ? wished.parameters : move.parameters;
      },
      begun: parameters,
      outgoing,
      signal,
      told: (figures) => {
        this.#figures = figures;
        this.#telling.moving();
      },
      turned: ({ do: turn, because }, mode) => {
        const { uid } = this.#notebook.notes.order;
        this.#ports.log.info({ uid, migration: move.migration, turn }, because);
        this.#mode = mode;
        this.#telling.moving();
      },
    });
    this.#watched = watched;
    try {
      const copied = await outgoing.copy(cookie, wire, parameters);
      return { copied, postCopy: watched.postCopy ? true : undefined };
    } catch (thrown) {
      throw watched.because() ?? thrown;
    } finally {
      watched.end();
      this.#watched = undefined;
    }
  }

  /** In post-copy the answer takes as long as what is left, which must go on flowing: asked again until it has broken. */
  async #askWhile(
    order: MachineOrder,
    at: PeerAddress,
    migration: string,
    cookie: string,
    postCopy: true | undefined,
  ): Promise<FinishAnswer> {
    for (;;) {
      try {
        return await this.#ask(at, migration, cookie, postCopy);
      } catch (thrown) {
        if (postCopy === undefined || this.#notebook.notes.order.settled?.migration === migration) throw thrown;
        const domain = await this.#hypervisor.domain(this.#ports.domain.uuid(order));
        if (domain?.reason !== "PostCopy") throw thrown;
        await wait(this.#ports.clock, ASK_AGAIN_MS);
      }
    }
  }

  async #ask(at: PeerAddress, migration: string, cookie: string, postCopy: true | undefined): Promise<FinishAnswer> {
    const asked = { migration, epoch: at.claim.epoch, cookie, ...(postCopy === undefined ? {} : { postCopy }) };
    const answer = await this.#ports.peers.finish(at, asked);
    if (answer.figures !== undefined)
      this.#figures = { ...answer.figures, diskTotalBytes: this.#figures?.diskTotalBytes ?? 0 };
    return answer;
  }

  async #stay(migration: string, { reason, message }: Fault): Promise<void> {
    await this.#telling.note({
      migration,
      state: "stayed",
      reason: reason.slice(0, 128),
      message: message.slice(0, 2048),
    });
  }
}

function addressOf(order: MachineOrder, { to, url }: Move): PeerAddress {
  return { claim: to, url, uid: order.uid };
}

function parametersOf({ parameters }: Move, disks: readonly string[], postCopy: boolean): MigrationParameters {
  return {
    postCopy,
    disks,
    autoConverge: parameters.autoConverge ?? false,
    bandwidthBytesPerSecond: parameters.bandwidthBytesPerSecond,
  };
}

function neverRan({ reason, message }: FinishAnswer): Fault {
  return new Fault("later", reason ?? "TargetRefused", message ?? "the target did not let it run");
}

export function calledOff(): Fault {
  return new Fault("later", "CalledOff", "the move was called off");
}
