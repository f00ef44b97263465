/**
 * The two ends of a live migration over libvirt, step by step (its protocol version 3, driven by us): the source's
 * daemon and the target's never talk to each other, and no step that decides who runs the guest is libvirt's to guess.
 *
 * Each end has a connection of its own. When it is lost, libvirt clears up: an incoming domain ends, a source that has
 * handed its memory over stays halted. That is what a runtime that comes back has to find.
 */
import { Fault } from "#events/fault.ts";
import type {
  Incoming,
  MigrationFigures,
  MigrationParameters,
  MigrationTuning,
  Outgoing,
  Wire,
} from "../hypervisor.ts";
import { connect, type Connection, type ConnectionOptions } from "./connection.ts";
import { disconnected, faultOf, LibvirtError } from "./error.ts";
import { figuresOf } from "./job-stats.ts";
import { JOB_STATS_COMPLETED, migrateFlag } from "./numbers.ts";
import type { NonnullDomain, TypedParam } from "./protocol.gen.ts";

const SHORT_MS = 30_000;
/** The target starts QEMU. */
const PREPARE_MS = 60_000;
/** Copying ends by its own limits, which its caller keeps; this one is only there to be finite. */
const COPY_MS = 7 * 24 * 3_600_000;
const SWITCH_MS = 60_000;
const MEBIBYTE = 1024 * 1024;
/** MiB a second: more than any memory gives. libvirt's call takes no word for "no limit". */
const NO_LIMIT = 1024n * 1024n;

/** Times and logs a step, and names its error `cannot ${doing}`. */
export type Perform = <T>(doing: string, work: () => Promise<T>) => Promise<T>;

export async function openOutgoing(options: ConnectionOptions, uuid: string, perform: Perform): Promise<Outgoing> {
  const connection = await connect(options);
  try {
    const { dom } = await connection.call("domainLookupByUuid", { uuid });
    return new OverLibvirtOutgoing(connection, dom, perform);
  } catch (error) {
    connection.destroy(disconnected("no migration was begun"));
    throw faultOf(error, `cannot begin to migrate domain ${uuid}`);
  }
}

export async function openIncoming(options: ConnectionOptions, perform: Perform): Promise<Incoming> {
  return new OverLibvirtIncoming(await connect(options), perform);
}

class OverLibvirtOutgoing implements Outgoing {
  readonly #connection: Connection;
  readonly #dom: NonnullDomain;
  readonly #perform: Perform;

  constructor(connection: Connection, dom: NonnullDomain, perform: Perform) {
    this.#connection = connection;
    this.#dom = dom;
    this.#perform = perform;
  }

  begin(parameters: MigrationParameters): Promise<{ readonly xml: string; readonly cookie: Uint8Array }> {
    return this.#step("begin to migrate", async () => {
      const params = sourceParams(parameters);
      const flags = flagsOf(parameters);
      const { xml, cookieOut } = await this.#connection.call(
        "domainMigrateBegin3Params",
        { dom: this.#dom, params, flags },
        SHORT_MS,
      );
      return { xml, cookie: cookieOut };
    });
  }

  copy(cookie: Uint8Array, wire: Wire, parameters: MigrationParameters): Promise<Uint8Array> {
    return this.#step("copy", async () => {
      const params = [...sourceParams(parameters), ...wireParams(wire, parameters)];
      const { cookieOut } = await this.#connection.call(
        "domainMigratePerform3Params",
        { dom: this.#dom, params, cookieIn: cookie, flags: flagsOf(parameters) },
        COPY_MS,
      );
      return cookieOut;
    });
  }

  confirm(cookie: Uint8Array, moved: boolean, parameters: MigrationParameters): Promise<void> {
    return this.#step(moved ? "let go of" : "keep", async () => {
      await this.#connection.call(
        "domainMigrateConfirm3Params",
        { dom: this.#dom, params: [], cookieIn: cookie, flags: flagsOf(parameters), cancelled: moved ? 0 : 1 },
        SWITCH_MS,
      );
    });
  }

  async figures(): Promise<MigrationFigures | undefined> {
    const { type, params } = await this.#connection.call("domainGetJobStats", { dom: this.#dom, flags: 0 }, SHORT_MS);
    return type === 0 ? undefined : figuresOf(params);
  }

  tune({ bandwidthBytesPerSecond, maxDowntimeMilliseconds }: MigrationTuning): Promise<void> {
    return this.#step("tune the migration of", async () => {
      const dom = this.#dom;
      const bandwidth = mebibytes(bandwidthBytesPerSecond) ?? NO_LIMIT;
      await this.#connection.call("domainMigrateSetMaxSpeed", { dom, bandwidth, flags: 0 }, SHORT_MS);
      if (maxDowntimeMilliseconds === undefined) return;
      const downtime = BigInt(Math.round(maxDowntimeMilliseconds));
      await this.#connection.call("domainMigrateSetMaxDowntime", { dom, downtime, flags: 0 }, SHORT_MS);
    });
  }

  startPostCopy(): Promise<void> {
    return this.#step("switch to post-copy", async () => {
      await this.#connection.call("domainMigrateStartPostCopy", { dom: this.#dom, flags: 0 }, SHORT_MS);
    });
  }

  halt(): Promise<void> {
    return this.#step("halt the vCPUs of the migrating", async () => {
      await this.#connection.call("domainSuspend", { dom: this.#dom }, SHORT_MS);
    });
  }

  async abort(): Promise<void> {
    await this.#connection.call("domainAbortJob", { dom: this.#dom }, SHORT_MS);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #step<T>(verb: string, work: () => Promise<T>): Promise<T> {
    return this.#perform(`${verb} domain ${this.#dom.name}`, work);
  }
}

class OverLibvirtIncoming implements Incoming {
  readonly #connection: Connection;
  readonly #perform: Perform;

  constructor(connection: Connection, perform: Perform) {
    this.#connection = connection;
    this.#perform = perform;
  }

  prepare(
    xml: string,
    cookie: Uint8Array,
    wire: Wire,
    parameters: MigrationParameters,
  ): Promise<{ readonly cookie: Uint8Array }> {
    return this.#perform("prepare the incoming domain", async () => {
      // Named here too: the target would offer all that are written to, and one that both have is the source's until it lets go.
      const params = [text("destination_xml", xml), ...diskParams(parameters), ...wireParams(wire, parameters)];
      const args = { params, cookieIn: cookie, flags: flagsOf(parameters) };
      const { cookieOut } = await this.#connection.call("domainMigratePrepare3Params", args, PREPARE_MS);
      return { cookie: cookieOut };
    });
  }

  finish(cookie: Uint8Array, name: string, arrived: boolean, parameters: MigrationParameters) {
    return this.#perform(arrived ? `let domain ${name} run` : `end domain ${name}`, async () => {
      try {
        const params = [text("destination_name", name)];
        const args = { params, cookieIn: cookie, flags: flagsOf(parameters), cancelled: arrived ? 0 : 1 };
        // In post-copy it is answered once all memory is there.
        const patience = parameters.postCopy === true ? COPY_MS : SWITCH_MS;
        const { dom, cookieOut } = await this.#connection.call("domainMigrateFinish3Params", args, patience);
        const completed = arrived ? await this.#completed(dom) : undefined;
        return { cookie: cookieOut, ...(completed === undefined ? {} : { figures: completed }) };
      } catch (error) {
        if (!arrived) return { cookie: new Uint8Array() }; // there is no domain to answer with: that is the wish
        if (!(error instanceof LibvirtError)) throw error;
        throw new Fault("stale", "ArrivalFailed", `domain ${name} could not be let run: ${error.message}`, {
          cause: error,
        });
      }
    });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Nothing depends on figures: without them the guest has arrived all the same. */
  async #completed(dom: NonnullDomain): Promise<MigrationFigures | undefined> {
    try {
      const args = { dom, flags: JOB_STATS_COMPLETED };
      const { params } = await this.#connection.call("domainGetJobStats", args, SHORT_MS);
      return figuresOf(params);
    } catch (error) {
      if (error instanceof Fault && error.kind === "bug") throw error;
      return undefined;
    }
  }
}

function flagsOf({ autoConverge, postCopy, disks }: MigrationParameters): number {
  return (
    migrateFlag.live |
    migrateFlag.abortOnError |
    // Functions let a guest move only when its claims are for several nodes, and the cache of such a disk is not its node's.
    migrateFlag.unsafe |
    (autoConverge ? migrateFlag.autoConverge : 0) |
    (postCopy === true ? migrateFlag.postCopy : 0) |
    (disks.length > 0 ? migrateFlag.nonSharedDisk : 0)
  );
}

function diskParams({ disks }: MigrationParameters): TypedParam[] {
  return disks.map((disk) => text("migrate_disks", disk));
}

function sourceParams(parameters: MigrationParameters): TypedParam[] {
  const bandwidth = mebibytes(parameters.bandwidthBytesPerSecond);
  return [...diskParams(parameters), ...(bandwidth === undefined ? [] : [number("bandwidth", bandwidth)])];
}

/** libvirt's unit; undefined: no limit. Below one a second nothing would ever arrive. */
function mebibytes(bytesPerSecond: number | undefined): bigint | undefined {
  if (bytesPerSecond === undefined || bytesPerSecond <= 0) return undefined;
  return BigInt(Math.max(1, Math.round(bytesPerSecond / MEBIBYTE)));
}

/** Where this end's QEMU listens or connects: unix sockets, which a tunnel joins with the other end's. */
function wireParams(wire: Wire, { disks }: MigrationParameters): TypedParam[] {
  return [
    text("migrate_uri", `unix://${wire.memory}`),
    ...(disks.length === 0 ? [] : [text("disks_uri", `unix://${wire.disks}`)]),
  ];
}

function text(field: string, value: string): TypedParam {
  return { field, value: { type: 7, value } };
}

function number(field: string, value: bigint): TypedParam {
  return { field, value: { type: 4, value } };
}
