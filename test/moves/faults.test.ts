/**
 * What happens to a guest that moves when a process dies at each step of its way: real runtimes, libvirts and QEMUs, each
 * killed by itself. One guest goes from case to case, so what a case leaves wrong is the next one's trouble, too. All the
 * time the kernel's own account of its vCPUs is watched: never do two run.
 */
import { request } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "#api/core.ts";
import { conditionOf } from "#api/object.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { confirmOff } from "../../cli/commands/confirm-off.ts";
import { eventually } from "../real/eventually.ts";
import { cannotBoot, demoVM } from "../real/local-process.ts";
import type { Point } from "./parts/node.ts";
import { NODES, Parts, type NodeName } from "./parts/rig.ts";
import { watchRunning, type Watched } from "./parts/running.ts";

const NAME = "pet";
const DOMAIN = `default_${NAME}`;
const API = "/apis/kubevirt.io/v1/namespaces/default";
const MIGRATIONS = `${API}/virtualmachineinstancemigrations`;
/** From a fault until the guest answers again: it may have to boot on a busy machine. */
const PATIENCE_MS = 150_000;

interface Ends {
  readonly source: NodeName;
  readonly target: NodeName;
}

/** What dies, by its name in a sentence. */
const FAULTS = {
  "the source's runtime": (parts, { source }) => parts.killRuntime(source),
  "the target's runtime": (parts, { target }) => parts.killRuntime(target),
  "both runtimes": async (parts, { source, target }) => {
    await Promise.all([parts.killRuntime(source), parts.killRuntime(target)]);
  },
  "the source's libvirtd": async (parts, { source }) => parts.killLibvirtd(source),
  "the target's libvirtd": async (parts, { target }) => parts.killLibvirtd(target),
  "the target's QEMU": async (parts, { target }) => parts.killQemu(target, DOMAIN),
  "the control plane": (parts) => parts.killControl(),
  "its migration": async ({ client }) => {
    const { items } = await client.send<{ items: VirtualMachineInstanceMigration[] }>("GET", MIGRATIONS);
    const open = items.find(({ status }) => status?.phase === "Running");
    await client.send("DELETE", `${MIGRATIONS}/${open?.metadata.name ?? ""}`);
  },
  "the way to the target": (parts, { target }) => parts.cutOff(target, 3_000),
} as const satisfies Record<string, (parts: Parts, ends: Ends) => Promise<void>>;

type Fault = keyof typeof FAULTS;

/** At which end a move stands at a point. */
const AT: Readonly<Record<Point, keyof Ends>> = {
  incoming: "target",
  prepared: "target",
  copying: "source",
  copied: "source",
  asked: "source",
  finishing: "target",
  finished: "target",
  confirming: "source",
};

/** `lives`: where it may be afterwards, the same boot of the guest; `restarts`: it was lost with its QEMU. */
const CASES: readonly (readonly [Point, Fault, "source" | "target" | "either" | "restarts"])[] = [
  ["incoming", "the source's runtime", "source"],
  ["incoming", "the target's runtime", "source"],
  ["prepared", "the target's libvirtd", "source"],
  ["copying", "the source's runtime", "source"],
  ["copying", "the target's runtime", "source"],
  ["copying", "the source's libvirtd", "source"],
  ["copying", "the target's libvirtd", "source"],
  ["copying", "the target's QEMU", "source"],
  ["copying", "its migration", "source"],
  ["copying", "the control plane", "target"],
  ["copying", "the way to the target", "either"],
  // Halted, and nothing asked: nothing can run it but the source.
  ["copied", "the source's runtime", "source"],
  // It may run there, for all that the source knows; the target says that it does not, in writing.
  ["asked", "the target's runtime", "source"],
  ["asked", "the target's QEMU", "source"],
  ["asked", "the source's runtime", "either"],
  ["asked", "the control plane", "target"],
  ["asked", "the way to the target", "target"],
  // It runs there, and nobody was told.
  ["finished", "the target's runtime", "target"],
  ["finished", "the source's runtime", "target"],
  ["finished", "both runtimes", "target"],
  ["finished", "the source's libvirtd", "target"],
  ["confirming", "the source's runtime", "target"],
  ["finished", "the target's QEMU", "restarts"],
  // It may have run there and ended, for all that anybody knows: it must not go on from the moment in which it was halted.
  ["finishing", "the target's runtime", "restarts"],
];

describe.skipIf(cannotBoot() !== undefined)("a guest that moves while", { timeout: 400_000 }, () => {
  let parts: Parts;
  let watched: Watched;
  let bootID = "";
  let count = 0;

  beforeAll(async () => {
    parts = await Parts.start();
    await parts.client.send("POST", `${API}/virtualmachines`, JSON.parse(demoVM(parts, NAME)));
    watched = watchRunning(new Map(NODES.map((node) => [node, parts.pidFile(node, DOMAIN)])));
    const first = await eventually("the guest's page", counter, 150_000);
    bootID = first.bootID;
  }, 300_000);
  afterEach(() => {
    parts?.release();
  });
  afterAll(async () => {
    watched?.end();
    await parts?.close();
  }, 120_000);

  const vmi = (): Promise<VirtualMachineInstance> => parts.client.send("GET", `${API}/virtualmachineinstances/${NAME}`);
  const migrations = async (): Promise<readonly VirtualMachineInstanceMigration[]> =>
    (await parts.client.send<{ items: VirtualMachineInstanceMigration[] }>("GET", MIGRATIONS)).items;

  async function counter(): Promise<{ readonly bootID: string; readonly count: number } | undefined> {
    const address = addressOf(await vmi());
    if (address === undefined) return undefined;
    const [number, , boot] = (await page(address)).trim().split(/\s+/);
    return number === undefined || boot === undefined ? undefined : { bootID: boot, count: Number(number) };
  }

  function migrate(): Promise<VirtualMachineInstanceMigration> {
    return parts.client.send("POST", MIGRATIONS, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { generateName: "fault-" },
      spec: { vmiName: NAME },
    });
  }

  /** Running, moved or not, with nothing open; answers where. */
  function settled(): Promise<NodeName> {
    return eventually(
      "the guest to run at one end, and its migration to be over",
      async () => {
        const open = (await migrations()).filter(({ status }) => !/Succeeded|Failed/.test(status?.phase ?? ""));
        const { status, metadata } = await vmi();
        if (open.length > 0 || status?.phase !== "Running" || metadata.deletionTimestamp !== undefined)
          return undefined;
        if (status.claim?.migratingTo !== undefined) return undefined;
        const node = status.nodeName as NodeName;
        return watched.running().join() === node ? node : undefined;
      },
      PATIENCE_MS,
      100,
    );
  }

  it.each(CASES)("%s: loses %s", async (point, fault, end) => {
    const source = await settled();
    const address = addressOf(await vmi());
    const target = NODES.find((node) => node !== source) ?? source;
    const ends = { source, target };
    await parts.ready();
    watched.longestGap();
    const reached = parts.holdAt(ends[AT[point]], point);
    await migrate();
    await reached;
    await FAULTS[fault](parts, ends);
    parts.release();
    const where = await settled();
    const now = await eventually("the guest's page", counter, PATIENCE_MS);
    const before = { bootID, count };
    ({ bootID, count } = now); // for the next case, whatever is found wrong with this one
    expect(watched.violations.splice(0)).toEqual([]);
    if (end === "restarts") {
      expect(bootID).not.toBe(before.bootID);
    } else {
      expect(bootID).toBe(before.bootID);
      expect(count).toBeGreaterThanOrEqual(before.count);
      expect(addressOf(await vmi())).toBe(address);
      if (end !== "either") expect(where).toBe(ends[end]);
    }
    // What it cost, for whoever reads the log.
    console.log(
      `${point}, ${fault}: at the ${where === source ? "source" : "target"}; nobody ran for ${Math.round(watched.longestGap())} ms`,
    );
  });

  it("asked: loses the target for good, and starts again on an operator's word", async () => {
    const source = await settled();
    const target = NODES.find((node) => node !== source) ?? source;
    await parts.ready();
    const reached = parts.holdAt(source, "asked");
    await migrate();
    await reached;
    await parts.powerOff(target, DOMAIN);
    parts.release();
    await eventually("the node to be missed", async () => {
      const node = await parts.client.send<Node>("GET", `/api/v1/nodes/${target}`);
      return conditionOf(node, "RuntimeReady")?.status === "Unknown" ? node : undefined;
    });
    // It may have run there: it runs nowhere before somebody knows.
    expect(watched.running()).toEqual([]);
    await expect(confirmOff(parts.client, target, false)).rejects.toMatchObject({ reason: "NotConfirmed" });
    await expect(confirmOff(parts.client, source, true)).rejects.toMatchObject({ reason: "NodeHeard" });
    expect(watched.running()).toEqual([]);
    // As a cluster's autoscaler does with what is gone; the word is believed all the same.
    await parts.client.send("DELETE", `/api/v1/nodes/${target}`);
    expect(await confirmOff(parts.client, target, true)).toMatchObject({ made: true });
    const now = await eventually(
      "the guest to start again",
      async () => {
        const found = await counter();
        return found?.bootID === bootID ? undefined : found;
      },
      PATIENCE_MS,
    );
    expect(now.bootID).not.toBe(bootID);
    expect((await vmi()).status?.nodeName).toBe(source);
    expect(watched.violations).toEqual([]);
    const [newest] = (await migrations()).filter(({ status }) => status?.phase === "Failed").slice(-1);
    expect(newest?.status?.migrationState?.failureReason).toContain("TargetConfirmedOff");
  });
});

function addressOf(vmi: VirtualMachineInstance): string | undefined {
  return vmi.status?.interfaces?.[0]?.ipAddress;
}

function page(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, path: "/counter", timeout: 3_000, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`HTTP ${response.statusCode}`)),
      );
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer within 3 s")));
    sent.on("error", reject);
    sent.end();
  });
}
