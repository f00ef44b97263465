import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePacket, MAX_PACKET_BYTES, PacketSplitter } from "#node-runtime/libvirt/frame.ts";

const header = { program: 0x20008086, version: 1, procedure: 10, type: 1, serial: 7, status: 0 };

describe("packets", () => {
  it("come out whole, however the bytes are cut", () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(payloads, fc.infiniteStream(fc.integer({ min: 1, max: 60 })), (wanted, cuts) => {
        const bytes = Buffer.concat(wanted.map((payload) => encodePacket(header, payload)));
        const splitter = new PacketSplitter();
        const got: Buffer[] = [];
        for (let at = 0; at < bytes.length;) {
          const end = at + (cuts.next().value as number);
          for (const packet of splitter.push(bytes.subarray(at, end))) {
            expect(packet).toMatchObject(header);
            got.push(Buffer.from(packet.payload));
          }
          at = end;
        }
        expect(got.map((payload) => payload.toString("hex"))).toEqual(
          wanted.map((payload) => Buffer.from(payload).toString("hex")),
        );
      }),
    );
  });

  it("with a length that no daemon sends end the connection", () => {
    for (const length of [0, 27, MAX_PACKET_BYTES + 1, 0xffff_ffff]) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(length);
      expect(() => new PacketSplitter().push(bytes)).toThrow(
        `packet length ${length}, 28 to ${MAX_PACKET_BYTES} is allowed`,
      );
    }
  });
});
