import { describe, expect, it } from "vitest";
import { Pod } from "#api/core.ts";
import { finalizer } from "#api/names.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { admitting } from "#control/own-admission.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { createAdmission, OWN_USERS } from "#functions/admit/admit.ts";

const USER = { username: OWN_USERS[1], groups: [] };

function world() {
  const cluster = memoryCluster({ clock: virtualClock() });
  return { cluster, writer: admitting(cluster, createAdmission({ reader: () => cluster }), USER) };
}

function instance(domain: object): VirtualMachineInstance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: VirtualMachineInstance.kind,
    metadata: { name: "a", namespace: "default" },
    spec: { domain: { devices: {}, ...domain } },
  };
}

describe("an instance that control creates", () => {
  it("is completed and marked as the webhook would, without its status", async () => {
    const { cluster, writer } = world();
    await writer.create(VirtualMachineInstance, instance({ resources: { requests: { memory: "64Mi" } } }));
    const stored = await cluster.get(VirtualMachineInstance, { namespace: "default", name: "a" });
    expect(stored?.metadata.finalizers).toEqual([finalizer.vmi]);
    expect(stored?.spec.domain.machine?.type).toBe("q35");
    expect(stored?.status).toBeUndefined();
  });

  it("is refused where it can't be, field by field, and not created", async () => {
    const { cluster, writer } = world();
    const creation = writer.create(VirtualMachineInstance, instance({ cpu: { cores: -1 } }));
    await expect(creation).rejects.toMatchObject({ kind: "refused", reason: "Invalid" });
    await expect(creation).rejects.toHaveProperty("causes.0.field", "spec.domain.cpu.cores");
    expect(await cluster.list(VirtualMachineInstance)).toEqual([]);
  });

  it("alone is admitted here", async () => {
    const { writer } = world();
    const pod: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace: "default" },
      spec: { containers: [] },
    };
    expect((await writer.create(Pod, pod)).object.metadata.finalizers).toBeUndefined();
  });
});
