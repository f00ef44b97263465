import { describe, expect, test } from "vitest";
import { clusterConfig } from "#api/cluster-config.ts";
import { defaultVirtualMachineInstance } from "#api/default/virtual-machine-instance.ts";
import { fieldsOf } from "#api/fields.ts";
import {
  clusterSupport,
  instanceSupport,
  machineSupport,
  policySupport,
  refusedOrUnsupported,
  supportOf,
} from "#api/support.ts";
import { anInstance, given } from "./builders.ts";
import {
  KubeVirtSchema,
  MigrationPolicySchema,
  VirtualMachineInstanceSchema,
  VirtualMachineSchema,
} from "#api/schema/kinds.ts";

describe("the table of support", () => {
  test.each([
    ["instances", instanceSupport, VirtualMachineInstanceSchema],
    ["virtual machines", machineSupport, VirtualMachineSchema],
    ["clusters", clusterSupport, KubeVirtSchema],
    ["migration policies", policySupport, MigrationPolicySchema],
  ] as const)("of %s names only fields that exist", (_kind, table, schema) => {
    const paths = new Set(fieldsOf(schema).map((field) => field.path));
    expect(Object.keys(table).filter((path) => !paths.has(path))).toEqual([]);
  });

  test("says of a field what the nearest entry above says", () => {
    expect(supportOf(instanceSupport, "spec.domain.cpu.cores")).toBe("acted");
    expect(supportOf(instanceSupport, "spec.domain.cpu.numa.guestMappingPassthrough")).toBe("refused");
    expect(supportOf(instanceSupport, "spec.volumes[].containerDisk.image")).toBe("acted");
    expect(supportOf(instanceSupport, "spec.volumes[].hostDisk.path")).toBe("refused");
    expect(supportOf(instanceSupport, "spec.nodeSelector{}")).toBe("acted");
    expect(supportOf(instanceSupport, "spec.livenessProbe.tcpSocket.port")).toBe("acted");
    expect(supportOf(instanceSupport, "spec.livenessProbe.exec.command")).toBe("accepted");
  });
});

describe("what a user set without effect", () => {
  const config = clusterConfig(undefined);
  const unheard = (...parts: Parameters<typeof anInstance>) =>
    refusedOrUnsupported(defaultVirtualMachineInstance(anInstance(...parts), config, given));

  test("is nothing for what everybody has, defaults included", () => {
    expect(
      unheard({
        domain: { memory: { guest: "2Gi" } },
        devices: { disks: [{ name: "root", disk: { bus: "virtio" } }] },
        volumes: [{ name: "root", containerDisk: { image: "example.org/debian:13" } }],
      }),
    ).toEqual([]);
  });

  test("is named by its shortest path, with how it is taken", () => {
    expect(
      unheard({
        domain: { cpu: { numa: { guestMappingPassthrough: {} } } },
        devices: { gpus: [{ name: "gpu" }], tpm: {}, blockMultiQueue: true },
        volumes: [
          { name: "host", hostDisk: { path: "/disk", type: "Disk" } },
          { name: "root", containerDisk: { image: "example.org/debian:13" } },
        ],
      }),
    ).toEqual(
      expect.arrayContaining([
        { field: "spec.domain.cpu.numa", support: "refused" },
        { field: "spec.domain.devices.gpus", support: "refused" },
        { field: "spec.domain.devices.tpm", support: "refused" },
        { field: "spec.domain.devices.blockMultiQueue", support: "accepted" },
        { field: "spec.volumes[0].hostDisk", support: "refused" },
      ]),
    );
  });

  test("is not what is turned off", () => {
    expect(unheard({ devices: { tpm: { enabled: false }, blockMultiQueue: false, gpus: [] } })).toEqual([]);
  });
});
