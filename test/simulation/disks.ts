/** Guests with disks that are claims, as users describe them. */
import type { PersistentVolumeClaim } from "#api/core.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { BIND_IMMEDIATELY, DATA_VOLUME_DEFINITION, DataVolume } from "#api/data-volume.ts";
import type { KubeObject } from "#api/object.ts";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { OWN_CLAIM, OWN_VOLUME } from "./plan.ts";

const NAMESPACE = "default";
const SIZE = { resources: { requests: { storage: "1Gi" } } } as const;

/** All that is looked at is whether it is there. */
export const IMPORTER: KubeObject = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: CustomResourceDefinition.kind,
  metadata: { name: DATA_VOLUME_DEFINITION },
};

export function ownVolume(name: string): DataVolume {
  return {
    apiVersion: "cdi.kubevirt.io/v1beta1",
    kind: DataVolume.kind,
    metadata: { name, namespace: NAMESPACE, annotations: { [BIND_IMMEDIATELY]: "true" } },
    spec: { source: { blank: {} }, storage: SIZE },
  };
}

export function ownClaim(name: string): PersistentVolumeClaim {
  const metadata = { name, namespace: NAMESPACE };
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata,
    spec: { accessModes: ["ReadWriteOnce"], ...SIZE },
  };
}

/** `db` has a DataVolume that users make, `mail` a claim; all others bring a DataVolume along. */
export function withDisk(vm: VirtualMachine): VirtualMachine {
  const { name } = vm.metadata;
  const brought = `disk-${name}`;
  const volume =
    name === "mail"
      ? { persistentVolumeClaim: { claimName: OWN_CLAIM } }
      : { dataVolume: { name: name === "db" ? OWN_VOLUME : brought } };
  const templates = [{ metadata: { name: brought }, spec: { source: { blank: {} }, storage: SIZE } }];
  const { template } = vm.spec;
  const { devices } = template.spec.domain;
  const domain = {
    ...template.spec.domain,
    devices: { ...devices, disks: [{ name: "disk", disk: { bus: "virtio" as const } }] },
  };
  return {
    ...vm,
    spec: {
      ...vm.spec,
      ...(name === "mail" || name === "db" ? {} : { dataVolumeTemplates: templates }),
      template: { ...template, spec: { ...template.spec, domain, volumes: [{ name: "disk", ...volume }] } },
    },
  };
}

/** Names of the claims that its volumes are. */
export function claimsIn({ volumes = [] }: VirtualMachineInstanceSpec): readonly string[] {
  return volumes.flatMap(({ persistentVolumeClaim, dataVolume }) => {
    const name = persistentVolumeClaim?.claimName ?? dataVolume?.name;
    return name === undefined ? [] : [name];
  });
}

export function broughtBy(vm: VirtualMachine): readonly string[] {
  return (vm.spec.dataVolumeTemplates ?? []).map(({ metadata }) => metadata?.name ?? "");
}
