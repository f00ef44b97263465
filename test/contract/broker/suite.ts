/**
 * What a broker owes to functions, over HTTP: the delivery contract of docs/events.md. Held are the in-process broker
 * and, where there is one, Knative's: only what both promise is asked for.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Filter } from "#events/broker-types.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { decode, encode, type Mode } from "#events/http.ts";

export interface Subscription {
  readonly name: string;
  readonly filters: readonly Filter[];
  readonly url: string;
  /** Attempts after the first, 20 ms apart and doubling. */
  readonly retry: number;
  /** Where deliveries go that are given up. */
  readonly deadLetterURL?: string;
}

export interface BrokerUnderTest {
  /** Where events are posted. */
  readonly url: string;
  /** Resolves when the subscription is in force. */
  subscribe(subscription: Subscription): Promise<void>;
  stop(): Promise<void>;
}

interface Call {
  readonly event: CloudEvent;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface Response {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A function of a user: answers what it is told to, in turn, then 202; keeps what it was given. */
interface UserFunction {
  readonly url: string;
  readonly calls: Call[];
  stop(): Promise<void>;
}

async function userFunction(answers: readonly Response[] = []): Promise<UserFunction> {
  const left = [...answers];
  const calls: Call[] = [];
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      calls.push({ event: decode({ headers: request.headers, body: Buffer.concat(parts) }), headers: request.headers });
      const { status, headers = {}, body } = left.shift() ?? { status: 202 };
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fn`,
    calls,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function brokerContract(title: string, start: () => Promise<BrokerUnderTest>): void {
  describe(title, () => {
    let broker: BrokerUnderTest;
    let runs = 0;
    const functions: UserFunction[] = [];
    beforeAll(async () => {
      broker = await start();
    });
    afterAll(async () => {
      await Promise.all(functions.map((each) => each.stop()));
      await broker.stop();
    });

    /** A type that no other test uses. */
    const freshType = (): string => `com.example.t${(runs += 1)}`;

    function event(type: string, parts: Partial<CloudEvent> = {}): CloudEvent {
      return {
        specversion: "1.0",
        id: `id-${runs}`,
        source: "/contract",
        type,
        datacontenttype: "application/json",
        data: { a: 1 },
        ...parts,
        extensions: { ...parts.extensions },
      };
    }

    async function post(message: {
      headers: Readonly<Record<string, string>>;
      body: string | Uint8Array;
    }): Promise<number> {
      const body = typeof message.body === "string" ? message.body : new Uint8Array(message.body);
      const response = await fetch(broker.url, { method: "POST", headers: message.headers, body });
      await response.arrayBuffer();
      return response.status;
    }
    const send = (sent: CloudEvent, mode: Mode = "binary"): Promise<number> => post(encode(sent, mode));

    async function subscribed(
      filters: readonly Filter[],
      answers: readonly Response[] = [],
      more: { readonly retry?: number; readonly deadLetterURL?: string } = {},
    ): Promise<UserFunction> {
      const made = await userFunction(answers);
      functions.push(made);
      await broker.subscribe({ name: `s${functions.length}`, filters, url: made.url, retry: 0, ...more });
      return made;
    }

    const calledTimes = (made: UserFunction, times: number): Promise<void> =>
      vi.waitFor(() => expect(made.calls.length).toBe(times), { timeout: 20_000, interval: 20 });

    describe("taking events", () => {
      it.each(["binary", "structured"] as const)("accepts %s mode", async (mode) => {
        const type = freshType();
        const made = await subscribed([{ exact: { type } }]);
        expect(await send(event(type), mode)).toBe(202);
        await calledTimes(made, 1);
        expect(made.calls[0]?.event).toMatchObject({ type, source: "/contract", data: { a: 1 } });
      });

      it.each([
        ["no specversion", { "ce-id": "1", "ce-type": "t", "ce-source": "/s" }, ""],
        ["no id", { "ce-specversion": "1.0", "ce-type": "t", "ce-source": "/s" }, ""],
        ["text that is not JSON", { "content-type": "application/cloudevents+json" }, "{"],
      ])("refuses %s", async (_, headers, body) => {
        expect(await post({ headers, body })).toBe(400);
      });

      it("refuses an event whose hops are used up", async () => {
        expect(await send(event(freshType(), { extensions: { knativebrokerttl: "1" } }))).toBe(400);
      });
    });

    describe("filtering", () => {
      it.each<[string, (type: string) => readonly Filter[], boolean]>([
        ["exact", (type) => [{ exact: { type, phase: "Running" } }], true],
        ["exact, other value", (type) => [{ exact: { type, phase: "Failed" } }], false],
        ["exact, other case", (type) => [{ exact: { type, phase: "running" } }], false],
        ["exact, no such attribute", (type) => [{ exact: { type, zone: "a" } }], false],
        ["prefix", (type) => [{ exact: { type } }, { prefix: { phase: "Run" } }], true],
        ["suffix", (type) => [{ exact: { type } }, { suffix: { phase: "ning" } }], true],
        ["all", (type) => [{ all: [{ exact: { type } }, { suffix: { phase: "x" } }] }], false],
        [
          "any",
          (type) => [{ exact: { type } }, { any: [{ exact: { phase: "x" } }, { prefix: { phase: "R" } }] }],
          true,
        ],
        ["not", (type) => [{ exact: { type } }, { not: { exact: { phase: "Running" } } }], false],
      ])("%s", async (_, filters, passes) => {
        const type = freshType();
        const [made, all] = [await subscribed(filters(type)), await subscribed([{ exact: { type } }])];
        expect(await send(event(type, { extensions: { phase: "Running" } }))).toBe(202);
        await calledTimes(all, 1);
        if (passes) await calledTimes(made, 1);
        else expect(made.calls).toEqual([]);
      });
    });

    describe("delivering", () => {
      it("shows when the event arrived, hides the hop count, and asks for a reply", async () => {
        const type = freshType();
        const made = await subscribed([{ exact: { type } }]);
        await send(event(type, { extensions: { name: "vm1" } }));
        await calledTimes(made, 1);
        const [call] = made.calls;
        expect(call?.event.extensions["name"]).toBe("vm1");
        expect(call?.event.extensions["knativearrivaltime"]).toMatch(/^\d{4}-\d\d-\d\dT/);
        expect(call?.event.extensions).not.toHaveProperty("knativebrokerttl");
        expect(call?.headers["prefer"]).toBe("reply");
      });

      it.each([404, 408, 409, 429, 500, 502, 503])("tries again after %i", async (status) => {
        const type = freshType();
        const made = await subscribed([{ exact: { type } }], [{ status }, { status }], { retry: 3 });
        await send(event(type));
        await calledTimes(made, 3);
      });

      it.each([400, 401, 403, 410, 413, 415, 422])(
        "does not try again after %i, and tells what became of it",
        async (status) => {
          const type = freshType();
          const letters = await userFunction();
          functions.push(letters);
          const answers = [{ status, body: "poison" }];
          const made = await subscribed([{ exact: { type } }], answers, { retry: 3, deadLetterURL: letters.url });
          await send(event(type));
          await calledTimes(letters, 1);
          expect(made.calls.length).toBe(1);
          const letter = letters.calls[0]?.event;
          expect(letter).toMatchObject({ type, source: "/contract", data: { a: 1 } });
          expect(letter?.extensions).toMatchObject({ knativeerrorcode: String(status) });
          expect(letter?.extensions["knativeerrordest"]).toBeDefined();
          expect(letter?.extensions["knativeerrordata"]).toMatch(/^[A-Za-z0-9+/=]+$/);
        },
      );

      it("gives up when the retries are used up", async () => {
        const type = freshType();
        const letters = await userFunction();
        functions.push(letters);
        const failure = { status: 503 };
        const made = await subscribed([{ exact: { type } }], [failure, failure, failure, failure], {
          retry: 2,
          deadLetterURL: letters.url,
        });
        await send(event(type));
        await calledTimes(letters, 1);
        expect(made.calls.length).toBe(3);
        expect(letters.calls[0]?.event.extensions["knativeerrorcode"]).toBe("503");
      });

      it("takes a body that is no event for a failure", async () => {
        const type = freshType();
        const letters = await userFunction();
        functions.push(letters);
        const answers = [{ status: 200, headers: { "content-type": "application/json" }, body: '{"ok":true}' }];
        await subscribed([{ exact: { type } }], answers, { deadLetterURL: letters.url });
        await send(event(type));
        await calledTimes(letters, 1);
        expect(letters.calls[0]?.event.extensions["knativeerrorcode"]).toBe("502");
      });
    });

    describe("replies", () => {
      it("are delivered to whom they concern, also to the one who replied", async () => {
        const [question, answer] = [freshType(), freshType()];
        const reply = encode(event(answer, { id: "reply", data: { answer: 42 } }), "binary");
        const made = await subscribed(
          [{ any: [{ exact: { type: question } }, { exact: { type: answer } }] }],
          [{ status: 200, headers: reply.headers, body: reply.body }],
        );
        const other = await subscribed([{ exact: { type: answer } }]);
        await send(event(question));
        await calledTimes(other, 1);
        await calledTimes(made, 2);
        expect(other.calls[0]?.event).toMatchObject({ id: "reply", data: { answer: 42 } });
      });
    });
  });
}
