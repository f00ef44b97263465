/**
 * A real guest whose memory changes faster than its move may copy it: what becomes of it is what the migration policy allows.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { eventually } from "../real/eventually.ts";
import { cannotBoot, demoVM, LocalProcess } from "../real/local-process.ts";

const NAME = "busy";
const MIGRATIONS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstancemigrations";
const PATIENCE_MS = 200_000;

/** Writes three megabytes of its memory again and again. */
const USER_DATA = "#!/bin/sh\n(while :; do yes virtive | head -c 3000000 >/run/written; done) >/dev/null 2>&1 &\n";

describe.skipIf(cannotBoot() !== undefined)("a guest that outruns its copying", { timeout: 400_000 }, () => {
  let local: LocalProcess;
  const apply = (object: object): Promise<unknown> => local.must(["apply", "-f", "-"], JSON.stringify(object));

  beforeAll(async () => {
    local = await LocalProcess.create(2);
    // Half of it without progress, and what is allowed is done.
    const spec = { configuration: { migrations: { progressTimeout: 20 } } };
    await local.must([
      "patch",
      "kubevirt",
      "kubevirt",
      "-n",
      "kubevirt",
      "--type=merge",
      "-p",
      JSON.stringify({ spec }),
    ]);
    const vm = demoVM(local, NAME, ({ spec: { template } }) => {
      const seed = template.spec.volumes.find(({ name }) => name === "seed");
      Object.assign(seed ?? {}, { cloudInitNoCloud: { userData: USER_DATA } });
    });
    await local.must(["apply", "-f", "-"], vm);
    await local.phase(NAME, ["Running"], undefined, 120_000);
  }, 300_000);
  afterAll(() => local?.close(), 120_000);

  async function moved(settings: object): Promise<VirtualMachineInstanceMigration> {
    await apply({
      apiVersion: "migrations.kubevirt.io/v1alpha1",
      kind: "MigrationPolicy",
      metadata: { name: "narrow" },
      spec: {
        selectors: {},
        bandwidthPerMigration: "4Mi",
        maxDowntimeMs: 300,
        ...settings,
      },
    });
    const { metadata } = await local.client.send<VirtualMachineInstanceMigration>("POST", MIGRATIONS, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { generateName: "outrun-" },
      spec: { vmiName: NAME },
    });
    return eventually(
      "the migration to be over",
      async () => {
        const path = `${MIGRATIONS}/${metadata.name}`;
        const migration = await local.client.send<VirtualMachineInstanceMigration>("GET", path);
        return /Succeeded|Failed/.test(migration.status?.phase ?? "") ? migration : undefined;
      },
      PATIENCE_MS,
    );
  }

  it.each([
    ["stays, and says why, where nothing is allowed", {}, "Failed", "PreCopy"],
    ["is halted for it", { allowWorkloadDisruption: true }, "Succeeded", "Paused"],
    ["goes on at the target before all of it is there", { allowPostCopy: true }, "Succeeded", "PostCopy"],
  ])("%s", async (_what, settings, phase, mode) => {
    const before = await eventually("the guest's page", () => local.counter(NAME), PATIENCE_MS);
    const from = (await local.vmi(NAME)).status?.nodeName;
    const { status } = await moved(settings);
    expect(status?.phase, status?.migrationState?.failureReason).toBe(phase);
    const vmi = await local.vmi(NAME);
    expect(vmi.status?.migrationState?.mode).toBe(mode);
    expect(vmi.status?.nodeName === from).toBe(phase === "Failed");
    if (phase === "Failed") {
      expect(status?.migrationState?.failureReason).toMatch(/CannotConverge: .* change and .* get through a second/);
      expect(status?.migrationState?.failureReason).toContain("allowPostCopy or allowWorkloadDisruption");
    }
    const after = await eventually("the guest's page", () => local.counter(NAME), PATIENCE_MS);
    expect(after.bootID).toBe(before.bootID);
    expect(after.count).toBeGreaterThan(before.count);
  });
});
