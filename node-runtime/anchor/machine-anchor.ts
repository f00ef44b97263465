/** A machine's pod on a real node: its QEMU is let into the pod's accounting, and the pod's process ended after it. */
import { Fault } from "#events/fault.ts";
import type { Exit } from "#events/machine.ts";
import { domainName, domainUuid } from "../domain/identity.ts";
import type { MachineAnchor } from "../driver/ports.ts";
import type { Gates } from "./gate.ts";
import type { AnchorPods } from "./pods.ts";

const OUT_OF_MEMORY: Exit = {
  kind: "crashed",
  reason: "GuestOutOfMemory",
  message: "the kernel ended QEMU, since its pod had used up its memory limit",
};

export function machineAnchor(pods: AnchorPods, gates: Gates): MachineAnchor {
  return {
    async admit(order, create) {
      const { podUID, podName } = order.anchor;
      const groups = await pods.groups(podUID);
      if (groups === undefined) {
        throw new Fault("later", "PodMissing", `pod ${podName} (${podUID}) has no control groups on this node`);
      }
      const starting = { uuid: domainUuid(order), name: domainName(order) };
      return gates.pass(starting, (pid) => groups.adopt(pid), create);
    },
    async explain(order, exit) {
      if (exit.kind !== "crashed") return exit;
      const kills = await (await pods.groups(order.anchor.podUID))?.outOfMemoryKills();
      // One pod is one run, so the kill was in this one; and QEMU is by far the largest of what runs in its group.
      return kills === undefined || kills === 0 ? exit : OUT_OF_MEMORY;
    },
    end: (order) => pods.end(order.anchor.podUID),
  };
}
