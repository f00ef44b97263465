/** A VM that brings DataVolumes along: who makes them, when it starts, and what it says meanwhile. CDI is played. */
import { afterEach, describe, expect, it } from "vitest";
import { PersistentVolumeClaim } from "#api/core.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { DATA_VOLUME_DEFINITION, DataVolume } from "#api/data-volume.ts";
import { conditionOf, type Condition } from "#api/object.ts";
import { VirtualMachine, type VirtualMachineSpec } from "#api/virtual-machine.ts";
import { virtualMachine } from "./objects.ts";
import { startWorld, type World } from "./world.ts";

type Template = NonNullable<VirtualMachineSpec["dataVolumeTemplates"]>[number];

const storage = { resources: { requests: { storage: "1Gi" } } };
const http: Template = {
  metadata: { name: "web-root" },
  spec: { source: { http: { url: "https://example.org/disk.img" } }, storage },
};
const template = { volumes: [{ name: "root", dataVolume: { name: "web-root" } }] };
const definition: CustomResourceDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: DATA_VOLUME_DEFINITION },
  spec: {
    group: DataVolume.group,
    scope: "Namespaced",
    names: { kind: DataVolume.kind, plural: DataVolume.plural, singular: "datavolume", listKind: "DataVolumeList" },
    versions: [],
  },
};

describe("a VM with dataVolumeTemplates", () => {
  let world: World;
  afterEach(() => world.close());

  const ready = async (): Promise<Condition | undefined> => conditionOf((await world.vm()) ?? {}, "DataVolumesReady");
  const says = (reason: string) => world.until(reason, async () => (await ready())?.reason === reason);
  const status = async () => (await world.vm())?.status?.printableStatus;
  const volume = (name = "web-root") => world.cluster.get(DataVolume, { namespace: "default", name });
  const vmOf = (one: Template, spec: Partial<VirtualMachineSpec> = {}) =>
    world.create(VirtualMachine, virtualMachine({ dataVolumeTemplates: [one], ...spec }, { template }));

  /** What CDI does: the claim at once, then the content. */
  async function phase(to: string, more: object = {}): Promise<void> {
    const found = await volume();
    if (found === undefined) throw new Error("there is no DataVolume");
    if ((await world.cluster.get(PersistentVolumeClaim, { namespace: "default", name: "web-root" })) === undefined) {
      const { name, uid } = found.metadata;
      const owner = { apiVersion: "cdi.kubevirt.io/v1beta1", kind: "DataVolume", name, uid, controller: true };
      await world.create(PersistentVolumeClaim, {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name, namespace: "default", ownerReferences: [owner] },
        spec: { accessModes: ["ReadWriteOnce"], ...storage },
      });
    }
    await world.edit(DataVolume, "web-root", "status", (old) => ({ ...old, status: { phase: to, ...more } }));
  }

  it("says that CDI is missing and leaves nothing half done; goes on by itself once it is there", async () => {
    world = await startWorld();
    await vmOf(http);
    await says("CDINotInstalled");
    expect((await ready())?.message).toMatch(
      /no datavolumes\.cdi\.kubevirt\.io.* once it is, and has filled web-root\./,
    );
    expect(await status()).toBe("Provisioning");
    expect(await volume()).toBeUndefined();
    expect(await world.vmi()).toBeUndefined();
    await world.create(CustomResourceDefinition, definition);
    await world.until("a DataVolume", async () => (await volume()) !== undefined);
    expect(await world.vmi()).toBeUndefined();
  });

  it("makes them its own, waits until they are filled, then starts; they go with it", async () => {
    world = await startWorld();
    await world.create(CustomResourceDefinition, definition);
    const vm = await vmOf({ ...http, metadata: { name: "web-root", labels: { mine: "x" } } });
    await says("NotAllDVsReady");
    expect(await volume()).toMatchObject({
      metadata: {
        labels: { "mine": "x", "kubevirt.io/created-by": vm.metadata.uid },
        annotations: { "cdi.kubevirt.io/storage.bind.immediate.requested": "true" },
        ownerReferences: [{ kind: "VirtualMachine", name: "web", uid: vm.metadata.uid, controller: true }],
      },
      spec: http.spec,
    });
    await phase("ImportInProgress");
    await world.until(
      "the phase to be told",
      async () => (await ready())?.message?.includes("ImportInProgress") === true,
    );
    expect(await status()).toBe("Provisioning");
    expect(await world.vmi()).toBeUndefined();
    await phase("Succeeded");
    await world.until("the guest to run", async () => (await status()) === "Running");
    expect(await ready()).toMatchObject({ status: "True", reason: "AllDVsReady" });
    // CDI may remove what is done; its claim stays.
    await world.remove(VirtualMachine, "web");
    await world.until("the VM to be gone", async () => (await world.vm()) === undefined);
    await world.until("its DataVolume to be gone", async () => (await volume()) === undefined);
  });

  it("makes them for a VM that is not to run, too, and starts with a claim whose DataVolume is gone already", async () => {
    world = await startWorld();
    await world.create(CustomResourceDefinition, definition);
    await vmOf(http, { runStrategy: "Halted" });
    await world.until("a DataVolume", async () => (await volume()) !== undefined);
    await phase("Succeeded");
    await says("AllDVsReady");
    expect(await status()).toBe("Stopped");
    await world.edit(PersistentVolumeClaim, "web-root", "object", (old) => ({
      ...old,
      metadata: { ...old.metadata, ownerReferences: [] },
    }));
    await world.remove(DataVolume, "web-root");
    await world.edit(VirtualMachine, "web", "object", (old) => ({
      ...old,
      spec: { ...old.spec, runStrategy: "Always" as const },
    }));
    await world.until("the guest to run", async () => (await status()) === "Running");
    expect(await volume()).toBeUndefined();
  });

  it("says what went wrong when one can't be filled, and starts when it is made anew and is", async () => {
    world = await startWorld();
    await world.create(CustomResourceDefinition, definition);
    await vmOf(http);
    await world.until("a DataVolume", async () => (await volume()) !== undefined);
    const why = { type: "Running", status: "False", reason: "Error", message: "404 Not Found" } as const;
    await phase("Failed", { conditions: [why] });
    await says("DataVolumeFailed");
    expect((await ready())?.message).toBe("CDI could not fill DataVolume web-root is Failed (404 Not Found).");
    expect(await status()).toBe("DataVolumeError");
    expect(await world.vmi()).toBeUndefined();
    await world.remove(DataVolume, "web-root");
    await world.until("another DataVolume", async () => {
      const found = await volume();
      return found !== undefined && found.status === undefined;
    });
    expect(await world.vmi()).toBeUndefined();
    await phase("Succeeded");
    await world.until("the guest to run", async () => (await status()) === "Running");
  });

  it.each<[string, Partial<Template["spec"]>]>([
    ["source.pvc.namespace", { source: { pvc: { name: "golden", namespace: "elsewhere" } }, storage }],
    ["source.snapshot.namespace", { source: { snapshot: { name: "golden", namespace: "elsewhere" } }, storage }],
    ["sourceRef", { sourceRef: { kind: "DataSource", name: "golden" }, storage }],
    [
      "dataSourceRef.namespace",
      { storage: { ...storage, dataSourceRef: { kind: "PersistentVolumeClaim", name: "x", namespace: "elsewhere" } } },
    ],
  ])("makes none that its user may not be allowed to read: %s", async (field, spec) => {
    world = await startWorld();
    await world.create(CustomResourceDefinition, definition);
    await vmOf({ metadata: { name: "web-root" }, spec });
    await says("SourceNotAllowed");
    expect((await ready())?.message).toContain(`${field} of DataVolume web-root may lead to another namespace`);
    expect(await volume()).toBeUndefined();
    expect(await status()).toBe("DataVolumeError");
  });

  it("starts from another's DataVolume only once it is filled", async () => {
    world = await startWorld();
    await world.create(DataVolume, {
      apiVersion: "cdi.kubevirt.io/v1beta1",
      kind: "DataVolume",
      metadata: { name: "web-root", namespace: "default" },
    });
    await phase("WaitForFirstConsumer");
    await world.create(VirtualMachine, virtualMachine({}, { template }));
    await world.until("the wait", async () => (await status()) === "Provisioning");
    expect(conditionOf((await world.vm()) ?? {}, "PodScheduled")).toMatchObject({
      status: "False",
      reason: "NotAllDVsReady",
      message: expect.stringMatching(/DataVolume web-root is WaitForFirstConsumer; .*bind\.immediate/) as string,
    });
    expect(await world.pods()).toEqual([]);
    await phase("Failed");
    await world.until("the failure", async () => (await status()) === "DataVolumeError");
    await phase("Succeeded");
    await world.until("the guest to run", async () => (await status()) === "Running");
  });
});
