/** A real node with a real libvirtd and QEMU: what the contract's suite does not ask, and the life of the node itself. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { silentLog } from "#events/log.ts";
import { EMULATOR, probeAccelerator, runBootSector } from "#node-runtime/host/accelerator.ts";
import { hostRuns, startHost, type Host } from "#node-runtime/host/host.ts";
import { processAt } from "#node-runtime/host/process.ts";
import { connect } from "#node-runtime/libvirt/connection.ts";
import { openLibvirtBench, whyNoLibvirt, type LibvirtBench } from "../contract/hypervisor/libvirt-bench.ts";

const skip = whyNoLibvirt();
const PATIENCE = { timeout: 30_000, interval: 10 } as const;

async function runningGuest(bench: LibvirtBench, name: string): Promise<string> {
  const uuid = randomUUID();
  await bench.hypervisor.createPaused(bench.xml({ name, uuid }));
  await bench.hypervisor.resume(uuid);
  return uuid;
}

describe.skipIf(skip !== undefined)(
  `libvirt on a node of its own${skip === undefined ? "" : ` (skipped: ${skip})`}`,
  () => {
    let bench: LibvirtBench;
    beforeAll(async () => {
      bench = await openLibvirtBench({ name: "calls" });
      await bench.hypervisor.ready();
    });
    afterAll(() => bench?.close());

    it("answers two hundred calls at once, and a call alone in well under a hundredth of a second", async () => {
      const uuid = await runningGuest(bench, "many-calls");
      const address = { kind: "unix", path: bench.host.socketPath } as const;
      const connection = await connect({ address, uri: "qemu:///system" });
      const { dom } = await connection.call("domainLookupByUuid", { uuid });
      const asked = Array.from({ length: 200 }, () => connection.call("domainGetState", { dom, flags: 0 }));
      expect((await Promise.all(asked)).every(({ state }) => state === 1)).toBe(true);
      const times: number[] = [];
      for (let i = 0; i < 300; i += 1) {
        const start = performance.now();
        await connection.call("domainGetState", { dom, flags: 0 });
        times.push(performance.now() - start);
      }
      times.sort((a, b) => a - b);
      expect(times[150]).toBeLessThan(10);
      await connection.close();
      await bench.hypervisor.destroy(uuid);
    });

    it("answers calls of other programs and versions with an error, and goes on", async () => {
      const address = { kind: "unix", path: bench.host.socketPath } as const;
      const connection = await connect({ address, uri: "qemu:///system" });
      await expect(connection.call("domainLookupByUuid", { uuid: randomUUID() })).rejects.toMatchObject({
        code: 42,
        level: 2,
      });
      expect((await connection.call("connectGetLibVersion", {})).libVer).toBeGreaterThan(7_000_000n);
      await connection.close();
    });

    it("lets a console that nobody reads stall nothing but its guest", async () => {
      const uuid = await runningGuest(bench, "flood");
      await bench.guestIsUp(uuid);
      const console = await bench.hypervisor.console(uuid);
      console.pause();
      console.write("f");
      // Reads until its buffer is full, and no further.
      console.read(0);
      await vi.waitUntil(() => console.readableLength >= console.readableHighWaterMark, PATIENCE);
      for (let i = 0; i < 50; i += 1) expect(await bench.hypervisor.domain(uuid)).toMatchObject({ state: "running" });
      expect(console.readableLength).toBeLessThan(1024 * 1024);
      let read = 0;
      console.on("data", (chunk: Buffer) => (read += chunk.length));
      console.resume();
      await vi.waitUntil(() => read > 384 * 1024, PATIENCE);
      console.destroy();
      await bench.hypervisor.destroy(uuid);
    });

    it("refuses a domain whose disk is not there, and one with a device that QEMU does not know", async () => {
      const guest = { name: "wrong", uuid: randomUUID() };
      const missing = bench.xml(guest).replace(bench.guestPath, "/nowhere/disk");
      await expect(bench.hypervisor.createPaused(missing)).rejects.toMatchObject({ kind: "refused" });
      const unknown = bench.xml(guest).replace("machine='pc'", "machine='no-such-machine'");
      await expect(bench.hypervisor.createPaused(unknown)).rejects.toMatchObject({ kind: "refused" });
      expect(await bench.hypervisor.domain(guest.uuid)).toBeUndefined();
    });

    it("brings libvirtd back within seconds when it is killed, in the same namespaces", async () => {
      const before = bench.daemonPid();
      const namespace = readlinkSync(`/proc/${before}/ns/net`);
      const connections: boolean[] = [];
      const off = bench.hypervisor.onConnection((connected) => connections.push(connected));
      const start = performance.now();
      process.kill(before, "SIGKILL");
      await vi.waitUntil(() => connections.includes(true), PATIENCE);
      off();
      expect(performance.now() - start).toBeLessThan(10_000);
      expect(connections).toEqual([false, true]);
      expect(bench.daemonPid()).not.toBe(before);
      expect(readlinkSync(`/proc/${bench.daemonPid()}/ns/net`)).toBe(namespace);
    });
  },
);

describe.skipIf(skip !== undefined)(`a node${skip === undefined ? "" : ` (skipped: ${skip})`}`, () => {
  let bench: LibvirtBench;
  let host: Host;
  const again = () =>
    startHost({
      name: "life",
      stateDirectory: bench.stateDirectory,
      instance: join(bench.stateDirectory, ".."),
      log: silentLog,
    });
  const recorded = (who: "keeper" | "daemon"): number =>
    (JSON.parse(readFileSync(join(bench.stateDirectory, "host.json"), "utf8")) as Record<string, { pid: number }>)[who]
      ?.pid ?? 0;

  beforeAll(async () => {
    bench = await openLibvirtBench({ name: "life" });
    host = bench.host;
    await bench.hypervisor.ready();
  });
  afterAll(() => bench?.close());

  it("has its own network, host name and libvirt directories; the machine's are as they were", () => {
    const inside = (...argv: string[]): string => {
      const [program = "", ...args] = host.enter(argv);
      return execFileSync(program, args, { encoding: "utf8" }).trim();
    };
    expect(inside("hostname")).toBe("life");
    expect(inside("ls", "/sys/class/net")).toBe("lo");
    expect(inside("getent", "hosts", "life")).toMatch(/^127\.0\.0\.1\s/);
    expect(inside("ls", "/run/libvirt")).toContain("libvirt-sock");
    expect(execFileSync("hostname", { encoding: "utf8" }).trim()).not.toBe("life");
    expect(existsSync("/etc/libvirt/libvirtd.conf") && readFileSync("/etc/libvirt/libvirtd.conf", "utf8")).not.toMatch(
      /Virtive/,
    );
    expect(readdirSync("/run/netns")).toContain(host.networkNamespace);
  });

  it("is found again with its guests by the next process, as the same boot", async () => {
    const uuid = await runningGuest(bench, "adopted");
    const daemon = bench.daemonPid();
    await host.detach();
    const found = await again();
    expect(found.bootID).toBe(host.bootID);
    expect(bench.daemonPid()).toBe(daemon);
    expect(await bench.hypervisor.domain(uuid)).toMatchObject({ state: "running" });
    await expect(found.stop()).rejects.toMatchObject({ kind: "stale", reason: "GuestsRunning" });
    await found.detach();
  });

  it("is not booted anew beside its running guests when its record cannot be read", async () => {
    const path = join(bench.stateDirectory, "host.json");
    const record = readFileSync(path, "utf8");
    writeFileSync(path, record.slice(0, 20));
    try {
      await expect(again()).rejects.toMatchObject({ kind: "refused", reason: "HostRecordUnreadable" });
    } finally {
      writeFileSync(path, record);
    }
  });

  it("is found by its guest alone when keeper and libvirtd are dead, and still is the same boot", async () => {
    const [guest] = await bench.hypervisor.list();
    const guestPid = bench.pidOf("adopted");
    for (const who of ["keeper", "daemon"] as const) {
      const found = processAt(recorded(who));
      process.kill(found?.pid ?? 0, "SIGKILL");
      await vi.waitUntil(() => found?.alive() === false, PATIENCE);
    }
    await vi.waitUntil(() => !bench.hypervisor.connected, PATIENCE);
    const found = await again();
    expect(found.bootID).toBe(host.bootID);
    await bench.hypervisor.ready();
    expect(await bench.hypervisor.list()).toEqual([guest]);
    expect(bench.pidOf("adopted")).toBe(guestPid);
    await bench.hypervisor.destroy(guest?.uuid ?? "");
    await found.detach();
  });

  it("is another boot after the machine's own, whatever processes have the old numbers now", async () => {
    const path = join(bench.stateDirectory, "host.json");
    const record = JSON.parse(readFileSync(path, "utf8")) as { kernelBoot: string; bootID: string; hostUUID: string };
    writeFileSync(path, JSON.stringify({ ...record, kernelBoot: randomUUID() }));
    const booted = await again();
    expect(booted.bootID).not.toBe(record.bootID);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ hostUUID: record.hostUUID });
    await booted.detach();
  });

  it("is another boot after it was stopped, and stopping leaves nothing", async () => {
    const running = await again();
    const processes = [recorded("keeper"), recorded("daemon")].map((pid) => processAt(pid));
    const place = { name: "life", stateDirectory: bench.stateDirectory, instance: join(bench.stateDirectory, "..") };
    expect(await hostRuns(place)).toBe(true);
    await running.stop();
    expect(await hostRuns(place)).toBe(false);
    for (const one of processes) expect(one?.alive()).toBe(false);
    expect(readdirSync("/run/netns")).not.toContain(running.networkNamespace);
    const next = await again();
    expect(next.bootID).not.toBe(running.bootID);
    await next.stop();
  });
});

describe.skipIf(skip !== undefined)(`the proof of KVM${skip === undefined ? "" : ` (skipped: ${skip})`}`, () => {
  it("is a program that runs to its end where it can run: under TCG it does", async () => {
    expect(await runBootSector(EMULATOR, ["-accel", "tcg", "-cpu", "max"])).toMatchObject({ passed: true });
  });

  it("is not given by a machine without what guests need", async () => {
    // A CPU without 64-bit mode: the boot sector cannot get through.
    expect(await runBootSector(EMULATOR, ["-accel", "tcg", "-cpu", "486"])).toMatchObject({ passed: false });
  });

  it("is answered in a sentence, at once when asked again", async () => {
    vi.stubEnv("VIRTIVE_ACCELERATOR", "");
    const answer = await probeAccelerator();
    expect(answer.because).not.toBe("");
    const start = performance.now();
    expect(await probeAccelerator()).toEqual(answer);
    expect(performance.now() - start).toBeLessThan(500);
    vi.unstubAllEnvs();
  });
});
