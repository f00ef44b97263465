/** Nodes of the local shape that are to be empty: all their guests leave, or it is said why not. As docs/migration.md has it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "#api/core.ts";
import { conditionOf } from "#api/object.ts";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { cordon } from "../../cli/commands/drain.ts";
import type { Explanation } from "#functions/gateway/explain.ts";
import { isOver, isUnderWay } from "#functions/migrate/migrations.ts";
import { eventually } from "../real/eventually.ts";
import { cannotBoot, demoVM, LocalProcess, type Manifest } from "../real/local-process.ts";

const MIGRATIONS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstancemigrations";
const GUESTS = ["one", "two", "three", "four", "five"];
/** Whose CPU is its node's own: it can't move. */
const ROOTED = "rooted";
const OUTBOUND = 2;

type Counter = Awaited<ReturnType<LocalProcess["counter"]>>;

describe.skipIf(cannotBoot() !== undefined)("a node that is drained", { timeout: 240_000 }, () => {
  let local: LocalProcess;
  const nodeOf = async (name: string): Promise<string> => (await local.vmi(name)).status?.nodeName ?? "";
  const counter = (name: string) => eventually(`${name}'s page`, () => local.counter(name), 120_000);
  const counters = async (): Promise<ReadonlyMap<string, Counter>> =>
    new Map(await Promise.all(GUESTS.map(async (name) => [name, await counter(name)] as const)));

  async function start(names: readonly string[], change: (vm: Manifest) => void): Promise<void> {
    for (const name of names) await local.must(["apply", "-f", "-"], demoVM(local, name, change));
    await Promise.all(names.map((name) => local.phase(name, ["Running"], undefined, 120_000)));
  }

  async function migrations(): Promise<readonly VirtualMachineInstanceMigration[]> {
    return (await local.client.send<{ items: VirtualMachineInstanceMigration[] }>("GET", MIGRATIONS)).items;
  }

  async function expectUnharmed(before: ReadonlyMap<string, Counter>): Promise<void> {
    for (const [name, now] of await counters()) {
      expect(now.bootID, name).toBe(before.get(name)?.bootID);
      expect(now.count, name).toBeGreaterThan(before.get(name)?.count ?? 0);
    }
  }

  const node = (name: string): Promise<Node> => local.client.send("GET", `/api/v1/nodes/${name}`);

  beforeAll(async () => {
    local = await LocalProcess.create(2);
    // All on one node, and free to go to the other.
    await local.must(["cordon", "node-2"]);
    const disk = { name: "data", disk: { bus: "virtio" } };
    await start(GUESTS, ({ metadata, spec: { template } }) => {
      template.spec["evictionStrategy"] = "LiveMigrate";
      if (metadata.name !== "one") return;
      template.spec.domain.devices.disks.push(disk);
      template.spec.volumes.push({ name: "data", containerDisk: { image: local.image } });
    });
    await local.must(["uncordon", "node-2"]);
    await counters();
  }, 240_000);
  afterAll(async () => {
    await local?.close();
  });

  it("is left by five guests with their memory, within the limits, drained twice at once or not", async () => {
    const before = await counters();
    let most = 0;
    let over = false;
    const drains = Promise.all([
      local.virtive(["drain", "node-1"]),
      local.kubectl(["drain", "node-1", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=140s"]),
    ]).finally(() => (over = true));
    while (!over) most = Math.max(most, (await migrations()).filter(isUnderWay).length);
    const [virtive, kubectl] = await drains;
    expect(virtive.code, virtive.stderr).toBe(0);
    expect(virtive.stdout).toContain("node-1: drained, 5 guests have left");
    expect(virtive.stderr).toMatch(/default\/one: it moves to node-2/);
    expect(virtive.stderr).toMatch(/MiB copied, .* left/);
    expect(kubectl.code, kubectl.stderr).toBe(0);
    expect(most).toBe(OUTBOUND);
    for (const name of GUESTS) expect(await nodeOf(name)).toBe("node-2");
    await expectUnharmed(before);
    const made = await migrations();
    expect(made.map(({ spec }) => spec.vmiName).sort()).toEqual([...GUESTS].sort());
    expect(made.map(({ status }) => status?.phase)).toEqual(GUESTS.map(() => "Succeeded"));
    expect(conditionOf(await node("node-1"), "Drained")).toMatchObject({ status: "True", reason: "NoGuests" });
    await local.must(["wait", "--for=condition=Drained", "node/node-1", "--timeout=5s"]);
  });

  it("tells the story of each move: why, where, how long", async () => {
    for (const name of GUESTS) {
      const { stdout } = await local.virtive(["explain", name]);
      expect(stdout).toMatch(/Succeeded from node-1 to node-2 after \d+ s: the guest must leave node-1/);
      const { decisions } = JSON.parse((await local.virtive(["explain", name, "-o", "json"])).stdout) as Explanation;
      const because = decisions.map((one) => `${one.function}: ${one.because}`).join("\n");
      expect(because).toMatch(/evacuate: it must leave node-1/);
      expect(because).toMatch(/migrate: its turn has come: node-2 is/);
      expect(because).toMatch(/move: the guest runs on node-2: .* it left node-1 within \d+ s, \d+ ms of them halted/);
    }
    await local.must(["uncordon", "node-1"]);
  });

  it("keeps the guests that have not left when it is uncordoned meanwhile", async () => {
    const before = await counters();
    const draining = local.virtive(["drain", "node-2"]);
    await eventually("one of them to have left", async () =>
      (await Promise.all(GUESTS.map(nodeOf))).includes("node-1") ? true : undefined,
    );
    // At once: on a busy machine another process would come when all have gone.
    await cordon(local.client, "node-2", false);
    const { code, stderr } = await draining;
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/DrainCalledOff: node-2 was uncordoned: \d of 5 guests are still there/);
    await eventually("all to be settled", async () => {
      const open = (await migrations()).filter((one) => !isOver(one));
      const marked = await Promise.all(GUESTS.map(async (name) => (await local.vmi(name)).status?.evacuationNodeName));
      return open.length === 0 && marked.every((mark) => mark === undefined) ? true : undefined;
    });
    const nodes = await Promise.all(GUESTS.map(nodeOf));
    expect(new Set(nodes), nodes.join()).toEqual(new Set(["node-1", "node-2"]));
    expect(conditionOf(await node("node-2"), "Drained")).toBeUndefined();
    await expectUnharmed(before);
  });

  it("says who waits for room where the other node is full; they go by themselves once there is some", async () => {
    const before = await counters();
    await local.must(["create", "-f", "-"], await fillerOn("node-1"));
    const { code, stderr } = await local.virtive(["drain", "node-2", "--timeout", "4"]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/node-2 still has \d guests after 4 s: .*node-1: \d+ MiB of memory are free, \d+ MiB are/);
    const drained = conditionOf(await node("node-2"), "Drained");
    expect(drained).toMatchObject({ status: "False", reason: "Waiting" });
    expect(drained?.message).toMatch(/Of \d guests \d wait; default\/\w+: .*MiB of memory are free/);
    await local.must(["delete", "pod", "filler", "--force", "--grace-period=0"]);
    await eventually(
      "all to have left",
      async () => ((await Promise.all(GUESTS.map(nodeOf))).every((name) => name === "node-1") ? true : undefined),
      90_000,
    );
    await expectUnharmed(before);
    await local.must(["uncordon", "node-2"]);
  });

  it("is blocked by a guest that may only leave by moving and can't", async () => {
    await local.must(["cordon", "node-1"]);
    await start([ROOTED], ({ spec: { template } }) => {
      template.spec["evictionStrategy"] = "LiveMigrate";
      template.spec.domain["cpu"] = { model: "host-passthrough" };
    });
    await local.must(["uncordon", "node-1"]);
    const { code, stderr } = await local.virtive(["drain", "node-2", "--timeout", "3"]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(
      /node-2 still has 1 guests after 3 s: default\/rooted: it may only leave by moving, and can't/,
    );
    const drained = conditionOf(await node("node-2"), "Drained");
    expect(drained).toMatchObject({ status: "False", reason: "Blocked" });
    expect(drained?.message).toContain(`default/${ROOTED}: it may only leave by moving, and can't: `);
    const kubectl = await local.kubectl(["drain", "node-2", "--ignore-daemonsets", "--timeout=3s"]);
    expect(kubectl.code).not.toBe(0);
    expect(kubectl.stderr).toMatch(/may only leave node-2 by moving, and it can't/);
    expect((await local.vmi(ROOTED)).status?.phase).toBe("Running");
    // As the answer says: stopped, it blocks no more.
    await local.virtive(["stop", ROOTED, "--force"]);
    const again = await local.virtive(["drain", "node-2", "--timeout", "60"]);
    expect(again.code, again.stderr).toBe(0);
  });

  /** A pod that leaves the node no memory. */
  async function fillerOn(name: string): Promise<string> {
    const { items } = await local.client.send<{ items: { spec: { nodeName?: string; containers: Requesting[] } }[] }>(
      "GET",
      "/api/v1/pods",
    );
    const asked = items
      .filter(({ spec }) => spec.nodeName === name)
      .flatMap(({ spec }) => spec.containers)
      .reduce((sum, { resources }) => sum + Number(resources?.requests?.memory ?? 0), 0);
    const allocatable = Number((await node(name)).status?.allocatable?.["memory"]?.replace("Ki", "")) * 1024;
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "filler" },
      spec: {
        nodeName: name,
        containers: [
          { name: "filler", image: "filler", resources: { requests: { memory: String(allocatable - asked) } } },
        ],
      },
    });
  }
});

interface Requesting {
  readonly resources?: { readonly requests?: { readonly memory?: string } };
}
