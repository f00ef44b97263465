/**
 * One connection to a libvirt daemon: typed calls, events, streams, keepalive. Many calls may be on their way at once
 * and are answered in any order; no more than the daemon reads ahead are sent, the others wait here. When the
 * connection ends, for whatever reason, everything that waits on it fails.
 */
import type { Socket } from "node:net";
import { Fault } from "#events/fault.ts";
import { CallQueue, type Outcome } from "./call-queue.ts";
import { disconnected, errorIn } from "./error.ts";
import { encodePacket, PacketSplitter, packetStatus, packetType, keepalive, type Packet } from "./frame.ts";
import { FEATURE_KEEPALIVE } from "./numbers.ts";
import { calls, events, type CallName, type Calls, type EventName, type Events } from "./protocol.gen.ts";
import { decode, encode, XdrError, type Codec } from "./xdr.ts";
import { LibvirtStream } from "./stream.ts";
import { describe, dial, type Address } from "./transport.ts";

export interface ConnectionOptions {
  readonly address: Address;
  /** What to open, such as qemu:///system. */
  readonly uri: string;
  /** Calls that may be on their way at once: below the daemon's max_client_requests, beyond which it stops reading. */
  readonly maxInFlight?: number;
  /** Calls that may wait for their turn; more are refused. */
  readonly maxQueued?: number;
  /** Default for a call's deadline, its waiting here included. */
  readonly callTimeoutMilliseconds?: number;
  /** For reaching the daemon and opening the URI: the first opening after an installation probes QEMU for seconds. */
  readonly openTimeoutMilliseconds?: number;
  /**
   * Ping after this much silence, and give the peer up for dead after three such spans without any byte of its.
   * 0 turns it off in both directions: for a connection whose reader may stall.
   */
  readonly keepaliveMilliseconds?: number;
}

const defaults = {
  maxInFlight: 16,
  maxQueued: 4096,
  callTimeoutMilliseconds: 30_000,
  openTimeoutMilliseconds: 60_000,
  keepaliveMilliseconds: 5_000,
} as const;
const DEAD_AFTER_SPANS = 3;

/** Opens it: authentication (none), the URI, keepalive. @throws Fault later, refused */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const openTimeout = options.openTimeoutMilliseconds ?? defaults.openTimeoutMilliseconds;
  const start = performance.now();
  const connection = new Connection(await dial(options.address, openTimeout), options);
  const left = (): number => Math.max(1, openTimeout - (performance.now() - start));
  try {
    await authenticate(connection, left());
    if (connection.keepaliveMilliseconds > 0) {
      await connection.call("connectSupportsFeature", { feature: FEATURE_KEEPALIVE }, left());
    }
    await connection.call("connectOpen", { name: options.uri, flags: 0 }, left());
    return connection;
  } catch (error) {
    connection.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

const AUTHENTICATION = { 0: "none", 1: "SASL", 2: "polkit" } as const;

async function authenticate(connection: Connection, timeoutMilliseconds: number): Promise<void> {
  const { types } = await connection.call("authList", {}, timeoutMilliseconds);
  // The daemon lists one way for a client like us; an empty list means that none is wanted.
  if (types.length === 0 || types.includes(0)) return;
  const names = types.map((type) => AUTHENTICATION[type as keyof typeof AUTHENTICATION] ?? `type ${type}`);
  throw new Fault(
    "refused",
    "AuthenticationUnsupported",
    `libvirt at ${connection.peer} asks for ${names.join(" or ")}; only "none" is supported: set auth_unix_rw = "none" ` +
      "in libvirtd.conf, or reach it over TLS with a client certificate",
  );
}

export class Connection {
  readonly peer: string;
  readonly keepaliveMilliseconds: number;
  /** Resolves with the reason once the connection has ended. */
  readonly closed: Promise<Error>;
  readonly #socket: Socket;
  readonly #splitter = new PacketSplitter();
  readonly #callTimeout: number;
  readonly #queue: CallQueue;
  readonly #streams = new Map<number, LibvirtStream>();
  readonly #holding = new Set<number>();
  readonly #listeners = new Map<string, Set<(message: never) => void>>();
  readonly #closing: (why: Error) => void;
  #serial = 0;
  #ended: Error | undefined;
  #lastHeard = performance.now();
  #lastBeat = performance.now();
  #heartbeat: NodeJS.Timeout | undefined;

  /** Use `connect`. */
  constructor(socket: Socket, options: ConnectionOptions) {
    this.peer = describe(options.address);
    this.#socket = socket;
    const { maxInFlight, maxQueued } = { ...defaults, ...options };
    this.#queue = new CallQueue({ maxInFlight, maxQueued }, (packet) => void socket.write(packet));
    this.#callTimeout = options.callTimeoutMilliseconds ?? defaults.callTimeoutMilliseconds;
    this.keepaliveMilliseconds = options.keepaliveMilliseconds ?? defaults.keepaliveMilliseconds;
    const closed = Promise.withResolvers<Error>();
    this.closed = closed.promise;
    this.#closing = closed.resolve;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => this.destroy(disconnected(`libvirt at ${this.peer}: ${error.message}`, error)));
    socket.on("close", () => this.destroy(disconnected(`libvirt at ${this.peer} closed the connection`)));
    if (this.keepaliveMilliseconds > 0) {
      this.#heartbeat = setInterval(() => this.#beat(), this.keepaliveMilliseconds);
      this.#heartbeat.unref();
    }
  }

  get open(): boolean {
    return this.#ended === undefined;
  }

  /**
   * One call.
   * @throws LibvirtError what the daemon answered; Fault later when it does not answer within the deadline or the
   *   connection ends; Fault refused when an argument does not fit the protocol, with its name
   */
  call<N extends CallName>(
    name: N,
    args: Calls[N]["args"],
    timeoutMilliseconds = this.#callTimeout,
  ): Promise<Calls[N]["result"]> {
    return this.#call(name, args, timeoutMilliseconds).then(({ result }) => result);
  }

  /**
   * A call that opens a stream. Destroying the stream aborts it; ending it finishes it.
   * While its reader is slow nothing is read from this connection.
   */
  async openStream<N extends "domainOpenConsole" | "domainOpenChannel" | "storageVolDownload" | "storageVolUpload">(
    name: N,
    args: Calls[N]["args"],
    timeoutMilliseconds = this.#callTimeout,
  ): Promise<LibvirtStream> {
    let opened: LibvirtStream | undefined;
    const unheard = (): void => undefined; // until its caller has it: what failed by then is thrown
    await this.#call(name, args, timeoutMilliseconds, (serial) => {
      // Data may stand right behind the reply: the stream must be there before the next packet is looked at.
      opened = this.#attachStream(name, serial).on("error", unheard);
    });
    if (opened === undefined) throw new Fault("bug", "StreamNotOpened", `${name} was answered without a stream`);
    if (opened.errored !== null) throw opened.errored;
    return opened.off("error", unheard);
  }

  /** Events that the daemon sends on this connection. Answers how to stop listening. */
  on<N extends EventName>(name: N, listener: (message: Events[N]) => void): () => void {
    const key = eventKey(events[name]);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /**
   * Asks the daemon for a kind of domain event (virDomainEventID), of all domains, and hears those that carry the
   * callback id of this registration. Nothing is missed between the daemon's answer and the first event.
   */
  async subscribe<N extends DomainEventName>(
    name: N,
    eventID: number,
    listener: (message: Events[N]) => void,
  ): Promise<() => Promise<void>> {
    let callback: number | undefined;
    const off = this.on(name, (message) => {
      if (message.callbackID === callback) listener(message);
    });
    try {
      await this.#call("connectDomainEventCallbackRegisterAny", { eventID }, this.#callTimeout, (_serial, result) => {
        callback = result.callbackID;
      });
    } catch (error) {
      off();
      throw error;
    }
    const callbackID = callback as unknown as number;
    return async () => {
      off();
      await this.call("connectDomainEventCallbackDeregisterAny", { callbackID });
    };
  }

  /** Says goodbye and ends. Calls that are still waiting fail. */
  async close(): Promise<void> {
    if (this.#ended === undefined) await this.call("connectClose", {}, 1_000).catch(() => undefined);
    this.destroy(disconnected(`the connection to libvirt at ${this.peer} was closed by us`));
  }

  /** Ends at once; all that waits fails with `why`. */
  destroy(why: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    clearInterval(this.#heartbeat);
    this.#socket.destroy();
    this.#queue.fail(why);
    for (const stream of this.#streams.values()) stream.lost(why);
    this.#streams.clear();
    this.#listeners.clear();
    this.#closing(why);
  }

  #call<N extends CallName>(
    name: N,
    args: Calls[N]["args"],
    timeoutMilliseconds: number,
    answered?: (serial: number, result: Calls[N]["result"]) => void,
  ): Promise<{ readonly result: Calls[N]["result"] }> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      const serial = this.#nextSerial();
      const settle = (outcome: Outcome): void => {
        if ("failure" in outcome) {
          reject(outcome.failure);
          return;
        }
        try {
          const result = decode<Calls[N]["result"]>(calls[name].result, outcome.payload);
          answered?.(serial, result);
          resolve({ result });
        } catch (error) {
          const message = `${name}: cannot read the reply: ${String(error)}`;
          reject(new Fault("bug", "ProtocolError", message, { cause: error }));
        }
      };
      this.#queue.add({ name, serial, packet: this.#encode(name, args, serial), timeoutMilliseconds, settle });
    });
  }

  #encode<N extends CallName>(name: N, args: Calls[N]["args"], serial: number): Buffer {
    const { program, version, procedure } = calls[name];
    const header = { program, version, procedure, type: packetType.call, serial, status: packetStatus.ok };
    try {
      return encodePacket(header, encode<Calls[N]["args"]>(calls[name].args, args));
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      const causes = [{ reason: "FieldValueInvalid", field: `${name}.${error.path}`, message: error.problem }];
      throw new Fault("refused", "InvalidArgument", `${name}: ${error.message}`, { causes, cause: error });
    }
  }

  #nextSerial(): number {
    do this.#serial = this.#serial >= 0xffff_ffff ? 1 : this.#serial + 1;
    while (this.#queue.has(this.#serial) || this.#streams.has(this.#serial));
    return this.#serial;
  }

  #read(chunk: Buffer): void {
    this.#lastHeard = performance.now();
    try {
      for (const packet of this.#splitter.push(chunk)) {
        if (this.#ended !== undefined) return;
        this.#take(packet);
      }
    } catch (error) {
      this.destroy(error instanceof Fault ? error : disconnected(`reading from libvirt: ${String(error)}`, error));
    }
  }

  #take(packet: Packet): void {
    if (packet.program === keepalive.program) {
      if (packet.procedure === keepalive.ping) this.#sendKeepalive(keepalive.pong);
      return;
    }
    switch (packet.type) {
      case packetType.reply:
        this.#reply(packet);
        return;
      case packetType.message:
        this.#event(packet);
        return;
      case packetType.stream:
        this.#streams.get(packet.serial)?.receive(packet);
        return;
      default:
        throw disconnected(`libvirt at ${this.peer} sent a packet of type ${packet.type}, which no client is sent`);
    }
  }

  #reply(packet: Packet): void {
    const call = this.#queue.answered(packet.serial);
    if (call === undefined) {
      throw disconnected(`libvirt at ${this.peer} answered call ${packet.serial}, which is none of ours`);
    }
    if (packet.status === packetStatus.error) {
      call.settle({ failure: errorIn(packet.payload) });
      return;
    }
    // A stream that was opened after its caller had given up: nobody would read it.
    const { stream } = calls[call.name];
    if (stream !== undefined && !call.awaited) this.#attachStream(call.name, packet.serial).destroy();
    call.settle({ payload: packet.payload });
  }

  #event(packet: Packet): void {
    const key = eventKey(packet);
    const description = eventTable.get(key);
    const listeners = this.#listeners.get(key);
    if (description === undefined || listeners === undefined || listeners.size === 0) return;
    const message = decode(description.message as Codec<unknown>, packet.payload) as never;
    for (const listener of listeners) listener(message);
  }

  #attachStream(name: CallName, serial: number): LibvirtStream {
    const { program, version, procedure } = calls[name];
    const stream = new LibvirtStream(
      {
        send: (status, payload, done) => {
          if (this.#ended !== undefined) done(this.#ended);
          else {
            const header = { program, version, procedure, type: packetType.stream, serial, status };
            this.#socket.write(encodePacket(header, payload), done);
          }
        },
        hold: (held) => this.#hold(serial, held),
        release: () => {
          this.#streams.delete(serial);
          this.#hold(serial, false);
        },
      },
      name,
    );
    this.#streams.set(serial, stream);
    return stream;
  }

  #hold(serial: number, held: boolean): void {
    const before = this.#holding.size;
    if (held) this.#holding.add(serial);
    else this.#holding.delete(serial);
    if (before === 0 && this.#holding.size > 0) this.#socket.pause();
    if (before > 0 && this.#holding.size === 0) {
      this.#lastHeard = performance.now();
      this.#socket.resume();
    }
  }

  #beat(): void {
    const now = performance.now();
    const late = now - this.#lastBeat;
    this.#lastBeat = now;
    // What we ourselves do not read is no proof of the peer's death, and neither is what came while we were halted.
    if (this.#holding.size > 0) return;
    if (late > this.keepaliveMilliseconds * 2)
      this.#lastHeard = Math.max(this.#lastHeard, now - this.keepaliveMilliseconds);
    const silence = now - this.#lastHeard;
    if (silence > this.keepaliveMilliseconds * DEAD_AFTER_SPANS) {
      this.destroy(disconnected(`libvirt at ${this.peer} has been silent for ${Math.round(silence)} ms`));
    } else if (silence > this.keepaliveMilliseconds / 2) {
      this.#sendKeepalive(keepalive.ping);
    }
  }

  #sendKeepalive(procedure: number): void {
    const { program, version } = keepalive;
    const header = { program, version, procedure, type: packetType.message, serial: 0, status: packetStatus.ok };
    this.#socket.write(encodePacket(header));
  }
}

/** Events that carry the callback id of a registration. */
export type DomainEventName = {
  [N in EventName]: Events[N] extends { readonly callbackID: number; readonly dom: unknown }
    ? N
    : Events[N] extends { readonly callbackID: number; readonly msg: unknown }
      ? N
      : never;
}[EventName];

function eventKey(event: { readonly program: number; readonly procedure: number }): string {
  return `${event.program}/${event.procedure}`;
}

const eventTable = new Map(Object.values(events).map((event) => [eventKey(event), event]));
