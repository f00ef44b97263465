/** What defaulting adds to metadata, and what it is given from outside. Pure. */
import type { ObjectMeta } from "../object.ts";
import type { VirtualMachineInstanceSpec } from "../virtual-machine-instance.ts";

/** Time and chance, which pure functions do not have. */
export interface Given {
  readonly now: Date;
  /** A random UUID, another one each time. */
  readonly uuid: () => string;
}

/** Tells how devices are laid out on the PCI bus, so that an old guest keeps its layout for ever. */
const PCI_TOPOLOGY = "kubevirt.io/pci-topology-version";
const PCI_TOPOLOGY_VERSION = "v3";

export function withFinalizer(metadata: ObjectMeta, finalizer: string): ObjectMeta {
  const finalizers = metadata.finalizers ?? [];
  return finalizers.includes(finalizer) ? metadata : { ...metadata, finalizers: [...finalizers, finalizer] };
}

/** Only machines with PCI Express have the layout that the version is about. */
export function hasPCITopology(spec: VirtualMachineInstanceSpec): boolean {
  const machine = spec.domain.machine?.type ?? "";
  return spec.architecture !== "s390x" && !machine.includes("i440fx") && machine !== "pc";
}

export function withPCITopology<M extends { readonly annotations?: Readonly<Record<string, string>> | undefined }>(
  metadata: M,
  spec: VirtualMachineInstanceSpec,
): M {
  if (!hasPCITopology(spec) || metadata.annotations?.[PCI_TOPOLOGY] !== undefined) return metadata;
  return { ...metadata, annotations: { ...metadata.annotations, [PCI_TOPOLOGY]: PCI_TOPOLOGY_VERSION } };
}
