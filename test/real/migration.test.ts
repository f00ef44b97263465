/** Guests that move between two real nodes of the local shape while they run, by the API, the command line and kubectl. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { cannotBoot, demoVM, LocalProcess, type Manifest } from "./local-process.ts";

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

  beforeAll(async () => {
    local = await LocalProcess.create(2);
    await start("mover", withDisk(local.image));
  }, 300_000);
  afterAll(async () => {
    await local?.close();
  });

  it("go to another node and back, with their memory, and say how it went", async () => {
    let before = await up("mover");
    for (let round = 0; round < 2; round += 1) {
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
    const { status } = await local.vmi("mover");
    expect(status?.claim).toMatchObject({ epoch: 3 });
    expect(status?.migrationState).toMatchObject({ completed: true });
    expect(status?.migrationState?.failed).toBeUndefined();
    expect(status?.migrationMethod).toBe("BlockMigration");
    expect(await local.must(["get", "vmim"])).toMatch(/Succeeded +mover/);
  });
});
