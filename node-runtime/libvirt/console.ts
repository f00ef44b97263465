/**
 * A domain's serial console. It gets a connection of its own: a reader that stalls then stalls nothing else, and its
 * end is the end of everything about it.
 */
import { Duplex } from "node:stream";
import { connect, type Connection, type ConnectionOptions } from "./connection.ts";
import { disconnected, faultOf } from "./error.ts";
import { flag } from "./numbers.ts";
import type { NonnullDomain } from "./protocol.gen.ts";
import type { LibvirtStream } from "./stream.ts";

/** A connection that `openConsole` takes over. */
export function connectForConsole(options: ConnectionOptions): Promise<Connection> {
  // No keepalive: the daemon would take a connection for dead that is not read because its user is slow.
  return connect({ ...options, keepaliveMilliseconds: 0 });
}

/**
 * Takes the console, from whoever has it. The answer ends (without error) when the domain does, when another takes it,
 * or when libvirt goes away: a console says what was written to it, not why it fell silent.
 */
export async function openConsole(connection: Connection, dom: NonnullDomain): Promise<Duplex> {
  try {
    const stream = await connection.openStream("domainOpenConsole", { dom, flags: flag.consoleForce });
    return new Console(stream, () => void connection.close());
  } catch (error) {
    connection.destroy(disconnected("the console was not opened"));
    throw faultOf(error, `cannot open the console of ${dom.name}`);
  }
}

/**
 * Bytes a second towards the guest, several times what a serial line carries. libvirt keeps what the guest does not
 * read, without a bound and without telling: so a flood is slowed down here.
 */
const WRITE_BYTES_PER_SECOND = 64 * 1024;

/** A stream whose failure is just its end. */
class Console extends Duplex {
  readonly #stream: LibvirtStream;

  constructor(stream: LibvirtStream, ended: () => void) {
    super({ allowHalfOpen: false, emitClose: true });
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause();
    });
    stream.on("error", () => undefined);
    stream.on("close", () => {
      ended();
      if (!this.destroyed) this.push(null);
    });
    stream.pause();
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#stream.destroyed || this.#stream.writableEnded) {
      done(disconnected("the console has ended"));
      return;
    }
    const pause = Math.floor((chunk.length / WRITE_BYTES_PER_SECOND) * 1000);
    this.#stream.write(chunk, (error) => {
      if (error != null || pause === 0) done(error);
      else setTimeout(done, pause);
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stream.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stream.destroy();
    done(error);
  }
}
