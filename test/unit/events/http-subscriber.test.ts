import { describe, expect, it } from "vitest";
import { httpSubscriber, retryAfter } from "#events/broker/http-subscriber.ts";
import type { ExactAnswer } from "#events/broker/answers.ts";
import { decode, encode } from "#events/http.ts";
import { event } from "./sample.ts";

const URL_OF_FUNCTION = "http://127.0.0.1:8080/fn/backup";

/** What the subscriber makes of this response, and what it was asked with. */
async function asked(response: Response | Error, format: "binary" | "structured" = "binary") {
  const requests: { readonly url: string; readonly init: RequestInit | undefined }[] = [];
  const subscriber = httpSubscriber(URL_OF_FUNCTION, {
    format,
    fetch: async (url, init) => {
      requests.push({ url: url as string, init });
      if (response instanceof Error) throw response;
      return response;
    },
  });
  const answer: ExactAnswer = await subscriber(event({ data: { a: 1 } }), "ns/a", new AbortController().signal);
  return { answer, request: requests[0] };
}

describe("a function behind HTTP", () => {
  it.each(["binary", "structured"] as const)("is given the event in %s mode and asked for a reply", async (format) => {
    const { request } = await asked(new Response(null, { status: 204 }), format);
    expect(request?.url).toBe(URL_OF_FUNCTION);
    const { headers, body, method, redirect } = request?.init ?? {};
    expect([method, redirect, (headers as Record<string, string>)["prefer"]]).toEqual(["POST", "manual", "reply"]);
    const read = decode({ headers: headers as Record<string, string>, body: body as string });
    expect(read).toMatchObject({ id: "1", data: { a: 1 } });
  });

  it("has taken an event by 202, also when the answer's body breaks off", async () => {
    const broken = new ReadableStream({ start: (body) => body.error(new TypeError("terminated")) });
    expect((await asked(new Response(broken, { status: 202 }))).answer).toEqual({ status: 202 });
  });

  it("replies with an event by 200", async () => {
    const { headers, body } = encode(event({ id: "2", type: "answer" }), "structured");
    const { answer } = await asked(new Response(body as string, { status: 200, headers }));
    expect(answer).toMatchObject({ status: 200, reply: { id: "2", type: "answer" } });
  });

  it.each([
    [200, { status: 204 }],
    [202, { status: 202 }],
    [204, { status: 202 }],
    [299, { status: 202 }],
  ])("has handled it when it answers %i without a body", async (status, expected) => {
    expect((await asked(new Response(null, { status }))).answer).toEqual(expected);
  });

  it("has not when it answers 200 with a body that is no event", async () => {
    const { answer } = await asked(Response.json({ ok: true }));
    expect(answer).toMatchObject({ status: 500, code: 502 });
    const broken = new Response("{", { headers: { "content-type": "application/cloudevents+json" } });
    expect((await asked(broken)).answer).toMatchObject({ status: 500, code: 502 });
  });

  it.each([
    [404, 500],
    [408, 500],
    [409, 409],
    [429, 429],
    [500, 500],
    [502, 500],
    [503, 503],
  ])("is asked again after %i", async (code, status) => {
    const { answer } = await asked(new Response("why", { status: code, headers: { "retry-after": "7" } }));
    expect(answer).toEqual({ status, code, detail: "why", retryAfterSeconds: 7 });
  });

  it.each([
    [302, 400],
    [400, 400],
    [401, 400],
    [403, 400],
    [410, 400],
    [422, 422],
  ])("is not asked again after %i", async (code, status) => {
    expect((await asked(new Response("why", { status: code }))).answer).toEqual({ status, code, detail: "why" });
  });

  it("is asked again when it can't be reached", async () => {
    const { answer } = await asked(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }));
    expect(answer).toEqual({ status: 503, detail: `${URL_OF_FUNCTION} can't be reached: connect ECONNREFUSED` });
  });

  it("keeps no long error page", async () => {
    expect((await asked(new Response("x".repeat(100_000), { status: 500 }))).answer).toMatchObject({
      detail: "HTTP 500",
    });
  });
});

describe("Retry-After", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  it.each([
    ["7", 7],
    ["0", 0],
    ["Thu, 01 Jan 2026 00:00:30 GMT", 30],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["99999999", 3600],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
  ])("%j is %j seconds", (header, seconds) => {
    expect(retryAfter(header, now)).toBe(seconds);
  });
});
