import { describe, expect, it } from "vitest";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { uriNames } from "#events/identities.ts";
import { ordersApp, type Served } from "#node-runtime/server.ts";
import { BOOT_ID, order } from "./orders.ts";
import { Rig } from "./rig.ts";

async function served(changes: Partial<Served> = {}, allowed = true) {
  const rig = await Rig.start();
  const { machines } = rig;
  const all: Served = {
    order: (wish) => machines.order(wish),
    all: () => machines.all(),
    status: (uid) => machines.status(uid),
    forget: (uid, epoch) => machines.forget(uid, epoch),
    act: (uid, epoch, action) => machines.act(uid, epoch, action),
    xml: (uid) => machines.xml(uid),
    ...changes,
  };
  const app = ordersApp({
    identity: { node: "node1", bootID: BOOT_ID },
    machines: all,
    consoles: rig.consoles,
    log: silentLog,
    allowed: () => allowed,
  });
  const ask = async (method: string, path: string, body?: unknown) => {
    const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
    const response = await app.request(path, { method, body: text });
    const answer = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: answer === "" ? undefined : (JSON.parse(answer) as unknown),
    };
  };
  return { rig, ask };
}

const path = `/machines/${order().uid}`;

describe("the orders API", () => {
  it("takes an order, and tells what it knows of the machine", async () => {
    const { rig, ask } = await served();
    expect(await ask("GET", "/node")).toMatchObject({ status: 200, body: { node: "node1", bootID: BOOT_ID } });
    expect(await ask("PUT", path, order())).toMatchObject({ status: 200, body: { state: "preparing" } });
    await rig.clock.advance(1000);
    expect(await ask("GET", path)).toMatchObject({ status: 200, body: { state: "running", claim: { epoch: 1 } } });
    expect(await ask("GET", "/machines")).toMatchObject({ status: 200, body: [{ uid: order().uid }] });
  });

  it("serves the control plane only", async () => {
    const { ask } = await served({}, false);
    for (const [method, where] of [
      ["GET", "/node"],
      ["GET", "/machines"],
      ["GET", path],
      ["PUT", path],
      ["DELETE", `${path}?epoch=1`],
      ["GET", `${path}/console/history`],
    ] as const) {
      expect(await ask(method, where, method === "PUT" ? order() : undefined)).toMatchObject({
        status: 403,
        body: { kind: "refused", reason: "Forbidden" },
      });
    }
  });

  it.each([
    ["no JSON", "{", 400, "MalformedBody", undefined],
    ["an unknown field", { ...order(), colour: "red" }, 422, "Invalid", "(body)"],
    ["a wish that is none", { ...order(), desired: "flying" }, 422, "Invalid", "desired"],
    ["a claim without an epoch", { ...order(), claim: { node: "node1", bootID: "b" } }, 422, "Invalid", "claim.epoch"],
    ["another machine's uid", { ...order(), uid: "other" }, 422, "Invalid", "uid"],
    ["more than 1 MiB", "x".repeat(1024 * 1024 + 1), 413, "BodyTooLarge", undefined],
  ])("refuses %s, and names the field", async (_what, body, status, reason, field) => {
    const { ask } = await served();
    const answer = await ask("PUT", path, body);
    expect(answer).toMatchObject({ status, body: { kind: "refused", reason } });
    if (field !== undefined) expect(answer.body).toMatchObject({ causes: [{ field }] });
  });

  it.each([
    ["stale", 409],
    ["later", 503],
    ["refused", 422],
    ["bug", 500],
  ] as const)("answers a %s fault with %d", async (kind, status) => {
    const { ask } = await served({
      order: () => Promise.reject(new Fault(kind, "SomeReason", "some message", { retryAfterSeconds: 4.2 })),
    });
    const answer = await ask("PUT", path, order());
    expect(answer).toMatchObject({ status, body: { kind, reason: "SomeReason", message: "some message", causes: [] } });
    expect(answer.headers.get("retry-after")).toBe("5");
  });

  it("forgets what has stopped, by its epoch", async () => {
    const { rig, ask } = await served();
    await rig.order({ desired: "off" });
    await rig.clock.advance(1000);
    expect(await ask("DELETE", path)).toMatchObject({ status: 422, body: { causes: [{ field: "epoch" }] } });
    expect(await ask("DELETE", `${path}?epoch=2`)).toMatchObject({ status: 409 });
    expect(await ask("DELETE", `${path}?epoch=1`)).toMatchObject({ status: 204 });
    expect(await ask("GET", path)).toMatchObject({ status: 404, body: { reason: "UnknownMachine" } });
  });

  it("acts on what runs only", async () => {
    const { rig, ask } = await served();
    const reset = { action: "reset", epoch: 1 };
    expect(await ask("POST", `${path}/actions`, reset)).toMatchObject({ status: 422, body: { reason: "NotRunning" } });
    await rig.running();
    const answer = ask("POST", `${path}/actions`, reset);
    await rig.clock.advance(100);
    expect(await answer).toMatchObject({ status: 202 });
    expect(await ask("POST", `${path}/actions`, { action: "explode", epoch: 1 })).toMatchObject({ status: 422 });
  });

  it("says so when a path is not served", async () => {
    const { ask } = await served();
    expect(await ask("GET", "/nothing")).toMatchObject({ status: 404, body: { reason: "NotFound" } });
  });
});

describe("names in a certificate", () => {
  it("are compared whole", () => {
    expect(uriNames("DNS:localhost, IP Address:127.0.0.1, URI:virtive://control")).toEqual(["virtive://control"]);
    expect(uriNames('URI:"x, URI:virtive://control"')).toEqual([]);
    expect(uriNames('URI:"a, URI:virtive://control, b", URI:virtive://node/a')).toEqual(["virtive://node/a"]);
    expect(uriNames(undefined)).toEqual([]);
  });
});
