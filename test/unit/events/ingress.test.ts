import { describe, expect, it } from "vitest";
import { nodeEvents, reports } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { virtualClock, type Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { encode } from "#events/http.ts";
import { createIngress, type Identity, type IngressOptions } from "#events/ingress.ts";
import { silentLog } from "#events/log.ts";
import { makeEvent } from "#events/make-event.ts";
import { event } from "./sample.ts";

const clock = virtualClock();
const NODE: Identity = { node: "node1" };
const USER: Identity = { user: "alice" };

const status = {
  uid: "0f6b",
  namespace: "default",
  name: "a",
  claim: { node: "node1", bootID: "boot-1", epoch: 1 },
  version: "7",
  desired: "running",
  state: "running",
  since: "2026-01-01T00:00:00Z",
  sequence: 3,
  interfaces: [],
  volumes: [],
  agentConnected: false,
};

function report(
  parts: { readonly data?: object; readonly extensions?: Readonly<Record<string, string>> } = {},
): CloudEvent {
  return makeEvent({
    type: reports.started,
    source: "/virtive/nodes/node1",
    key: "default/a",
    data: { ...status, ...parts.data },
    extensions: {
      namespace: "default",
      name: "a",
      uid: "0f6b",
      node: "node1",
      bootid: "boot-1",
      epoch: "1",
      sequence: "3",
      ...parts.extensions,
    },
    clock,
  });
}

const heartbeat = {
  node: "node1",
  bootID: "boot-1",
  url: "https://127.0.0.1:40123",
  inventory: "abc",
  capacity: { cpus: 2, memoryBytes: 1024, machines: 0 },
  accelerator: "tcg",
  hypervisorReady: true,
  versions: { qemu: "7.2" },
  loadAverage: 0.5,
};

function bench(identity: Identity | undefined, options: Partial<IngressOptions> = {}) {
  const published: CloudEvent[] = [];
  const app = createIngress({
    publish: async (taken) => void published.push(taken),
    identityOf: () => identity,
    leaseSeconds: 10,
    clock,
    log: silentLog,
    ...options,
  });
  const post = async (path: string, headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer>) => {
    const response = await app.request(path, { method: "POST", headers, body });
    const text = await response.text();
    return {
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      body:
        text === ""
          ? undefined
          : (JSON.parse(text) as { reason?: string; causes?: { field: string }[]; leaseSeconds?: number }),
    };
  };
  return {
    published,
    post,
    send: (sent: CloudEvent, mode: "binary" | "structured" = "binary") => {
      const { headers, body } = encode(sent, mode);
      return post("/events", headers, typeof body === "string" ? body : new Uint8Array(body));
    },
    beat: (body: unknown) => post("/heartbeat", { "content-type": "application/json" }, JSON.stringify(body)),
  };
}

describe("a node's report", () => {
  it.each(["binary", "structured"] as const)("is taken in %s mode, with an empty answer", async (mode) => {
    const { published, send } = bench(NODE);
    expect(await send(report(), mode)).toEqual({ status: 202, retryAfter: null, body: undefined });
    expect(published).toEqual([report()]);
  });

  it("of another node's machine is refused", async () => {
    const { published, send } = bench({ node: "node2" });
    const answer = await send(report());
    expect([answer.status, answer.body?.causes?.[0]?.field]).toEqual([403, "data.claim.node"]);
    expect(published).toEqual([]);
  });

  it.each([
    ["a partition that is another machine's", { extensions: {}, key: "default/other" }, "partitionkey"],
    ["an attribute that contradicts the data", { extensions: { sequence: "9" } }, "sequence"],
  ])(
    "with %s is refused",
    async (_, { extensions, key }: { extensions: Record<string, string>; key?: string }, field) => {
      const wrong = report({ extensions });
      const sent = key === undefined ? wrong : { ...wrong, extensions: { ...wrong.extensions, partitionkey: key } };
      const answer = await bench(NODE).send(sent);
      expect([answer.status, answer.body?.causes?.[0]?.field]).toEqual([400, field]);
    },
  );

  it("whose data is malformed is refused, naming the fields", async () => {
    const sent = { ...report(), data: { ...status, state: "flying", sequence: -1 } };
    const answer = await bench(NODE).send(sent);
    expect(answer.status).toBe(400);
    expect(answer.body?.causes?.map(({ field }) => field).toSorted()).toEqual(["data.sequence", "data.state"]);
  });

  it("of a type that is no report's is refused", async () => {
    for (const type of ["dev.virtive.machine.exploded", nodeEvents.heartbeat.type, "com.example.user"]) {
      expect((await bench(NODE).send({ ...report(), type })).status).toBe(422);
    }
  });
});

describe("an event that is malformed or too large", () => {
  it.each<[string, Record<string, string>, string, number, string]>([
    ["no version", { "ce-id": "1", "ce-source": "/s", "ce-type": "t" }, "", 400, "UnsupportedVersion"],
    ["no event at all", { "content-type": "application/json" }, "{}", 400, "NotACloudEvent"],
    ["JSON that is none", { "content-type": "application/cloudevents+json" }, "{", 400, "MalformedBody"],
    ["a batch", { "content-type": "application/cloudevents-batch+json" }, "[]", 415, "BatchNotSupported"],
    ["too much", { "content-type": "application/cloudevents+json" }, "x".repeat(300_000), 413, "EventTooLarge"],
  ])("%s", async (_, headers, body, code, reason) => {
    const { published, post } = bench(NODE);
    const answer = await post("/events", headers, body);
    expect([answer.status, answer.body?.reason]).toEqual([code, reason]);
    expect(published).toEqual([]);
  });
});

describe("a user's event", () => {
  it("is taken when its type is not ours", async () => {
    const { published, send } = bench(USER);
    const sent = event({ type: "com.example.backup.done", data: { ok: true }, datacontenttype: "application/json" });
    expect((await send(sent)).status).toBe(202);
    expect(published).toEqual([sent]);
  });

  it.each(["dev.virtive.machine.started", "dev.virtive.anything", "dev.knative.apiserver.resource.add"])(
    "of type %s is refused",
    async (type) => {
      expect((await bench(USER).send(event({ type }))).status).toBe(403);
    },
  );
});

describe("a heartbeat", () => {
  it("becomes an event of its node and is answered with a lease", async () => {
    const { published, beat } = bench(NODE);
    expect(await beat(heartbeat)).toEqual({ status: 200, retryAfter: null, body: { leaseSeconds: 10 } });
    expect(published[0]).toMatchObject({
      type: "dev.virtive.node.heartbeat",
      data: heartbeat,
      extensions: { partitionkey: "/node1", node: "node1", bootid: "boot-1" },
    });
  });

  it("that is no news is answered with a lease, and told to nobody", async () => {
    const asked: unknown[] = [];
    const isNews = async (said: unknown) => {
      asked.push(said);
      return false;
    };
    const { published, beat } = bench(NODE, { isNews });
    expect((await beat(heartbeat)).body).toEqual({ leaseSeconds: 10 });
    expect(asked).toEqual([heartbeat]);
    expect(published).toEqual([]);
    expect((await bench({ node: "node2" }, { isNews }).beat(heartbeat)).status).toBe(403);
    expect(asked).toHaveLength(1);
  });

  it("is heard and refused while no lease may be granted", async () => {
    const heard: string[] = [];
    const { published, beat } = bench(NODE, {
      isNews: async ({ node }) => heard.push(node) > 0,
      mayLease: () => false,
    });
    const answer = await beat(heartbeat);
    expect([answer.status, answer.retryAfter, answer.body?.reason]).toEqual([503, "1", "NoLeader"]);
    expect(heard).toEqual(["node1"]);
    expect(published).toEqual([]);
  });

  it("of another node is refused", async () => {
    expect((await bench({ node: "node2" }).beat(heartbeat)).status).toBe(403);
    expect((await bench(USER).beat(heartbeat)).status).toBe(403);
  });

  it("that is malformed is refused, naming the fields", async () => {
    const answer = await bench(NODE).beat({ ...heartbeat, capacity: { ...heartbeat.capacity, cpus: 0 }, extra: 1 });
    expect(answer.status).toBe(400);
    expect(answer.body?.causes?.map(({ field }) => field)).toContain("capacity.cpus");
    expect((await bench(NODE).post("/heartbeat", {}, "{")).status).toBe(400);
    expect((await bench(NODE).post("/heartbeat", {}, "x".repeat(70_000))).status).toBe(413);
  });
});

describe("the ingress", () => {
  it("knows nobody without a certificate", async () => {
    const { published, send, beat } = bench(undefined);
    expect([(await send(report())).status, (await beat(heartbeat)).status]).toEqual([401, 401]);
    expect(published).toEqual([]);
  });

  it("passes on that the broker has no room", async () => {
    const { send } = bench(NODE, {
      publish: () => Promise.reject(new Fault("later", "BrokerFull", "full", { retryAfterSeconds: 1 })),
    });
    expect(await send(report())).toMatchObject({ status: 503, retryAfter: "1", body: { reason: "BrokerFull" } });
  });

  it("bounds how often one identity may call, and recovers", async () => {
    const { beat } = bench(NODE, { mostPerSecond: 5 });
    const answers = [];
    for (let index = 0; index < 12; index += 1) answers.push(await beat(heartbeat));
    expect(answers.map(({ status: code }) => code)).toEqual([...Array.from({ length: 10 }, () => 200), 429, 429]);
    expect(answers.at(-1)?.retryAfter).toBe("1");
    await clock.advance(1000);
    expect((await beat(heartbeat)).status).toBe(200);
  });

  it("takes heartbeats when the wall clock was set back", async () => {
    const set = { back: 0 };
    const wall: Clock = { ...clock, now: () => new Date(clock.now().getTime() - set.back) };
    const { beat } = bench(NODE, { mostPerSecond: 5, clock: wall });
    expect((await beat(heartbeat)).status).toBe(200);
    set.back = 3_600_000;
    expect((await beat(heartbeat)).status).toBe(200);
  });

  it("serves nothing else", async () => {
    expect((await bench(NODE).post("/other", {}, "")).status).toBe(404);
  });
});
