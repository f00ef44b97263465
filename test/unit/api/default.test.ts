import { describe, expect, test } from "vitest";
import { clusterConfig } from "#api/cluster-config.ts";
import { defaultVirtualMachineInstance } from "#api/default/virtual-machine-instance.ts";
import { defaultVirtualMachine } from "#api/default/virtual-machine.ts";
import { pullPolicyFor } from "#api/default/firmware.ts";
import { finalizer } from "#api/names.ts";
import { same } from "#api/validate/same.ts";
import { aMachine, anInstance, given, type SpecParts } from "./builders.ts";

const config = clusterConfig(undefined);
const spec = (parts: SpecParts, settings = config) =>
  defaultVirtualMachineInstance(anInstance(parts), settings, given).spec;

describe("an instance at its creation", () => {
  test("is Pending since now, and has our finalizer once", () => {
    const once = defaultVirtualMachineInstance(anInstance(), config, given);
    expect(once.status).toMatchObject({
      phase: "Pending",
      phaseTransitionTimestamps: [{ phase: "Pending", phaseTransitionTimestamp: "2026-11-24T10:00:00Z" }],
      memory: { guestAtBoot: "512Mi" },
    });
    expect(once.metadata.finalizers).toEqual([finalizer.vmi]);
    expect(defaultVirtualMachineInstance(once, config, given).metadata.finalizers).toEqual([finalizer.vmi]);
  });

  test("takes zeros and empty texts for not set, as KubeVirt does", () => {
    const virtive = clusterConfig(undefined, { defaultSchedulerName: "virtive" });
    const limits = { cpu: "4" };
    const nothing = { cores: 0, sockets: 0, threads: 0, maxSockets: 0, model: "" };
    const domain = { cpu: nothing, machine: { type: "" }, firmware: { uuid: "" }, resources: { limits } };
    const made = spec({ domain, schedulerName: "" }, virtive);
    expect(made).toEqual(spec({ domain: { resources: { limits } } }, virtive));
    expect(made.domain.cpu).toMatchObject({ sockets: 4, maxSockets: 16, model: "host-model" });
    expect(spec({ domain: { cpu: { sockets: 0, cores: 2 } } }).domain.cpu).toMatchObject({ cores: 2, maxSockets: 4 });
    expect(spec({ schedulerName: "" }).schedulerName).toBeUndefined();
  });

  test("is not changed by a second pass, whatever it was", () => {
    const varied: readonly SpecParts[] = [
      {},
      { architecture: "arm64", devices: { disks: [{ name: "cd", cdrom: {} }] } },
      { architecture: "s390x", domain: { resources: { limits: { cpu: "3", memory: "2Gi" } } } },
      { domain: { features: { hyperv: { synictimer: {}, ipi: {} } }, memory: { guest: "2Gi" } } },
      {
        devices: {
          interfaces: [{ name: "a", masquerade: {}, ports: [{ port: 80 }] }],
          inputs: [{ name: "t", type: "" }],
        },
        networks: [{ name: "a", pod: {} }],
        volumes: [{ name: "v", containerDisk: { image: "x" } }],
      },
    ];
    for (const parts of varied) {
      const once = defaultVirtualMachineInstance(anInstance(parts), config, given);
      const twice = defaultVirtualMachineInstance(once, config, { ...given, uuid: () => "another" });
      expect(same(once, twice), JSON.stringify(parts)).toBe(true);
      expect(JSON.stringify(once)).not.toContain("undefined");
    }
  });

  test("does not touch the object that it is given", () => {
    const before = anInstance({ volumes: [{ name: "v", containerDisk: { image: "x" } }] });
    const copy = structuredClone(before);
    defaultVirtualMachineInstance(before, config, given);
    expect(before).toEqual(copy);
  });

  test("is on the pod network by the cluster's binding, unless it says not to", () => {
    const masquerade = clusterConfig({
      apiVersion: "kubevirt.io/v1",
      kind: "KubeVirt",
      metadata: { name: "kubevirt" },
      spec: { configuration: { network: { defaultNetworkInterface: "masquerade" } } },
    });
    expect(spec({}, masquerade)).toMatchObject({
      networks: [{ name: "default", pod: {} }],
      domain: { devices: { interfaces: [{ name: "default", masquerade: {} }] } },
    });
    expect(spec({ devices: { autoattachPodInterface: false } })).not.toHaveProperty("networks");
  });

  test("names a scheduler only where the place that it runs in has one", () => {
    expect(spec({})).not.toHaveProperty("schedulerName");
    const local = clusterConfig(undefined, { defaultSchedulerName: "virtive", architecture: "arm64" });
    expect(spec({}, local)).toMatchObject({ schedulerName: "virtive", architecture: "arm64" });
    expect(spec({ schedulerName: "mine" }, local).schedulerName).toBe("mine");
  });

  test("gets as many CPUs as its limits call for", () => {
    expect(spec({ domain: { resources: { limits: { cpu: "2500m" } } } }).domain.cpu).toMatchObject({
      sockets: 3,
      cores: 1,
    });
    expect(spec({ domain: { resources: { requests: { cpu: "100m" } } } }).domain.cpu).toMatchObject({ sockets: 1 });
  });

  test("shows every volume that the guest is meant to see", () => {
    const { disks } = spec({
      devices: { disks: [{ name: "a", disk: { bus: "virtio" } }], filesystems: [{ name: "c", virtiofs: {} }] },
      volumes: [
        { name: "a", emptyDisk: { capacity: "1Gi" } },
        { name: "b", emptyDisk: { capacity: "1Gi" } },
        { name: "c", configMap: { name: "c" } },
      ],
    }).domain.devices;
    expect(disks).toEqual([
      { name: "a", disk: { bus: "virtio" } },
      { name: "b", disk: { bus: "sata" } },
    ]);
  });

  test("has what its Hyper-V enlightenments rest on", () => {
    const hyperv = spec({ domain: { features: { hyperv: { synictimer: {}, vpindex: { enabled: false } } } } }).domain
      .features?.hyperv;
    expect(hyperv).toEqual({ synictimer: {}, synic: { enabled: true }, vpindex: { enabled: false } });
  });
});

test.each([
  ["debian", "Always"],
  ["debian:latest", "Always"],
  ["example.org:5000/debian", "Always"],
  ["example.org:5000/debian:13", "IfNotPresent"],
  ["debian:latest@sha256:abc", "IfNotPresent"],
])("the image %s is pulled %s", (image, policy) => expect(pullPolicyFor(image)).toBe(policy));

describe("a virtual machine", () => {
  test("has an identity of its own where the user's is empty", () => {
    const firmware = { uuid: "", serial: "" };
    const made = defaultVirtualMachine(aMachine({ domain: { firmware, machine: { type: "" } } }), config, given);
    const { domain } = made.spec.template.spec;
    expect(domain).toMatchObject({ firmware: { uuid: given.uuid(), serial: given.uuid() }, machine: { type: "q35" } });
    const changed = defaultVirtualMachine(aMachine({ domain: { firmware } }), config, given, made);
    expect(changed.spec.template.spec.domain.firmware).toEqual(domain.firmware);
  });

  let made = 0;
  const counting = { ...given, uuid: () => `0000000${(made += 1)}-0000-4000-8000-000000000000` };

  test("gets its identity once, and keeps it when a later manifest leaves it out", () => {
    const created = defaultVirtualMachine(aMachine(), config, counting);
    const { firmware } = created.spec.template.spec.domain;
    expect(firmware?.uuid).toMatch(/^0000000\d-/);
    expect(firmware?.serial).toMatch(/^0000000\d-/);
    const updated = defaultVirtualMachine(aMachine(), config, counting, created);
    expect(updated.spec.template.spec.domain.firmware).toEqual(firmware);
  });

  test("fixes architecture and machine type, and leaves the rest to its instances", () => {
    const { spec: after, metadata } = defaultVirtualMachine(aMachine(), config, given);
    expect(after.template.spec).toMatchObject({ architecture: "amd64", domain: { machine: { type: "q35" } } });
    expect(after.template.spec.domain.cpu).toBeUndefined();
    expect(after.template.spec.networks).toBeUndefined();
    expect(metadata.finalizers).toEqual([finalizer.vm]);
  });

  test("does not get its finalizer back once it is being taken off", () => {
    const old = defaultVirtualMachine(aMachine(), config, given);
    const released = { ...old, metadata: { ...old.metadata, finalizers: [] } };
    expect(defaultVirtualMachine(released, config, given, old).metadata.finalizers).toEqual([]);
  });
});
