import { z } from "zod";
import { describe, expect, test } from "vitest";
import { DiskSchema, type Disk } from "#api/schema/disks.ts";
import { required } from "#api/schema/vocabulary.ts";
import type { Volume } from "#api/schema/volumes.ts";
import { validateDataVolumeTemplates } from "#api/validate/data-volume-templates.ts";
import { validateDisks } from "#api/validate/disks.ts";
import { validateHardware } from "#api/validate/instance-spec.ts";
import { validateNetworks } from "#api/validate/network.ts";
import { schemaFindings } from "#api/validate/schema.ts";
import { validateVirtualMachine } from "#api/validate/virtual-machine.ts";
import { validateVolumes } from "#api/validate/volumes.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import type { VirtualMachineSpec } from "#api/virtual-machine.ts";
import { cases, compare, configOf, recorded, type Agreement } from "./recorded.ts";
import { VirtualMachineInstanceSpecSchema } from "#api/schema/kinds.ts";

/** Cases that differ on purpose, by id, and why. */
const ON_PURPOSE: Readonly<Record<string, string>> = {
  "7ebcb6e6c175": "recorded with NetworkDevicesWithDRA on, which the case does not say",
  "9005428e35ea": "recorded with NetworkDevicesWithDRA on, which the case does not say",
  "a0da90b18bda": "GraceIOVirtualization is not known: GPUs of nodes are not supported yet",
  "f56ebbf91473": "KubeVirt names the interface fake[0], without the path of the list",
  "370648af1666": "KubeVirt blames requests.memory, which is not set, for what memory.guest says",
};

function report(name: string, result: Agreement): void {
  const share = ((100 * result.agree) / result.total).toFixed(1);
  console.log(
    `${name}: ${result.agree} of ${result.total} agree (${share} %), ${result.verdicts} have the same verdict`,
  );
  expect(result.differ.join("\n")).toBe("");
}

describe.skipIf(!recorded)("recorded admission", () => {
  test("of disks", () => {
    const list = cases<{ disks: readonly Disk[] | null }>("disks-validation");
    report(
      "disks",
      compare(
        list,
        ({ disks, fieldPrefix }) => [
          ...schemaFindings(z.array(required(DiskSchema)), disks ?? [], fieldPrefix).causes,
          ...validateDisks(disks ?? [], fieldPrefix),
        ],
        ON_PURPOSE,
      ),
    );
  });

  test("of volumes", () => {
    const list = cases<{ volumes: readonly Volume[] | null }>("volumes-validation");
    report(
      "volumes",
      compare(
        list,
        ({ volumes, fieldPrefix, configDiff }) => validateVolumes(volumes ?? [], fieldPrefix, configOf(configDiff)),
        ON_PURPOSE,
      ),
    );
  });

  test("of networks and interfaces", () => {
    const list = cases<{ spec: VirtualMachineInstanceSpec; fn: string; config: string }>("network-validation");
    const gates = (config: string) => ({
      network: { permitBridgeInterfaceOnPodNetwork: !config.includes("bridgeBindingOnPodNetEnabled:false") },
      developerConfiguration: {
        featureGates: [
          ...(config.includes("networkDRAEnabled:true") ? ["NetworkDevicesWithDRA"] : []),
          ...(config.includes("portRangesSpecGateEnabled:true") ? ["PortRangesSpec"] : []),
        ],
        disabledFeatureGates: config.includes("passtBindingFeatureGateEnabled:false") ? ["PasstBinding"] : [],
      },
    });
    report(
      "networks",
      compare(
        list.filter((item) => item.fn === "network.Validate"),
        ({ spec, fieldPrefix, config }) => validateNetworks(spec, fieldPrefix, configOf(gates(config))),
        ON_PURPOSE,
      ),
    );
  });

  test("of instances' specifications", () => {
    const list = cases<{ spec: VirtualMachineInstanceSpec }>("vmi-spec-validation");
    report(
      "instances",
      compare(
        list,
        ({ spec, fieldPrefix, configDiff }) => {
          const config = configOf(configDiff);
          return [
            ...schemaFindings(VirtualMachineInstanceSpecSchema, spec, fieldPrefix).causes,
            ...validateHardware(spec, fieldPrefix, config),
            ...validateDisks(spec.domain.devices.disks ?? [], `${fieldPrefix}.domain.devices.disks`),
            ...validateVolumes(spec.volumes ?? [], `${fieldPrefix}.volumes`, config),
          ];
        },
        ON_PURPOSE,
      ),
    );
  });

  test("of virtual machines", () => {
    const list = cases<{ spec: VirtualMachineSpec }>("vm-spec-validation");
    report(
      "virtual machines",
      compare(
        list.filter((item) => item.fieldPrefix === "spec"),
        ({ spec, configDiff }) => validateVirtualMachine(machine(spec), configOf(configDiff)),
        ON_PURPOSE,
      ),
    );
  });

  test("of DataVolume templates", () => {
    const list = cases<{ spec: VirtualMachineSpec }>("dvt-validation");
    report(
      "DataVolume templates",
      compare(list, ({ spec }) => validateDataVolumeTemplates(machine(spec)), ON_PURPOSE),
    );
  });
});

function machine(spec: VirtualMachineSpec) {
  return { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", metadata: { name: "vm", namespace: "default" }, spec };
}
