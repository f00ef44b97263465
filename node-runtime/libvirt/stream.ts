/**
 * A libvirt stream (a console, an upload, a download) as a Duplex. The protocol has no flow control of its own:
 * while the consumer is slow the whole connection is not read, so a stream that may stall wants its own connection.
 */
import { Duplex } from "node:stream";
import { disconnected, errorIn, faultOf } from "./error.ts";
import { MAX_STREAM_CHUNK_BYTES, packetStatus, type Packet } from "./frame.ts";

/** What a stream needs of its connection. */
export interface StreamCarrier {
  /** Sends a stream packet; calls back when the socket has taken it. */
  send(status: number, payload: Uint8Array | undefined, done: (error?: Error | null) => void): void;
  /** Stops and resumes reading for this stream. */
  hold(held: boolean): void;
  /** Nothing more will come for the stream. */
  release(): void;
}

export class LibvirtStream extends Duplex {
  readonly #carrier: StreamCarrier;
  /** We have told the daemon that we are done, by finish or abort. */
  #finished = false;
  #released = false;
  readonly #doing: string;

  constructor(carrier: StreamCarrier, doing: string) {
    super({ allowHalfOpen: true, readableHighWaterMark: MAX_STREAM_CHUNK_BYTES });
    this.#carrier = carrier;
    this.#doing = doing;
  }

  /** A packet of this stream, as the connection reads it. */
  receive(packet: Packet): void {
    switch (packet.status) {
      case packetStatus.continued:
        if (packet.payload.length > 0) {
          if (!this.readableEnded && !this.push(packet.payload)) this.#carrier.hold(true);
          return;
        }
        // The data ends here; the daemon keeps the stream until we finish it.
        this.#finish();
        return;
      case packetStatus.ok:
        this.#release();
        this.#end();
        return;
      default: {
        this.#finished = true;
        this.#release();
        this.destroy(faultOf(errorIn(packet.payload), this.#doing));
      }
    }
  }

  /** The connection is gone. */
  lost(why: Error): void {
    this.#finished = true;
    this.#released = true;
    this.destroy(why);
  }

  override _read(): void {
    if (!this.#released) this.#carrier.hold(false);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#finished) {
      done(disconnected(`${this.#doing}: the stream has ended`));
      return;
    }
    const next = (start: number): void => {
      const end = Math.min(start + MAX_STREAM_CHUNK_BYTES, chunk.length);
      this.#carrier.send(packetStatus.continued, chunk.subarray(start, end), (error) => {
        if (error != null || end === chunk.length) done(error);
        else next(end);
      });
    };
    if (chunk.length === 0) done();
    else next(0);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#finished) this.#finish();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#finished) {
      this.#finished = true;
      this.#carrier.send(packetStatus.error, undefined, () => undefined);
    }
    // Its confirmation may still come, but nobody waits for it: what is unknown to the connection is dropped.
    this.#release();
    done(error);
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#carrier.send(packetStatus.ok, undefined, () => undefined);
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#carrier.release();
  }

  #end(): void {
    if (this.destroyed) return;
    this.push(null);
    if (!this.writableEnded) this.end();
  }
}
