import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "#events/log.ts";
import type { DomainEvent } from "#node-runtime/hypervisor.ts";
import { openLibvirt, type LibvirtHypervisor } from "#node-runtime/libvirt/hypervisor.ts";
import { FakeDaemon, Refused } from "./fake-daemon.ts";

const uuid = "00112233-4455-6677-8899-aabbccddeeff";
const dom = { name: "demo", uuid, id: 3 };
const xml = `<domain type='qemu'><name>demo</name><uuid>${uuid}</uuid></domain>`;

let daemon: FakeDaemon;
let hypervisor: LibvirtHypervisor;
let told: DomainEvent[];
let connections: boolean[];

/** Callback ids by event id, as this daemon gives them out. */
const callbackOf = (eventID: number): number => 100 + eventID;

beforeEach(async () => {
  daemon = new FakeDaemon();
  daemon.handlers.connectDomainEventCallbackRegisterAny = ({ eventID }) => ({ callbackID: callbackOf(eventID) });
  daemon.handlers.domainLookupByUuid = ({ uuid: wanted }) => {
    if (wanted !== uuid) throw new Refused({ code: 42, message: "no domain" });
    return { dom };
  };
  await daemon.listen();
  told = [];
  connections = [];
  hypervisor = openLibvirt({ socketPath: daemon.path, log: silentLog, readyMilliseconds: 5_000 });
  hypervisor.onEvent((event) => told.push(event));
  hypervisor.onConnection((connected) => connections.push(connected));
  await hypervisor.ready();
});
afterEach(async () => {
  await hypervisor.close();
  await daemon.close();
});

const calls = (name: string): number => daemon.received.filter((call) => call.name === name).length;

describe("the session", () => {
  it("has two connections, and its four kinds of events before it tells that it is there", () => {
    expect(daemon.clients).toHaveLength(2);
    expect(calls("connectDomainEventCallbackRegisterAny")).toBe(4);
    expect(connections).toEqual([true]);
  });

  it("comes back when the daemon drops it, registers the events again, and tells both", async () => {
    daemon.clients[1]?.socket.destroy();
    await vi.waitUntil(() => connections.length === 3);
    expect(connections).toEqual([true, false, true]);
    expect(daemon.clients).toHaveLength(4);
    daemon.clients[2]?.sendEvent("domainEventCallbackLifecycle", {
      callbackID: callbackOf(0),
      msg: { dom, event: 5, detail: 5 },
    });
    await vi.waitUntil(() => told.length > 0);
    expect(told).toEqual([{ uuid, event: "stopped", how: "crashed" }]);
  });

  it("says what stands in the way when nobody answers in time", async () => {
    const nobody = openLibvirt({ socketPath: `${daemon.path}-not`, log: silentLog, readyMilliseconds: 100 });
    await expect(nobody.ready()).rejects.toMatchObject({
      kind: "later",
      message: expect.stringMatching(/not ready within 100 ms: cannot reach libvirt at/) as string,
    });
    await expect(nobody.list()).rejects.toMatchObject({ kind: "later", reason: "HypervisorDisconnected" });
    expect(nobody.connected).toBe(false);
    await nobody.close();
  });

  it("keeps the other listeners when one of them fails", async () => {
    const seen: string[] = [];
    hypervisor.onEvent(() => {
      throw new Error("a listener's mistake");
    });
    hypervisor.onEvent(({ event }) => seen.push(event));
    daemon.clients[0]?.sendEvent("domainEventCallbackReboot", { callbackID: callbackOf(1), msg: { dom } });
    await vi.waitUntil(() => seen.length > 0);
    expect(seen).toEqual(["rebooted"]);
    expect(hypervisor.connected).toBe(true);
  });
});

describe("creating a domain", () => {
  const refuse = (code: number, int1?: number): void => {
    daemon.handlers.domainCreateXml = () => {
      throw new Refused({ code, ...(int1 === undefined ? {} : { int1 }) });
    };
  };

  it("asks for halted vCPUs", async () => {
    const flags: number[] = [];
    daemon.handlers.domainCreateXml = (args) => {
      flags.push(args.flags);
      return { dom };
    };
    await hypervisor.createPaused(xml);
    expect(flags).toEqual([1]);
  });

  it("is stale when the UUID is taken, whatever libvirt calls that", async () => {
    refuse(55);
    await expect(hypervisor.createPaused(xml)).rejects.toMatchObject({ kind: "stale", reason: "DomainExists" });
  });

  it("is refused for a wrong XML, and for a file that is not there", async () => {
    daemon.handlers.domainLookupByUuid = () => {
      throw new Refused({ code: 42 });
    };
    daemon.handlers.connectListAllDomains = () => ({ domains: [], ret: 0 });
    refuse(27);
    await expect(hypervisor.createPaused(xml)).rejects.toMatchObject({ kind: "refused", reason: "InvalidDomain" });
    refuse(1);
    await expect(hypervisor.createPaused(xml)).rejects.toMatchObject({ kind: "refused", reason: "StartFailed" });
    refuse(38, 2);
    await expect(hypervisor.createPaused(xml)).rejects.toMatchObject({ kind: "refused", reason: "FileNotUsable" });
  });

  it("comes later when there is no room", async () => {
    daemon.handlers.domainLookupByUuid = () => {
      throw new Refused({ code: 42 });
    };
    daemon.handlers.connectListAllDomains = () => ({ domains: [], ret: 0 });
    refuse(38, 28);
    await expect(hypervisor.createPaused(xml)).rejects.toMatchObject({ kind: "later" });
    refuse(2);
    await expect(hypervisor.createPaused(xml)).rejects.toMatchObject({ kind: "later", reason: "OutOfMemory" });
  });
});

describe("the other operations", () => {
  it("leave a domain out that ends while it is listed", async () => {
    daemon.handlers.connectListAllDomains = () => ({
      domains: [dom, { ...dom, name: "gone", uuid: uuid.replace("0", "f") }],
      ret: 2,
    });
    daemon.handlers.domainGetState = (args) => {
      if (args.dom.name === "gone") throw new Refused({ code: 42 });
      return { state: 1, reason: 1 };
    };
    expect(await hypervisor.list()).toEqual([{ uuid, name: "demo", state: "running", reason: "Booted" }]);
  });

  it("take a resumed domain that runs already for done", async () => {
    daemon.handlers.domainResume = () => {
      throw new Refused({ code: 55, message: "domain is already running" });
    };
    daemon.handlers.domainGetState = () => ({ state: 1, reason: 5 });
    await hypervisor.resume(uuid);
    daemon.handlers.domainGetState = () => ({ state: 4, reason: 1 });
    await expect(hypervisor.resume(uuid)).rejects.toMatchObject({ kind: "stale", reason: "NotInThisState" });
  });

  it("are to be tried again after an error that says nothing, since the domain is there", async () => {
    daemon.handlers.domainResume = () => {
      throw new Refused({ code: 1, message: "internal error" });
    };
    await expect(hypervisor.resume(uuid)).rejects.toMatchObject({ kind: "later", reason: "HypervisorError" });
  });

  it("take a destroyed domain that is gone for done", async () => {
    await hypervisor.destroy(uuid.replace("0", "f"));
    expect(calls("domainDestroyFlags")).toBe(0);
    daemon.handlers.domainDestroyFlags = () => {
      throw new Refused({ code: 42 });
    };
    await hypervisor.destroy(uuid);
    expect(calls("domainDestroyFlags")).toBe(1);
  });

  it("pass the guest agent's answer on, and call it unresponsive when it is", async () => {
    daemon.handlers.qemuDomainAgentCommand = ({ cmd }) => ({
      result: JSON.stringify({ return: JSON.parse(cmd) as unknown }),
    });
    expect(await hypervisor.agent(uuid, { execute: "guest-ping" }, 1)).toEqual({ return: { execute: "guest-ping" } });
    daemon.handlers.qemuDomainAgentCommand = () => {
      throw new Refused({ code: 86 });
    };
    await expect(hypervisor.agent(uuid, {}, 1)).rejects.toMatchObject({ kind: "later", reason: "AgentUnresponsive" });
  });
});
