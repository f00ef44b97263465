import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CloudEvent } from "#events/cloud-event.ts";
import { Fault } from "#events/fault.ts";
import { decode, encode, readEvent, type DecodeOptions } from "#events/http.ts";
import { event } from "./sample.ts";

const minimal = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };

function binary(headers: Record<string, string | undefined>, body = "", options?: DecodeOptions): CloudEvent {
  return decode({ headers: { ...minimal, ...headers }, body }, options);
}

function structured(document: unknown, contentType = "application/cloudevents+json"): CloudEvent {
  const body = typeof document === "string" ? document : JSON.stringify(document);
  return decode({ headers: { "content-type": contentType }, body });
}

function faultOf(read: () => unknown): Fault {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error("no fault was thrown");
}

describe("reading binary mode", () => {
  it("takes attributes from ce- headers in any case, and data by its content type", () => {
    const read = decode({
      headers: {
        "Ce-Specversion": "1.0",
        "CE-ID": "7",
        "Ce-Source": "https://127.0.0.1:26443",
        "Ce-Type": "dev.knative.apiserver.resource.add",
        "Ce-Time": "2026-11-24T10:33:59.32962617Z",
        "Ce-Kind": "Pod",
        "Content-Type": "application/json; charset=UTF-8",
        "Kn-Namespace": "ignored",
      },
      body: '{"a":1}',
    });
    expect(read).toEqual({
      specversion: "1.0",
      id: "7",
      source: "https://127.0.0.1:26443",
      type: "dev.knative.apiserver.resource.add",
      time: "2026-11-24T10:33:59.32962617Z",
      datacontenttype: "application/json; charset=UTF-8",
      data: { a: 1 },
      extensions: { kind: "Pod" },
    });
  });

  it.each([
    ["JSON that is not an object", "application/json", "0", 0],
    ["false", "application/json", "false", false],
    ["a type that ends in +json", "application/merge-patch+json", '{"a":null}', { a: null }],
    ["text", "text/plain", "0", "0"],
    ["JSON without a content type", undefined, '{"a":1}', { a: 1 }],
    ["text without a content type", undefined, "hello", "hello"],
    ["nothing", "application/json", "", undefined],
  ])("reads %s", (_, contentType, body, expected) => {
    expect(binary({ "content-type": contentType }, body).data).toEqual(expected);
  });

  it("keeps other types as bytes", () => {
    const body = new Uint8Array([0, 255, 128]);
    const read = decode({ headers: { ...minimal, "content-type": "image/png" }, body });
    expect(read.data).toEqual(body);
  });

  it("undoes percent-encoding only when asked to", () => {
    const headers = { "ce-subject": "Euro%20%E2%82%AC" };
    expect(binary(headers).subject).toBe("Euro%20%E2%82%AC");
    expect(binary(headers, "", { percentDecode: true }).subject).toBe("Euro €");
  });

  it.each<[string, Record<string, string | undefined>, string, string]>([
    ["no version", { "ce-specversion": undefined }, "", "ce-specversion"],
    ["version 0.3", { "ce-specversion": "0.3" }, "", "ce-specversion"],
    ["no id", { "ce-id": undefined }, "", "ce-id"],
    ["an empty type", { "ce-type": "" }, "", "ce-type"],
    ["a time that is none", { "ce-time": "yesterday" }, "", "ce-time"],
    ["a time that can't be", { "ce-time": "2026-13-01T00:00:00Z" }, "", "ce-time"],
    ["an attribute's name with a dash", { "ce-node-name": "a" }, "", "ce-node-name"],
    ["the content type as an attribute", { "ce-datacontenttype": "text/plain" }, "", "ce-datacontenttype"],
    ["an attribute of another version", { "ce-schemaurl": "http://x" }, "", "ce-schemaurl"],
    ["malformed JSON", { "content-type": "application/json" }, '{"a":', "body"],
    ["another character set", { "content-type": "application/json; charset=latin1" }, "{}", "content-type"],
  ])("refuses %s, naming the place", (_, headers, body, field) => {
    const fault = faultOf(() => binary(headers, body));
    expect(fault.kind).toBe("refused");
    expect(fault.causes.map((cause) => cause.field)).toEqual([field]);
  });

  it("refuses a source that is no URI reference", () => {
    expect(faultOf(() => binary({ "ce-source": "a b" })).reason).toBe("InvalidEvent");
  });

  it("refuses JSON that is not UTF-8", () => {
    const headers = { ...minimal, "content-type": "application/json" };
    expect(faultOf(() => decode({ headers, body: new Uint8Array([0x22, 0xff, 0x22]) })).reason).toBe("MalformedBody");
  });

  it("refuses percent-encoding of what is not UTF-8", () => {
    expect(faultOf(() => binary({ "ce-subject": "%FF" }, "", { percentDecode: true })).reason).toBe("BadAttribute");
  });

  it("refuses an attribute that is there twice", () => {
    const fault = faultOf(() => decode({ headers: { ...minimal, "CE-Id": "2" }, body: "" }));
    expect(fault.causes[0]?.field).toBe("ce-id");
  });

  it("refuses what is no event, and batches", () => {
    expect(faultOf(() => decode({ headers: { "content-type": "application/json" }, body: "{}" })).reason).toBe(
      "NotACloudEvent",
    );
    const batch = { "content-type": "application/cloudevents-batch+json" };
    expect(faultOf(() => decode({ headers: batch, body: "[]" })).reason).toBe("BatchNotSupported");
  });

  it("refuses what is too large: body, headers, values", () => {
    const reasons = [
      faultOf(() => binary({}, "x".repeat(262_145))),
      faultOf(() => binary({ "ce-subject": "x".repeat(9000) })),
      faultOf(() => binary(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`ce-x${index}`, "1"])))),
    ].map((fault) => fault.reason);
    expect(reasons).toEqual(["EventTooLarge", "EventTooLarge", "EventTooLarge"]);
  });
});

describe("reading structured mode", () => {
  const document = { specversion: "1.0", id: "1", source: "/s", type: "t" };

  it("takes a content type with a character set, which the package does not", () => {
    expect(structured({ ...document, data: { a: 1 } }, "application/cloudevents+json; charset=UTF-8").data).toEqual({
      a: 1,
    });
  });

  it("makes texts of numbers and booleans, and leaves out null", () => {
    expect(structured({ ...document, epoch: 3, ready: true, gone: null }).extensions).toEqual({
      epoch: "3",
      ready: "true",
    });
  });

  it.each([[0], [false], [""], [null], [[1]]])("keeps data that is %j", (data) => {
    expect(structured({ ...document, data }).data).toEqual(data);
  });

  it("reads binary data", () => {
    expect(structured({ ...document, data_base64: "AP+A" }).data).toEqual(new Uint8Array([0, 255, 128]));
  });

  it.each([
    ["a list", [document]],
    ["text that is not JSON", "{"],
    ["an attribute that is an object", { ...document, extra: {} }],
    ["an attribute that is a fraction", { ...document, extra: 1.5 }],
    ["data twice", { ...document, data: 1, data_base64: "AP+A" }],
    ["data that is not base64", { ...document, data_base64: "!" }],
    ["another version", { ...document, specversion: "2.0" }],
    ["a content type that is no text", { ...document, datacontenttype: 1 }],
  ])("refuses %s", (_, wrong) => {
    expect(faultOf(() => structured(wrong)).kind).toBe("refused");
  });

  it("refuses other formats", () => {
    expect(faultOf(() => structured(document, "application/cloudevents+xml")).reason).toBe("UnsupportedFormat");
  });
});

describe("reading a request", () => {
  it("stops at the bound, also without a content length", async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024));
      },
    });
    const request = new Request("http://localhost/", {
      method: "POST",
      headers: minimal,
      body: endless,
      duplex: "half",
    });
    await expect(readEvent(request, { mostBytes: 10_000 })).rejects.toMatchObject({ reason: "EventTooLarge" });
    expect(pulled).toBeLessThan(20);
  });
});

/** Attribute values may be any text without control characters; PORTABLE_VALUE is what we limit ourselves to. */
const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((value) => !/[\u0000-\u001f\u007f-\u009f]/.test(value) && value.isWellFormed());

/** As JSON has it: without -0. */
function asJson(data: unknown): unknown {
  return data instanceof Uint8Array ? data : (JSON.parse(JSON.stringify(data)) as unknown);
}

const anyEvent = fc
  .record(
    {
      id: text,
      source: fc.constantFrom("/s", "https://127.0.0.1:26443", "urn:x:y"),
      type: text,
      subject: fc.option(text, { nil: undefined }),
      time: fc.option(fc.constantFrom("2026-11-24T10:33:59.32962617Z", "2026-01-01T00:00:00+02:00"), {
        nil: undefined,
      }),
      extensions: fc.dictionary(fc.constantFrom("phase", "node", "partitionkey", "constructor"), text, {
        maxKeys: 3,
        noNullPrototype: true,
      }),
      data: fc.oneof(fc.constant(undefined), fc.jsonValue(), fc.uint8Array({ minLength: 1, maxLength: 50 })),
    },
    { noNullPrototype: true },
  )
  .map(({ subject, time, data, ...rest }): CloudEvent => {
    const contentType = data instanceof Uint8Array ? "application/octet-stream" : "application/json";
    return {
      specversion: "1.0",
      ...rest,
      ...(subject === undefined ? {} : { subject }),
      ...(time === undefined ? {} : { time }),
      ...(data === undefined ? {} : { data: asJson(data), datacontenttype: contentType }),
    };
  });

describe("any event", () => {
  it.each(["binary", "structured"] as const)("comes back from %s mode as it was", (mode) => {
    fc.assert(
      fc.property(anyEvent, (sent) => {
        expect(decode(encode(sent, mode), { percentDecode: true })).toEqual(sent);
      }),
    );
  });

  it("never makes a header that HTTP can't carry", () => {
    fc.assert(
      fc.property(anyEvent, (sent) => {
        for (const value of Object.values(encode(sent, "binary").headers)) expect(value).toMatch(/^[\x21-\x7e ]*$/);
      }),
    );
  });
});

describe("writing", () => {
  it("makes no time up, and refuses one that is none", () => {
    expect(encode(event(), "binary").headers).not.toHaveProperty("ce-time");
    expect(faultOf(() => encode(event({ time: "noon" }), "binary")).kind).toBe("bug");
  });
});
