/** Guests that move between two nodes of a cluster: by a migration, by a drain, and those that may not. */
import { describe, expect, it } from "vitest";
import { MINUTE, NAMESPACE, machine, patience, type ChartRig, type Count } from "../chart-rig.ts";

/** More than a node lets go at a time. */
const GUESTS = ["m1", "m2", "m3"] as const;
const SOURCE = "node-1";
const TARGET = "node-2";

export function movesOfGuests(open: () => ChartRig): void {
  describe("guests that move", () => {
    const services = new Map<string, string>();
    const nodeOf = (name: string): Promise<string> => open().value("vmi", name, ".status.nodeName");
    const addressOf = (name: string): string => services.get(name) ?? "";
    const controls = ["-n", NAMESPACE, "-l", "app.kubernetes.io/component=control"];
    const controlOn = async (): Promise<readonly string[]> =>
      (await open().must(["get", "pods", ...controls, "-o", "jsonpath={.items[*].spec.nodeName}"])).split(" ").sort();
    const controlReady = (): Promise<string> =>
      open().must(["rollout", "status", "deployment/virtive-control", "-n", NAMESPACE, "--timeout=110s"]);

    it(
      "are started side by side on one node, with container disks of their own",
      { timeout: 10 * MINUTE },
      async () => {
        const rig = open();
        await rig.must(["cordon", TARGET]);
        const moving = (name: string) => machine(name, () => ({ evictionStrategy: "LiveMigrate" }));
        await Promise.all(GUESTS.map(async (name) => services.set(name, await rig.start(moving(name)))));
        const stays = machine("stays", ({ domain }) => ({
          evictionStrategy: "LiveMigrate",
          domain: { ...domain, devices: { ...domain.devices, interfaces: [{ name: "default", bridge: {} }] } },
        }));
        await rig.must(["create", "-f", "-"], JSON.stringify(stays));
        await rig.until("vm", "stays", ".status.printableStatus", /^Running$/, 3 * MINUTE);
        await rig.must(["uncordon", TARGET]);
        for (const name of [...GUESTS, "stays"]) expect(await nodeOf(name)).toBe(SOURCE);
        const condition = '.status.conditions[?(@.type=="LiveMigratable")].status';
        expect(await rig.value("vmi", "m1", condition)).toBe("True");
        expect(await rig.value("vmi", "stays", condition)).toBe("False");
      },
    );

    it("go and come back by a migration, while a client of their Service asks on", async () => {
      const rig = open();
      const before = await rig.counter(addressOf("m1"));
      const client = rig.watch(addressOf("m1"));
      for (const target of [TARGET, SOURCE]) {
        const migration = {
          apiVersion: "kubevirt.io/v1",
          kind: "VirtualMachineInstanceMigration",
          metadata: { name: `m1-to-${target}` },
          spec: { vmiName: "m1" },
        };
        await rig.must(["create", "-f", "-"], JSON.stringify(migration));
        await rig.until("vmim", `m1-to-${target}`, ".status.phase", /^(Succeeded|Failed)$/);
        expect(await rig.value("vmim", `m1-to-${target}`, ".status.migrationState.failureReason")).toBe("");
        expect(await nodeOf("m1")).toBe(target);
        const runsIn = async (): Promise<string> => rig.value("pod", await rig.podOf("m1"), ".spec.nodeName");
        await expect.poll(runsIn, patience(MINUTE)).toBe(target);
      }
      const after = await rig.counter(addressOf("m1"));
      const seen = await client.stop();
      console.error(
        `moved twice: ${seen.answers.length} answers, ${seen.failed} failed, longest gap ${seen.longestGapMilliseconds} ms`,
      );
      expect(goesOn(before, after)).toBe(true);
      expect(seen.answers.every(({ boot }) => boot === before.boot)).toBe(true);
    });

    it(
      "leave a node by one kubectl drain, all three, though control leaves it as well; who may not move blocks it until it is stopped",
      { timeout: 12 * MINUTE },
      async () => {
        const rig = open();
        // Nothing of control is elsewhere: the drain evicts each replica in turn while guests move.
        await rig.must(["cordon", TARGET]);
        await rig.must(["delete", "pod", ...controls, `--field-selector=spec.nodeName=${TARGET}`]);
        await controlReady();
        await expect.poll(controlOn, patience(MINUTE)).toEqual([SOURCE, SOURCE]);
        await rig.must(["uncordon", TARGET]);
        const before = new Map<string, Count>();
        for (const name of GUESTS) before.set(name, await rig.counter(addressOf(name)));
        const clients = GUESTS.map((name) => rig.watch(addressOf(name)));

        const drain = rig.kubectl(["drain", SOURCE, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=10m"]);
        const blocks = '.status.conditions[?(@.type=="Drained")].message';
        await rig.until("node", SOURCE, blocks, /stays/, 2 * MINUTE);
        for (const name of GUESTS) await expect.poll(() => nodeOf(name), patience(5 * MINUTE)).toBe(TARGET);
        expect(await nodeOf("stays")).toBe(SOURCE);
        await rig.must(["patch", "vm", "stays", "--type=merge", "-p", '{"spec":{"runStrategy":"Halted"}}']);

        const { code, complaint } = await drain;
        expect(complaint).toMatch(/stays may only leave node-1 by moving, and it can't: Interface default/);
        expect(code, complaint).toBe(0);
        expect(await controlOn()).toEqual([TARGET, TARGET]);
        for (const [index, client] of clients.entries()) {
          const name = GUESTS[index] ?? "";
          expect(goesOn(before.get(name), await rig.counter(addressOf(name)))).toBe(true);
          const seen = await client.stop();
          console.error(
            `${name}: ${seen.answers.length} answers, ${seen.failed} failed, longest gap ${seen.longestGapMilliseconds} ms`,
          );
          expect(new Set(seen.answers.map(({ boot }) => boot))).toEqual(new Set([before.get(name)?.boot]));
        }
        await rig.must(["uncordon", SOURCE]);
      },
    );

    it("stay where they are while control is away, and leave when it is back", { timeout: 8 * MINUTE }, async () => {
      const rig = open();
      const before = await rig.counter(addressOf("m2"));
      const drain = ["drain", TARGET, "--pod-selector=kubevirt.io/vm=m2", "--timeout=4m"];
      await rig.must(["scale", "deployment/virtive-control", "-n", NAMESPACE, "--replicas=0"]);
      await rig.must(["wait", "--for=delete", "pod", ...controls, "--timeout=110s"]);
      const refused = await rig.kubectl(drain);
      expect([refused.code, refused.complaint]).toEqual([1, expect.stringMatching(/failed calling webhook/)]);
      expect(goesOn(before, await rig.counter(addressOf("m2")))).toBe(true);
      await rig.must(["scale", "deployment/virtive-control", "-n", NAMESPACE, "--replicas=2"]);
      await controlReady();
      const { code, complaint } = await rig.kubectl(drain);
      expect(code, complaint).toBe(0);
      expect(await nodeOf("m2")).toBe(SOURCE);
      expect(goesOn(before, await rig.counter(addressOf("m2")))).toBe(true);
      await rig.must(["uncordon", TARGET]);
    });

    it("stay when their node is uncordoned before they could go", async () => {
      const rig = open();
      await rig.must(["cordon", SOURCE]);
      const drain = rig.kubectl(["drain", TARGET, "--pod-selector=kubevirt.io/vm=m1", "--timeout=8s"]);
      await rig.until("vmi", "m1", ".status.evacuationNodeName", /^node-2$/);
      await rig.until("vmim", "-l=vmi.kubevirt.io/id=m1", ".items[*].status.phase", /Scheduling|Pending/);
      expect((await drain).code).not.toBe(0);
      await rig.must(["uncordon", TARGET]);
      await expect.poll(() => rig.value("vmi", "m1", ".status.evacuationNodeName"), patience(MINUTE)).toBe("");
      await rig.must(["uncordon", SOURCE]);
      expect(await nodeOf("m1")).toBe(TARGET);
    });

    it("are stopped and gone", async () => {
      const rig = open();
      await rig.must(["delete", "vm", ...GUESTS, "stays", "--timeout=4m"]);
      await rig.must(["delete", "service", ...GUESTS]);
      const ours = `kubevirt.io/vm in (${[...GUESTS, "stays"].join(",")})`;
      const left = (): Promise<string> => rig.must(["get", "vmi,pods", "-l", ours, "-o", "name"]);
      await expect.poll(left, patience(MINUTE)).toBe("");
      // Who asked for a migration keeps it; those of the drains are their instances'.
      await expect.poll(() => rig.must(["get", "vmim", "-o", "name"]), patience(MINUTE)).not.toContain("evacuation");
    });
  });
}

/** The same boot, and the number that its memory holds has grown. */
function goesOn(before: Count | undefined, after: Count): boolean {
  return before !== undefined && after.boot === before.boot && after.number > before.number;
}
