import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node } from "#api/core.ts";
import { conditionOf } from "#api/object.ts";
import { eventually } from "./eventually.ts";
import { qemuOf } from "./leftovers.ts";
import { cannotBoot, demoVM, LocalProcess } from "./local-process.ts";

describe.skipIf(cannotBoot() !== undefined)("two nodes on one machine", { timeout: 180_000 }, () => {
  let local: LocalProcess;
  const names = ["one", "two"] as const;

  beforeAll(async () => {
    local = await LocalProcess.create(2);
  });
  afterAll(async () => {
    await local.close();
  });

  it("are both Ready, each another boot", async () => {
    const nodes = await eventually("two Ready nodes", async () => {
      const { items } = await local.client.send<{ items: Node[] }>("GET", "/api/v1/nodes");
      return items.filter((node) => conditionOf(node, "Ready")?.status === "True").length === 2 ? items : undefined;
    });
    expect(nodes.map((node) => node.metadata.name).sort()).toEqual(["node-1", "node-2"]);
    expect(new Set(nodes.map((node) => node.metadata.annotations?.["virtive.dev/boot-id"])).size).toBe(2);
  });

  it("share the VMs between them, and both guests answer at their own addresses", async () => {
    for (const name of names) await local.must(["apply", "-f", "-"], demoVM(local, name));
    const vmis = await Promise.all(names.map((name) => local.phase(name, ["Running"])));
    expect(new Set(vmis.map((vmi) => vmi.status?.nodeName)).size).toBe(2);
    expect(new Set(vmis.map((vmi) => vmi.status?.interfaces?.[0]?.ipAddress)).size).toBe(2);
    const boots = await Promise.all(
      names.map((name) => eventually(`${name}'s page`, () => local.counter(name), 90_000)),
    );
    expect(new Set(boots.map((boot) => boot.bootID)).size).toBe(2);
  });

  it("take nothing new once cordoned, and say why", async () => {
    for (const node of ["node-1", "node-2"]) await local.must(["cordon", node]);
    await local.must(["apply", "-f", "-"], demoVM(local, "late"));
    await eventually("late to be unschedulable", async () =>
      (await local.vm("late")).status?.printableStatus === "ErrorUnschedulable" ? true : undefined,
    );
    const why = conditionOf(await local.vmi("late"), "PodScheduled")?.message;
    expect(why).toMatch(/^0 of 2 nodes can take it: /);
    // Each with its own reason, in any order.
    for (const node of ["node-1", "node-2"]) expect(why).toContain(`${node}: `);
    await local.must(["uncordon", "node-2"]);
    const vmi = await local.phase("late", ["Running"]);
    expect(vmi.status?.nodeName).toBe("node-2");
    await local.must(["delete", "vm", "late", "--timeout=90s"]);
    expect(await qemuOf(vmi.spec.domain.firmware?.uuid ?? "")).toEqual([]);
  });

  it("lose no guest by a kill -9 of the process that serves both", async () => {
    const before = await Promise.all(names.map((name) => local.counter(name)));
    await local.kill9();
    await local.start();
    for (const [index, name] of names.entries()) {
      const after = await eventually(`${name}'s page`, () => local.counter(name));
      expect(after.bootID).toBe(before[index]?.bootID);
      expect((await local.phase(name, ["Running"])).status?.phase).toBe("Running");
    }
  });
});
