import { describe, expect, it } from "vitest";
import { calls, events } from "#node-runtime/libvirt/protocol.gen.ts";

describe("the generated protocol", () => {
  it("has every call and event of both programs, each under its own number", () => {
    expect(Object.keys(calls)).toHaveLength(406);
    expect(Object.keys(events)).toHaveLength(54);
    const numbers = [...Object.values(calls), ...Object.values(events)].map((one) => `${one.program}/${one.procedure}`);
    expect(new Set(numbers).size).toBe(460);
  });

  it("knows the well-known numbers", () => {
    expect(calls.connectOpen).toMatchObject({ program: 0x20008086, procedure: 1 });
    expect(calls.domainCreateXml.procedure).toBe(10);
    expect(calls.authList.procedure).toBe(66);
    expect(calls.domainOpenConsole).toMatchObject({ procedure: 201, stream: "read" });
    expect(calls.qemuDomainAgentCommand).toMatchObject({ program: 0x20008087, procedure: 3 });
  });
});
