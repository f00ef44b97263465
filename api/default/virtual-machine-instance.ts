/** Defaulting of a virtual machine instance when it is created. Pure. */
import type { ClusterConfig } from "../cluster-config.ts";
import { finalizer } from "../names.ts";
import { rfc3339 } from "../object.ts";
import { withFinalizer, withPCITopology, type Given } from "./metadata.ts";
import type { VirtualMachineInstance, VirtualMachineInstanceStatus } from "../virtual-machine-instance.ts";
import { defaultInstanceSpec } from "./instance-spec.ts";

/** User id that QEMU runs as, as KubeVirt's status tells it. */
const QEMU_USER = 107;

/** The instance as it is stored: complete spec, our finalizer, phase Pending since `given.now`. */
export function defaultVirtualMachineInstance(
  vmi: VirtualMachineInstance,
  config: ClusterConfig,
  given: Given,
): VirtualMachineInstance {
  const spec = defaultInstanceSpec(vmi.spec, config, given.uuid);
  return {
    ...vmi,
    metadata: withFinalizer(withPCITopology(vmi.metadata, spec), finalizer.vmi),
    spec,
    status: firstStatus(spec, vmi.status ?? {}, given.now),
  };
}

function firstStatus(
  spec: VirtualMachineInstance["spec"],
  status: VirtualMachineInstanceStatus,
  now: Date,
): VirtualMachineInstanceStatus {
  const { cores, sockets, threads } = spec.domain.cpu ?? {};
  const guest = spec.domain.memory?.guest;
  return {
    ...status,
    phase: "Pending",
    phaseTransitionTimestamps: [{ phase: "Pending", phaseTransitionTimestamp: rfc3339(now) }],
    runtimeUser: QEMU_USER,
    currentCPUTopology: {
      ...(cores === undefined ? {} : { cores }),
      ...(sockets === undefined ? {} : { sockets }),
      ...(threads === undefined ? {} : { threads }),
    },
    ...(guest === undefined ? {} : { memory: { guestAtBoot: guest, guestCurrent: guest, guestRequested: guest } }),
  };
}
