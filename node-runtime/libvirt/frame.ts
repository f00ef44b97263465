/**
 * Packets of libvirt's RPC: a length (itself included), a header of six words, then an XDR payload.
 * The splitter cuts a byte stream into packets and refuses lengths that no daemon sends.
 */
import { disconnected } from "./error.ts";

export const packetType = { call: 0, reply: 1, message: 2, stream: 3 } as const;
/** `continued` is for streams: more data follows; with an empty payload it is the end of the data. */
export const packetStatus = { ok: 0, error: 1, continued: 2 } as const;

export const keepalive = { program: 0x6b656570, version: 1, ping: 1, pong: 2 } as const;

/** Bytes: length word and header. */
const HEADER_BYTES = 28;
/** Bytes that one packet may have, as the daemon itself bounds them. */
export const MAX_PACKET_BYTES = 32 * 1024 * 1024 + 4;
/** Bytes of data in one stream packet that every daemon takes. */
export const MAX_STREAM_CHUNK_BYTES = 262_120;

export interface PacketHeader {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
}

export interface Packet extends PacketHeader {
  readonly payload: Buffer;
}

export function encodePacket(header: PacketHeader, payload?: Uint8Array): Buffer {
  const length = HEADER_BYTES + (payload?.length ?? 0);
  const packet = Buffer.allocUnsafe(length);
  packet.writeUInt32BE(length, 0);
  packet.writeUInt32BE(header.program, 4);
  packet.writeUInt32BE(header.version, 8);
  packet.writeInt32BE(header.procedure, 12);
  packet.writeInt32BE(header.type, 16);
  packet.writeUInt32BE(header.serial, 20);
  packet.writeInt32BE(header.status, 24);
  if (payload !== undefined) packet.set(payload, HEADER_BYTES);
  return packet;
}

function parse(bytes: Buffer): Packet {
  return {
    program: bytes.readUInt32BE(4),
    version: bytes.readUInt32BE(8),
    procedure: bytes.readInt32BE(12),
    type: bytes.readInt32BE(16),
    serial: bytes.readUInt32BE(20),
    status: bytes.readInt32BE(24),
    payload: bytes.subarray(HEADER_BYTES),
  };
}

/** Collects chunks and hands out whole packets; what is incomplete is copied once, when its last byte has come. */
export class PacketSplitter {
  #chunks: Buffer[] = [];
  #length = 0;

  /** @throws Fault later when the stream is no libvirt protocol; the connection is then useless */
  push(chunk: Buffer): readonly Packet[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const packets: Packet[] = [];
    for (;;) {
      const wanted = this.#wanted();
      if (wanted === undefined || this.#length < wanted) return packets;
      const joined = this.#join();
      packets.push(parse(joined.subarray(0, wanted)));
      this.#chunks = joined.length === wanted ? [] : [joined.subarray(wanted)];
      this.#length = joined.length - wanted;
    }
  }

  /** Length of the packet that is being collected; undefined while not even that has come. */
  #wanted(): number | undefined {
    if (this.#length < 4) return undefined;
    const first = this.#chunks[0];
    const head = first !== undefined && first.length >= 4 ? first : this.#join();
    const length = head.readUInt32BE(0);
    if (length < HEADER_BYTES || length > MAX_PACKET_BYTES) {
      throw disconnected(
        `the peer speaks no libvirt protocol: packet length ${length}, ${HEADER_BYTES} to ${MAX_PACKET_BYTES} is allowed`,
      );
    }
    return length;
  }

  #join(): Buffer {
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return only;
    const joined = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [joined];
    return joined;
  }
}
