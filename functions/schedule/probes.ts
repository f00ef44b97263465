/**
 * The guest's probes as its pod's: the guest answers at the pod's address, so the kubelet asks it as it asks any pod. Services
 * lead to it while it is ready; a guest that is taken for dead loses its pod, and with it its machine. What only the guest's
 * agent could answer (`exec`, `guestAgentPing`) no kubelet can ask. Pure.
 */
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";

type Probe = NonNullable<VirtualMachineInstanceSpec["readinessProbe"]>;
/** As pods have it. */
type PodProbe = Pick<Probe, "httpGet" | "tcpSocket"> & Readonly<Record<string, unknown>>;

export interface PodProbes {
  readonly readinessProbe?: PodProbe;
  readonly livenessProbe?: PodProbe;
  readonly startupProbe?: PodProbe;
}

/** The kubelet counts in 32 bits. */
const NEVER = 2 ** 31 - 1;

/** @param waits the guest comes later, from another node: until it answers it can't be taken for dead */
export function probesOf({ readinessProbe, livenessProbe }: VirtualMachineInstanceSpec, waits: boolean): PodProbes {
  const ready = asked(readinessProbe);
  const alive = asked(livenessProbe);
  return {
    ...(ready === undefined ? {} : { readinessProbe: ready }),
    // Nobody would hear of a longer grace: the guest is not asked, it does not answer.
    ...(alive === undefined ? {} : { livenessProbe: { ...alive, terminationGracePeriodSeconds: 1 } }),
    ...(alive === undefined || !waits ? {} : { startupProbe: { ...handlerOf(alive), failureThreshold: NEVER } }),
  };
}

function asked(probe: Probe | undefined): PodProbe | undefined {
  if (probe?.httpGet === undefined && probe?.tcpSocket === undefined) return undefined;
  const { exec: _, guestAgentPing: __, ...rest } = probe;
  return rest;
}

function handlerOf({ httpGet, tcpSocket }: PodProbe): PodProbe {
  return httpGet === undefined ? { tcpSocket } : { httpGet };
}
