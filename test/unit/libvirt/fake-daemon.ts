/** A libvirt daemon at the wire: speaks the protocol with our own codec, and answers what a test tells it to. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  encodePacket,
  keepalive,
  PacketSplitter,
  packetStatus,
  packetType,
  type Packet,
} from "#node-runtime/libvirt/frame.ts";
import {
  calls,
  events,
  remoteError,
  type CallName,
  type Calls,
  type EventName,
  type Events,
} from "#node-runtime/libvirt/protocol.gen.ts";
import { decode, encode } from "#node-runtime/libvirt/xdr.ts";

export interface Refusal {
  readonly code: number;
  readonly message?: string;
  readonly int1?: number;
}
export class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

type Handlers = {
  [N in CallName]?: (
    args: Calls[N]["args"],
    client: FakeClient,
    serial: number,
  ) => Calls[N]["result"] | Promise<Calls[N]["result"]>;
};

export interface FakeClient {
  readonly socket: Socket;
  readonly streamPackets: Packet[];
  pings: number;
  sendEvent<N extends EventName>(name: N, message: Events[N]): void;
  sendStream(name: CallName, serial: number, status: number, payload?: Uint8Array): void;
  refuseStream(name: CallName, serial: number, refusal: Refusal): void;
}

export class FakeDaemon {
  readonly path: string;
  readonly clients: FakeClient[] = [];
  readonly received: { readonly name: CallName; readonly serial: number }[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), "vfd-"));
  readonly #server: Server;
  readonly handlers: Handlers = {
    authList: () => ({ types: [0] }),
    connectSupportsFeature: () => ({ supported: 1 }),
    connectOpen: () => ({}),
    connectClose: () => ({}),
    connectGetDomainCapabilities: () => ({ capabilities: "" }),
  };

  constructor() {
    this.path = join(this.#directory, "sock");
    this.#server = createServer((socket) => this.serve(socket));
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.path, resolve));
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** A client, however it came here. */
  serve(socket: Socket): void {
    const splitter = new PacketSplitter();
    const client = clientOn(socket);
    this.clients.push(client);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      for (const packet of splitter.push(chunk)) void this.#take(client, packet);
    });
  }

  async #take(client: FakeClient, packet: Packet): Promise<void> {
    if (packet.program === keepalive.program) {
      client.pings += 1;
      client.socket.write(encodePacket({ ...packet, procedure: keepalive.pong }));
      return;
    }
    if (packet.type === packetType.stream) {
      client.streamPackets.push({ ...packet, payload: Buffer.from(packet.payload) });
      return;
    }
    const name = nameOf(packet);
    this.received.push({ name, serial: packet.serial });
    const reply = { ...packet, type: packetType.reply };
    try {
      const args = decode<never>(calls[name].args as never, packet.payload);
      const handler = this.handlers[name] as ((args: never, client: FakeClient, serial: number) => unknown) | undefined;
      if (handler === undefined) throw new Refused({ code: 3, message: `the fake has no ${name}` });
      const result = await handler(args, client, packet.serial);
      client.socket.write(
        encodePacket({ ...reply, status: packetStatus.ok }, encode(calls[name].result as never, result as never)),
      );
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      client.socket.write(encodePacket({ ...reply, status: packetStatus.error }, refusalPayload(error.refusal)));
    }
  }
}

function clientOn(socket: Socket): FakeClient {
  const stream = (name: CallName, serial: number, status: number, payload?: Uint8Array): void => {
    const { program, version, procedure } = calls[name];
    socket.write(encodePacket({ program, version, procedure, type: packetType.stream, serial, status }, payload));
  };
  return {
    socket,
    streamPackets: [],
    pings: 0,
    sendEvent(name, message) {
      const { program, procedure, message: codec } = events[name];
      const header = { program, version: 1, procedure, type: packetType.message, serial: 0, status: packetStatus.ok };
      socket.write(encodePacket(header, encode(codec as never, message as never)));
    },
    sendStream: stream,
    refuseStream: (name, serial, refusal) => stream(name, serial, packetStatus.error, refusalPayload(refusal)),
  };
}

function refusalPayload(refusal: Refusal): Buffer {
  return encode(remoteError, {
    code: refusal.code,
    domain: 10,
    message: refusal.message ?? "refused",
    level: 2,
    int1: refusal.int1 ?? 0,
    int2: 0,
  });
}

const names = new Map(
  Object.entries(calls).map(([name, call]) => [`${call.program}/${call.procedure}`, name as CallName]),
);
function nameOf(packet: Packet): CallName {
  const name = names.get(`${packet.program}/${packet.procedure}`);
  if (name === undefined) throw new Error(`no such call: ${packet.program}/${packet.procedure}`);
  return name;
}
