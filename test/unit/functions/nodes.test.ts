import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { connect, createServer as createPlainServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Node } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { systemClock, virtualClock } from "#events/clock.ts";
import { consoleClosings } from "#events/console-closing.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import type { MachineOrder, MachineStatus } from "#events/machine.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { createGateway } from "#functions/gateway/gateway.ts";
import { createNodes, type NodeDoors } from "#functions/nodes.ts";
import { openPki, type Pki } from "#local/pki.ts";
import type { ConsoleClient } from "#node-runtime/console/consoles.ts";
import { serveOrders, type OrdersServer } from "#node-runtime/server.ts";
import { bareInstance, instanceSpec, machineStatus } from "./objects.ts";

let directory: string;
let pki: Pki;
let server: OrdersServer;
let cluster: MemoryCluster;
let nodes: NodeDoors;

const machines = new Map<string, MachineStatus>();
const taken: MachineOrder[] = [];
let fault: Fault | undefined;
let typed = "";
/** Clients that have gone from the node's console. */
let left = 0;
let client: ConsoleClient | undefined;

/** A node's server, as node-runtime has it, over machines that the test keeps. */
async function serveNode(name: string): Promise<OrdersServer> {
  const identity = await pki.node(name);
  return serveOrders({
    listen: { host: "127.0.0.1", port: 0, tls: { ...identity, ca: pki.authority } },
    log: silentLog,
    peers: {
      arrivals: {
        comesFrom: () => undefined,
        prepareArrival: () => Promise.reject(new Error("nobody comes")),
        finishArrival: () => Promise.reject(new Error("nobody comes")),
      },
      wireOf: () => ({ memory: "/nowhere", disks: "/nowhere" }),
    },
    identity: { node: name, bootID: `boot-${name}` },
    machines: {
      async order(order) {
        if (fault !== undefined) throw fault;
        taken.push(order);
        return machineStatus("preparing", { uid: order.uid });
      },
      all: () => [...machines.values()],
      status: (uid) => machines.get(uid),
      async forget(uid) {
        if (fault !== undefined) throw fault;
        machines.delete(uid);
      },
      async act() {
        if (fault !== undefined) throw fault;
      },
      xml: async () => "<domain/>",
    },
    consoles: {
      connect(_uid, connected, { history }) {
        client = connected;
        if (history) connected.send(Buffer.from("before\n"));
        connected.send(Buffer.from("login: "));
        return {
          input(chunk) {
            typed += chunk.toString();
            connected.send(Buffer.from(`you typed ${chunk.toString()}`));
          },
          disconnect: () => void (left += 1),
        };
      },
      history: async () => Buffer.from("before\n"),
      mustBeOpen: () => undefined,
    },
  });
}

/** A way to a port that can be cut, without a word to either end. */
function createWay(port: number) {
  const sockets: Socket[] = [];
  const server = createPlainServer((socket) => {
    const on = connect(port, "127.0.0.1");
    sockets.push(socket, on);
    for (const one of [socket, on]) one.on("error", () => undefined);
    socket.pipe(on).pipe(socket);
  }).listen(0, "127.0.0.1");
  return {
    url: once(server, "listening").then(() => `https://127.0.0.1:${(server.address() as AddressInfo).port}`),
    cut() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function tellOf(name: string, url: string): Promise<void> {
  const at = { name };
  const annotations = { [annotation.runtimeURL]: url };
  const old = await cluster.get(Node, at);
  if (old === undefined)
    await cluster.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name, annotations } });
  else await cluster.patch(Node, old, { ...old, metadata: { ...old.metadata, annotations } }, "object");
}

function order(): MachineOrder {
  return {
    uid: "uid-1",
    namespace: "default",
    name: "web",
    claim: { node: "node1", bootID: "boot-1", epoch: 1 },
    version: "7",
    desired: "running",
    graceSeconds: 30,
    anchor: { podUID: "pod", podName: "virt-launcher-web" },
    spec: instanceSpec,
    files: { init: { "user-data": "IyEvYmluL3No" } },
  };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "virtive-nodes-"));
  pki = await openPki(directory);
  server = await serveNode("node1");
  cluster = memoryCluster({ clock: virtualClock() });
  nodes = createNodes({ reader: cluster, tls: { ca: pki.authority, ...pki.control }, timeoutMilliseconds: 2000 });
});

afterAll(async () => {
  await nodes.close();
  await server.close();
  await rm(directory, { recursive: true });
});

beforeEach(async () => {
  fault = undefined;
  machines.clear();
  machines.set("uid-1", machineStatus("running", { uid: "uid-1" }));
  await tellOf("node1", server.url);
});

describe("a node's door", () => {
  it("tells of its machines, and of none that it does not know", async () => {
    expect(await nodes.machine("node1", "uid-1")).toEqual(machines.get("uid-1"));
    expect(await nodes.machine("node1", "uid-2")).toBeUndefined();
    expect(await nodes.machines("node1")).toHaveLength(1);
  });

  it("reads what is said of all machines a turn of the event loop each, so that reports go between", async () => {
    let turn = 0;
    let counting = true;
    const count = (): void => {
      turn += 1;
      if (counting) setImmediate(count);
    };
    count();
    const turns = await Promise.all(Array.from({ length: 8 }, () => nodes.machines("node1").then(() => turn)));
    counting = false;
    expect(new Set(turns).size).toBe(8);
  });

  it("takes orders whole", async () => {
    expect((await nodes.order(order())).state).toBe("preparing");
    expect(taken.at(-1)).toEqual(order());
  });

  it("forgets, also what it has forgotten already", async () => {
    await nodes.forget("node1", "uid-1", 1);
    expect(machines.size).toBe(0);
    await expect(nodes.forget("node1", "uid-1", 1)).resolves.toBeUndefined();
  });

  const faults = [
    ["stale", "EpochTooOld"],
    ["later", "DiskFull"],
    ["refused", "UnsupportedMachine"],
  ] as const;
  it.each(faults)("passes on a fault that is %s", async (kind, reason) => {
    fault = new Fault(kind, reason, "so it is", {
      causes: [{ reason: "FieldValueInvalid", field: "spec", message: "no" }],
    });
    const thrown: unknown = await nodes.order(order()).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Fault);
    expect(thrown).toMatchObject({ kind, reason, message: "node1: so it is", causes: [{ field: "spec" }] });
  });

  it("may be tried again after a fault of the node's own making", async () => {
    fault = new Fault("bug", "Oops", "a mistake");
    await expect(nodes.act("node1", "uid-1", 1, "reset")).rejects.toMatchObject({ kind: "later" });
  });

  it("says who it is, where its heartbeat says that it listens", async () => {
    expect(await nodes.identity("node1", server.url)).toEqual({ node: "node1", bootID: "boot-node1" });
    await expect(nodes.identity("node2", server.url)).rejects.toMatchObject({ kind: "later" });
    await expect(nodes.identity("node1", "http://127.0.0.1:1")).rejects.toMatchObject({ reason: "NodeUnknown" });
  });

  it("is not that of another node, whatever address it gives", async () => {
    await tellOf("node2", server.url);
    await expect(nodes.machines("node2")).rejects.toMatchObject({ kind: "later", reason: "NodeUnreachable" });
    await expect(nodes.machines("node2")).rejects.toThrow("virtive://node/node2");
    await expect(nodes.console("node2", "uid-1")).rejects.toThrow("virtive://node/node2");
  });

  it("opens to the control plane only", async () => {
    const node = await pki.node("node9");
    const other = createNodes({ reader: cluster, tls: { ca: pki.authority, ...node } });
    await expect(other.machines("node1")).rejects.toMatchObject({ kind: "refused", reason: "Forbidden" });
    await other.close();
  });

  it("is later when nobody answers, or no address is known, or it is no https URL", async () => {
    await tellOf("node3", "https://127.0.0.1:1");
    await expect(nodes.machines("node3")).rejects.toMatchObject({ kind: "later", reason: "NodeUnreachable" });
    await expect(nodes.machines("node4")).rejects.toMatchObject({ kind: "later", reason: "NodeUnknown" });
    await tellOf("node3", "http://127.0.0.1:1");
    await expect(nodes.machines("node3")).rejects.toMatchObject({ kind: "later", reason: "NodeUnknown" });
  });
});

describe("a console", () => {
  let front: Server;
  let url: string;

  beforeAll(async () => {
    const clock = systemClock;
    const reads = { reader: cluster, present: cluster };
    const parts = { ...reads, writer: cluster, nodes, journal: memoryJournal(), clock, log: silentLog };
    const gateway = createGateway(parts);
    front = createServer();
    front.on("upgrade", (request, socket, head: Buffer) => gateway.apis[0]?.upgrade?.(request, socket, head));
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    url = `ws://127.0.0.1:${(front.address() as AddressInfo).port}/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances`;
    await makeVMI("web", { phase: "Running" });
    await makeVMI("failed", { phase: "Failed" });
    await makeVMI("pending", {});
    await makeVMI("headless", { phase: "Running" }, false);
  });

  afterAll(() => {
    front.closeAllConnections();
    front.close();
  });

  async function makeVMI(
    name: string,
    status: { phase?: "Running" | "Failed" },
    serial = true,
    node = "node1",
  ): Promise<void> {
    const domain = { ...instanceSpec.domain, devices: serial ? {} : { autoattachSerialConsole: false } };
    const { object } = await cluster.create(VirtualMachineInstance, bareInstance({ domain }, name));
    const claim = { node, bootID: "boot-1", epoch: 1 };
    await cluster.patch(VirtualMachineInstance, object, { ...object, status: { ...status, claim } }, "status");
    machines.set(object.metadata.uid, machineStatus("running", { uid: object.metadata.uid }));
  }

  async function said(socket: WebSocket, text: string): Promise<string> {
    let all = "";
    return new Promise((resolve, reject) => {
      socket.on("message", (data: Buffer, binary) => {
        if (!binary) reject(new Error("a frame that is not binary"));
        all += data.toString();
        if (all.includes(text)) resolve(all);
      });
      socket.once("error", reject);
      socket.once("close", () => reject(new Error(`closed after ${all}`)));
    });
  }

  async function refusal(
    path: string,
  ): Promise<{ readonly code: number; readonly body: { message: string; reason: string } }> {
    const socket = new WebSocket(`${url}/${path}`, "plain.kubevirt.io");
    return new Promise((resolve, reject) => {
      socket.once("open", () => reject(new Error("it opened")));
      socket.once("error", reject);
      socket.once("unexpected-response", (_request, response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () =>
          resolve({ code: response.statusCode ?? 0, body: JSON.parse(text) as { message: string; reason: string } }),
        );
      });
    });
  }

  beforeEach(async () => {
    for (const vmi of await cluster.list(VirtualMachineInstance)) {
      machines.set(vmi.metadata.uid, machineStatus("running", { uid: vmi.metadata.uid }));
    }
  });

  it("carries bytes both ways, under KubeVirt's subprotocol", async () => {
    const socket = new WebSocket(`${url}/web/console`, "plain.kubevirt.io");
    await said(socket, "login: ");
    expect(socket.protocol).toBe("plain.kubevirt.io");
    const answer = said(socket, "you typed root");
    socket.send(Buffer.from("root"));
    await answer;
    expect(typed).toContain("root");
    socket.close(1000);
    await new Promise((resolve) => socket.once("close", resolve));
  });

  it("begins with its history when asked to", async () => {
    const socket = new WebSocket(`${url}/web/console?history=1`, "plain.kubevirt.io");
    expect(await said(socket, "login: ")).toBe("before\nlogin: ");
    socket.terminate();
  });

  it.each(["ended", "taken", "slow", "leaving"] as const)(
    "that is %s tells its client so, after all that was said",
    async (why) => {
      const socket = new WebSocket(`${url}/web/console`, "plain.kubevirt.io");
      await said(socket, "login: ");
      let last = "";
      socket.on("message", (data: Buffer) => (last += data.toString()));
      const closed = new Promise((resolve) =>
        socket.once("close", (code, text) => resolve({ code, text: String(text) })),
      );
      for (let nth = 0; nth < 100; nth += 1) client?.send(Buffer.from(`${nth} `.repeat(1000)));
      client?.send(Buffer.from("the last words"));
      client?.close(why);
      expect(await closed).toEqual(consoleClosings[why]);
      expect(last).toMatch(/the last words$/);
    },
  );

  it.each([
    ["asks for an upgrade that is none", "Connection: Upgrade\r\nUpgrade: websocket\r\n", false],
    [
      "goes before it has its answer",
      `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"a".repeat(22)}==\r\n`,
      true,
    ],
  ])("is let go of when its client %s", async (_what, headers, goes) => {
    const before = left;
    const { pathname, port } = new URL(`${url}/web/console`);
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: gateway\r\n${headers}\r\n`, () => {
      if (goes) socket.destroy();
    });
    await vi.waitUntil(() => left > before, { timeout: 5_000 });
    socket.destroy();
  });

  it("whose node is gone without a word tells its client so", async () => {
    const gone = await serveNode("node3");
    const way = createWay(Number(new URL(gone.url).port));
    await tellOf("node3", await way.url);
    const vmi = await cluster.get(VirtualMachineInstance, { namespace: "default", name: "web" });
    if (vmi === undefined) throw new Error("no VMI");
    const claim = { node: "node3", bootID: "boot-1", epoch: 2 };
    await cluster.patch(VirtualMachineInstance, vmi, { ...vmi, status: { ...vmi.status, claim } }, "status");
    const socket = new WebSocket(`${url}/web/console`, "plain.kubevirt.io");
    await said(socket, "login: ");
    const closed = new Promise((resolve) => socket.once("close", (code) => resolve(code)));
    way.cut();
    expect(await closed).toBe(consoleClosings.lost.code);
    await gone.close();
  });

  it("whose node's runtime goes in order tells its client so", async () => {
    const leaving = await serveNode("node4");
    await tellOf("node4", leaving.url);
    await makeVMI("moved", { phase: "Running" }, true, "node4");
    const socket = new WebSocket(`${url}/moved/console`, "plain.kubevirt.io");
    await said(socket, "login: ");
    const closed = new Promise((resolve) => socket.once("close", (code) => resolve(code)));
    await leaving.close();
    expect(await closed).toBe(consoleClosings.leaving.code);
  });

  const refusals = [
    ["nobody/console", 404, "NotFound", /"nobody" not found/],
    ["failed/console", 409, "Conflict", /has failed/],
    ["pending/console", 400, "BadRequest", /is not running; it is Pending/],
    ["headless/console", 400, "BadRequest", /no serial console/],
    ["web/vnc", 404, "NotFound", /Nothing is served/],
  ] as const;
  it.each(refusals)("of %s is refused with %i before the upgrade", async (path, code, reason, message) => {
    const answer = await refusal(path);
    expect(answer.code).toBe(code);
    expect(answer.body.reason).toBe(reason);
    expect(answer.body.message).toMatch(message);
  });

  it("of a machine that the node does not know is refused", async () => {
    machines.clear();
    expect((await refusal("web/console")).body.message).toMatch(/console can't be had/);
  });
});
