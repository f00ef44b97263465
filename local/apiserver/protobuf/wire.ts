/** Protobuf's wire format, reading only. Bounded by the body's length: every field says how long it is. */
import { badRequest } from "../status.ts";

export type WireValue =
  | { readonly is: "number"; readonly value: bigint }
  | { readonly is: "bytes"; readonly value: Buffer }
  | { readonly is: "fixed"; readonly value: Buffer };

export interface WireField {
  readonly number: number;
  readonly value: WireValue;
}

class Cursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw broken();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw broken();
  }

  take(length: number): Buffer {
    if (length > this.bytes.length - this.at) throw broken();
    const part = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return part;
  }
}

function broken(): Error {
  return badRequest("the body is not a protobuf message of Kubernetes");
}

/** The fields of a message in their order. @throws StatusError 400 */
export function wireFields(bytes: Buffer): WireField[] {
  const cursor = new Cursor(bytes);
  const fields: WireField[] = [];
  while (cursor.at < bytes.length) {
    const tag = Number(cursor.varint());
    fields.push({ number: Math.floor(tag / 8), value: wireValue(cursor, tag % 8) });
  }
  return fields;
}

function wireValue(cursor: Cursor, type: number): WireValue {
  switch (type) {
    case 0:
      return { is: "number", value: cursor.varint() };
    case 1:
      return { is: "fixed", value: cursor.take(8) };
    case 2:
      return { is: "bytes", value: cursor.take(Number(cursor.varint())) };
    case 5:
      return { is: "fixed", value: cursor.take(4) };
    default:
      throw broken();
  }
}

export function bytesOf(value: WireValue | undefined): Buffer {
  if (value?.is !== "bytes") throw broken();
  return value.value;
}

export function integerOf(value: WireValue): number {
  if (value.is !== "number") throw broken();
  return Number(BigInt.asIntN(64, value.value));
}
