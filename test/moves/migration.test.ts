/**
 * Guests that move between two real nodes of the local shape while they run, by the API, the command line and kubectl.
 * VIRTIVE_MOVES=30 lets one go to and fro so often.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { eventually } from "../real/eventually.ts";
import { cannotBoot, demoVM, LocalProcess, type Manifest } from "../real/local-process.ts";
import { keepAsking } from "./parts/asking.ts";
import { watchRunning } from "./parts/running.ts";

const MIGRATIONS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstancemigrations";

const MOVES = Number(process.env["VIRTIVE_MOVES"] ?? 2);
const MOST_MS_A_MOVE = 60_000;

/** With a disk of its own, which has to be copied. */
function withDisk(image: string): (vm: Manifest) => void {
  return ({ spec: { template } }) => {
    template.spec["evictionStrategy"] = "LiveMigrate";
    template.spec.domain.devices.disks.push({ name: "data", disk: { bus: "virtio" } });
    template.spec.volumes.push({ name: "data", containerDisk: { image } });
  };
}

describe.skipIf(cannotBoot() !== undefined)("guests that move", { timeout: 300_000 }, () => {
  let local: LocalProcess;
  const nodeOf = async (name: string): Promise<string> => (await local.vmi(name)).status?.nodeName ?? "";
  const otherNode = async (name: string): Promise<string> => ((await nodeOf(name)) === "node-1" ? "node-2" : "node-1");
  const up = (name: string) => eventually(`${name}'s page`, () => local.counter(name), 120_000);

  async function start(name: string, change?: (vm: Manifest) => void): Promise<void> {
    await local.must(["apply", "-f", "-"], demoVM(local, name, change));
    await local.phase(name, ["Running"], undefined, 120_000);
  }

  async function migrationOf(name: string): Promise<VirtualMachineInstanceMigration | undefined> {
    const { items } = await local.client.send<{ items: VirtualMachineInstanceMigration[] }>("GET", MIGRATIONS);
    return items.filter(({ spec }) => spec.vmiName === name).at(-1);
  }

  beforeAll(async () => {
    local = await LocalProcess.create(2);
    await start("mover", withDisk(local.image));
  }, 300_000);
  afterAll(async () => {
    await local?.close();
  });

  it(
    "go to another node and back, with their memory, and say how it went",
    { timeout: 180_000 + MOVES * MOST_MS_A_MOVE },
    async () => {
      let before = await up("mover");
      const pidFile = (node: string): string => join(local.instance.paths.host(node), "run/qemu/default_mover.pid");
      const watched = watchRunning(new Map(["node-1", "node-2"].map((node) => [node, pidFile(node)])));
      const client = keepAsking((await local.vmi("mover")).status?.interfaces?.[0]?.ipAddress ?? "");
      for (let round = 0; round < MOVES; round += 1) {
        const [from, to] = [await nodeOf("mover"), await otherNode("mover")];
        const { code, stdout, stderr } = await local.virtive(["migrate", "mover"]);
        expect(code, stderr).toBe(0);
        expect(stdout).toContain(`mover: moved from ${from} to ${to}`);
        expect(await nodeOf("mover")).toBe(to);
        const after = await up("mover");
        expect(after.bootID).toBe(before.bootID);
        expect(after.count).toBeGreaterThan(before.count);
        before = after;
      }
      watched.end();
      client.end();
      expect(watched.violations).toEqual([]);
      // On a busy machine a guest may be slow to answer; none that answers has lost a connection.
      expect(client.failures.filter((failure) => /RESET|REFUSED/.test(failure))).toEqual([]);
      console.log(
        `${MOVES} moves, ${client.answers} pages, ${client.failures.length} failed; the longest without one ${Math.round(client.longestGap)} ms`,
      );
      const { status } = await local.vmi("mover");
      expect(status?.claim).toMatchObject({ epoch: MOVES + 1 });
      expect(status?.migrationState).toMatchObject({ completed: true });
      expect(status?.migrationState?.failed).toBeUndefined();
      expect(status?.migrationMethod).toBe("BlockMigration");
      expect(await local.must(["get", "vmim"])).toMatch(/Succeeded +mover/);
    },
  );

  it("refuse what can't be: no such instance, another place for a migration", async () => {
    const unknown = await local.kubectl(["create", "-f", "-"], manifest("nobody"));
    expect(unknown.stderr).toMatch(/spec\.vmiName: .*there is no instance nobody/);
    const vm = await local.virtive(["migrate", "nobody"]);
    expect(vm.code).not.toBe(0);
  });

  it("wait where no other node has room, say so, and end when they are called off", async () => {
    const other = await otherNode("mover");
    await local.must(["cordon", other]);
    await local.must(["create", "-f", "-"], manifest("mover"));
    const waiting = await eventually("it to wait", async () => {
      const one = await migrationOf("mover");
      return one?.status?.conditions?.some(({ type }) => type === "Waiting") === true ? one : undefined;
    });
    expect(waiting.status?.conditions?.[0]?.message).toContain(`${other}: it is cordoned`);
    const second = await local.kubectl(["create", "-f", "-"], manifest("mover"));
    expect(second.stderr).toContain("moves already");
    await local.must(["delete", "vmim", waiting.metadata.name, "--timeout=30s"]);
    await local.must(["uncordon", other]);
    expect((await local.vmi("mover")).status?.phase).toBe("Running");
  });

  it("leave a node that is drained, all of them, and `kubectl drain` ends with 0", async () => {
    await start("one", withDisk(local.image));
    await start("two", withDisk(local.image));
    const names = ["mover", "one", "two"];
    const before = new Map<string, Awaited<ReturnType<typeof up>>>();
    for (const name of names) before.set(name, await up(name));
    const node = await nodeOf("mover");
    const other = await otherNode("mover");
    const drained = await local.kubectl([
      "drain",
      node,
      "--ignore-daemonsets",
      "--delete-emptydir-data",
      "--timeout=200s",
    ]);
    expect(drained.code, drained.stderr).toBe(0);
    for (const name of names) {
      expect(await nodeOf(name)).toBe(other);
      const after = await up(name);
      expect(after.bootID).toBe(before.get(name)?.bootID);
      expect(after.count).toBeGreaterThan(before.get(name)?.count ?? 0);
    }
    await local.must(["uncordon", node]);
  });

  it("stay when their node is uncordoned before they could go", async () => {
    const [node, other] = [await nodeOf("one"), await otherNode("one")];
    await local.must(["cordon", other]);
    const draining = local.virtive(["drain", node, "--timeout", "8"]);
    await eventually("the mark", async () => (await local.vmi("one")).status?.evacuationNodeName);
    await eventually("a migration that waits", async () => {
      const one = await migrationOf("one");
      return one?.status?.phase === "Pending" ? one : undefined;
    });
    expect((await draining).stderr).toContain("guests after 8 s");
    await local.must(["uncordon", node]);
    await eventually("the mark to go", async () =>
      (await local.vmi("one")).status?.evacuationNodeName === undefined ? true : undefined,
    );
    expect(await nodeOf("one")).toBe(node);
    await local.must(["uncordon", other]);
  });
});

function manifest(vmiName: string): string {
  return JSON.stringify({
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { generateName: "test-" },
    spec: { vmiName },
  });
}
