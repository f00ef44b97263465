/** A node runtime with everything real below it: a demo guest's life as the control plane sees it. */
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { linkPrefix } from "#node-runtime/network/names.ts";
import { whyNoLibvirt } from "../contract/hypervisor/libvirt-bench.ts";
import { NODE, openNodeRig, type NodeRig } from "./node-rig.ts";

const skip = whyNoLibvirt();
const run = promisify(execFile);
const PATIENCE = { timeout: 90_000, interval: 100 } as const;
// Another one a run: two on one machine must not see each other's processes.
const uid = randomUUID();

interface Counter {
  readonly count: number;
  readonly bootID: string;
}

async function counterOf(address: string): Promise<Counter> {
  return vi.waitFor(async () => {
    const response = await fetch(`http://${address}/counter`, { signal: AbortSignal.timeout(3000) });
    const [count, , bootID] = (await response.text()).trim().split(/\s+/);
    // The page is written anew ten times a second, and may be read half written.
    if (bootID?.length !== 36) throw new Error(`the counter's page is ${JSON.stringify([count, bootID])}`);
    return { count: Number(count), bootID };
  }, PATIENCE);
}

describe.skipIf(skip !== undefined)(`a node runtime${skip === undefined ? "" : ` (skipped: ${skip})`}`, () => {
  let rig: NodeRig;
  let address: string;
  let version = 100;
  let before: Counter;
  const nextVersion = (): string => String((version += 1));

  beforeAll(async () => {
    rig = await openNodeRig();
  }, 300_000);
  afterAll(async () => {
    await rig?.close();
  });

  const reportsOf = (of: string): string[] =>
    rig.events
      .filter((event) => event.extensions["uid"] === of)
      .map((event) => event.type.replace("dev.virtive.machine.", ""));

  it("starts a machine on an order, and reports it", async () => {
    const order = await rig.demoOrder(uid);
    address = order.anchor.podIP ?? "";
    expect(await rig.order(order)).toMatchObject({ uid, state: "preparing" });
    const status = await rig.until(uid, "running");
    expect(status.interfaces).toMatchObject([{ name: "default", ipAddress: address }]);
    expect(status.volumes).toEqual([
      { name: "data", target: "vda" },
      { name: "seed", target: "vdb" },
    ]);
    await vi.waitUntil(() => reportsOf(uid).includes("started"), PATIENCE);
    expect(reportsOf(uid)).toEqual(["preparing", "started"]);
    const report = rig.events.find((event) => event.extensions["uid"] === uid);
    expect(report?.extensions).toMatchObject({ node: NODE, epoch: "1", namespace: "default" });
  });

  it("keeps a lease from its heartbeats", async () => {
    await vi.waitUntil(() => rig.runtime.leaseValid(), PATIENCE);
    const heartbeat = rig.events.find((event) => event.type === "dev.virtive.node.heartbeat");
    expect(heartbeat?.data).toMatchObject({ node: NODE, url: rig.runtime.url, hypervisorReady: true });
  });

  it("leads to the guest's web server under the pod's address, and nowhere else", async () => {
    before = await counterOf(address);
    expect(before.bootID).toMatch(/^[0-9a-f-]{36}$/);
    await expect(fetch(`http://${address}:81/`, { signal: AbortSignal.timeout(3000) })).rejects.toThrow();
  });

  it("gives the console to the newest client, with what was said before", async () => {
    const first = rig.console(uid, "?history=1");
    let heard = "";
    first.on("message", (data: Buffer) => (heard += data.toString("utf8")));
    const closed = new Promise<number>((resolve) => first.on("close", resolve));
    await vi.waitUntil(() => heard.includes("hello from cloud-init"), PATIENCE);
    const second = rig.console(uid);
    let answer = "";
    second.on("message", (data: Buffer) => (answer += data.toString("utf8")));
    await new Promise((resolve) => second.on("open", resolve));
    expect(await closed).toBe(4000);
    await vi.waitUntil(
      () => {
        second.send("echo $((6*7))\n");
        return answer.includes("42");
      },
      { timeout: 60_000, interval: 1000 },
    );
    second.close();
    const history = await rig.ask("GET", `/machines/${uid}/console/history`);
    expect(history.body).toContain("hello from cloud-init");
  });

  it("halts and runs the vCPUs as ordered", async () => {
    await rig.order({ ...(await rig.demoOrder(uid)), desired: "paused", version: nextVersion() });
    expect(await rig.until(uid, "paused")).toMatchObject({ pausedReason: "PausedByUser" });
    await expect(fetch(`http://${address}/counter`, { signal: AbortSignal.timeout(1000) })).rejects.toThrow();
    await rig.order({ ...(await rig.demoOrder(uid)), desired: "running", version: nextVersion() });
    await rig.until(uid, "running");
    expect((await counterOf(address)).bootID).toBe(before.bootID);
  });

  it("comes back to a guest that has run on", async () => {
    await rig.runtime.close();
    const counted = await counterOf(address);
    await rig.startRuntime();
    await rig.until(uid, "running");
    const after = await counterOf(address);
    expect(after.bootID).toBe(counted.bootID);
    expect(after.count).toBeGreaterThanOrEqual(counted.count);
    await vi.waitUntil(() => reportsOf(uid).includes("adopted"), PATIENCE);
    const history = await rig.ask("GET", `/machines/${uid}/console/history`);
    expect(history.body).toContain("hello from cloud-init");
  });

  it("serves a guest again whose NAT and DHCP ended while nobody looked, and tries until it can", async () => {
    const pod = await rig.pods.find(`pod-${uid}`);
    if (pod === undefined) throw new Error("the pod has no network");
    const pidFile = join(rig.bench.stateDirectory, "..", "runtime", "links", `${uid}.pid`);
    await rig.runtime.close();
    const server = (await readFile(pidFile, "utf8")).trim();
    process.kill(Number(server), "SIGKILL");
    // A process closes its sockets after it has given up its memory, and before it is a zombie or gone.
    await vi.waitUntil(async () => {
      const stat = await readFile(`/proc/${server}/stat`, "utf8").catch(() => "");
      return stat === "" || /\) [ZX] /.test(stat);
    }, PATIENCE);
    await run("ip", ["netns", "exec", pod.namespace, "nft", "flush", "ruleset"]);
    await expect(fetch(`http://${address}/counter`, { signal: AbortSignal.timeout(1000) })).rejects.toThrow();
    // Something else has DHCP's port: the server can't come up.
    const take = `require("node:dgram").createSocket("udp4").bind(67, () => console.log("taken"))`;
    const other = spawn("ip", ["netns", "exec", pod.namespace, process.execPath, "-e", take]);
    let [said, complained] = ["", ""];
    other.stdout.on("data", (data: Buffer) => (said += data.toString()));
    other.stderr.on("data", (data: Buffer) => (complained += data.toString()));
    try {
      await vi.waitUntil(() => said !== "" || other.exitCode !== null, PATIENCE);
      expect({ said, complained }).toEqual({ said: "taken\n", complained: "" });
      await rig.startRuntime();
      await vi.waitUntil(() => rig.status(uid)?.problem !== undefined, PATIENCE);
      expect(rig.status(uid)).toMatchObject({
        state: "running",
        problem: { message: expect.stringContaining("in use") as string },
      });
    } finally {
      other.kill("SIGKILL");
    }
    await vi.waitUntil(() => rig.status(uid)?.problem === undefined, PATIENCE);
    await vi.waitUntil(() => reportsOf(uid).includes("recovered"), PATIENCE);
    const served = await readFile(`/proc/${(await readFile(pidFile, "utf8")).trim()}/cmdline`, "utf8");
    expect(served).toContain("dnsmasq");
    expect((await counterOf(address)).bootID).toBe(before.bootID);
  });

  it("knows nothing while libvirtd is away, and the same guest when it is back", async () => {
    await rig.bench.daemonRestarts();
    await rig.until(uid, "unknown");
    await rig.until(uid, "running");
    expect((await counterOf(address)).bootID).toBe(before.bootID);
  });

  it("refuses what is wrong, and says where", async () => {
    const order = await rig.demoOrder(uid);
    const put = (body: unknown, as = rig.pki.control) => rig.ask("PUT", `/machines/${uid}`, body, as);
    expect(await put(order)).toMatchObject({ status: 409, body: expect.stringContaining("VersionTooOld") as string });
    expect(await put("{")).toMatchObject({ status: 400, body: expect.stringContaining("not JSON") as string });
    expect(await put("x".repeat(1024 * 1024 + 1))).toMatchObject({ status: 413 });
    const wrong = await put({ ...order, desired: "flying", graceSeconds: -1 });
    expect(wrong.status).toBe(422);
    expect((JSON.parse(wrong.body) as { causes: { field: string }[] }).causes.map((cause) => cause.field)).toEqual([
      "desired",
      "graceSeconds",
    ]);
    expect(await put(order, await rig.pki.node("other"))).toMatchObject({ status: 403 });
    expect(await rig.ask("GET", "/machines/nobody")).toMatchObject({ status: 404 });
    expect(await rig.ask("DELETE", `/machines/${uid}?epoch=1`)).toMatchObject({ status: 409 });
    const missing = rig.console("nobody");
    const refusal = await new Promise<number>((resolve) => {
      missing.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
      missing.on("error", () => undefined);
    });
    expect(refusal).toBe(404);
    missing.terminate();
  });

  it("refuses an order of an epoch that is over, also after a restart and once the machine is forgotten", async () => {
    const other = randomUUID();
    const of = async (epoch: number, changes: object = {}) => {
      const order = await rig.demoOrder(other, { desired: "off", ...changes });
      return rig.ask("PUT", `/machines/${other}`, { ...order, claim: { ...order.claim, epoch } });
    };
    const tooOld = { status: 409, body: expect.stringContaining("EpochTooOld") as string };
    expect(await of(3)).toMatchObject({ status: 200 });
    expect(await of(2)).toMatchObject(tooOld);
    // As the owner before would: it does not know that there is another.
    expect(await of(2, { desired: "running", version: "900" })).toMatchObject(tooOld);
    await rig.until(other, "stopped");
    expect(rig.status(other)?.claim.epoch).toBe(3);
    expect(await rig.ask("DELETE", `/machines/${other}?epoch=3`)).toMatchObject({ status: 204 });
    expect(await of(2, { desired: "running" })).toMatchObject(tooOld);
    await rig.runtime.close();
    await rig.startRuntime();
    expect(await of(2, { desired: "running" })).toMatchObject(tooOld);
    expect(rig.status(other)).toBeUndefined();
    await rig.until(uid, "running");
    expect((await counterOf(address)).bootID).toBe(before.bootID);
    await rig.pods.end(`pod-${other}`);
  });

  it("is refused events that are none, are another node's, or contradict themselves; others go on being taken", async () => {
    const taken = (): readonly string[] =>
      rig.events.filter(({ type }) => type !== "dev.virtive.node.heartbeat").map(({ id }) => id);
    const before = taken();
    const json = { "content-type": "application/cloudevents+json" };
    const attributes = { specversion: "1.0", id: "1", source: "/s", type: "dev.virtive.machine.started" };
    const reasonOf = async (reply: ReturnType<NodeRig["tell"]>): Promise<readonly unknown[]> => {
      const { status, body } = await reply;
      return [status, (JSON.parse(body) as { reason: string }).reason];
    };
    expect(await reasonOf(rig.tell({}, "hello"))).toEqual([400, "NotACloudEvent"]);
    expect(await reasonOf(rig.tell(json, "{"))).toEqual([400, "MalformedBody"]);
    expect(await reasonOf(rig.tell({ "ce-id": "1", "ce-source": "/s", "ce-type": "t" }, ""))).toEqual([
      400,
      "UnsupportedVersion",
    ]);
    expect(await reasonOf(rig.tell(json, "x".repeat(300_000)))).toEqual([413, "EventTooLarge"]);
    expect(await reasonOf(rig.tell(json, JSON.stringify({ ...attributes, type: "com.example.user" })))).toEqual([
      422,
      "UnknownType",
    ]);
    const known = rig.events.find((event) => event.type === attributes.type);
    const { extensions = {}, data } = known ?? {};
    const structured = (changes: object): string => JSON.stringify({ ...attributes, ...extensions, data, ...changes });
    expect(await reasonOf(rig.tell(json, structured({ data: { state: "flying" } })))).toEqual([400, "MalformedBody"]);
    expect(await reasonOf(rig.tell(json, structured({ sequence: "99" })))).toEqual([400, "BadAttribute"]);
    const another = await rig.pki.node("other");
    expect(await reasonOf(rig.tell(json, structured({}), another))).toEqual([403, "WrongNode"]);
    expect(taken()).toEqual(before);
    expect((await rig.tell(json, structured({}))).status).toBe(202);
    expect(taken()).toEqual([...before, "1"]);
  });

  it("shuts the guest down on an order, and leaves nothing of it", async () => {
    await rig.order({ ...(await rig.demoOrder(uid)), desired: "stopped", version: nextVersion() });
    const status = await rig.until(uid, "stopped");
    expect(status.exit).toMatchObject({ kind: "shutdown", reason: "ShutdownAsked" });
    await vi.waitUntil(() => reportsOf(uid).includes("stopped"), PATIENCE);
    expect(await rig.bench.hypervisor.list()).toEqual([]);
    const { stdout: links } = await run("ip", ["-n", rig.bench.host.networkNamespace, "-j", "link", "show"]);
    expect(links).not.toContain(linkPrefix(uid));
    const { stdout: processes } = await run("ps", ["ax", "-o", "args"]);
    expect(processes).not.toContain(uid);
    const closed = rig.console(uid);
    const code = await new Promise<number>((resolve) => {
      closed.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
      closed.on("close", resolve);
      closed.on("error", () => undefined);
    });
    expect(code).toBe(422);
    expect(await rig.ask("DELETE", `/machines/${uid}?epoch=1`)).toMatchObject({ status: 204 });
    expect(rig.status(uid)).toBeUndefined();
    expect(existsSync(`${rig.bench.stateDirectory}/../runtime/node/machines/${uid}`)).toBe(false);
  });
});
