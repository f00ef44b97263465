/** Virtual CPUs. */
import { flag, int32, list, object, presence, required, text, word, type Value } from "./vocabulary.ts";

export const CPUSchema = object("The guest's CPUs: how many, in which topology, and what they look like to it.", {
  cores: int32("CPU cores in each socket; 1 when unset."),
  sockets: int32("CPU sockets; 1 when unset, or what resources.limits.cpu or requests.cpu call for."),
  threads: int32("Hardware threads in each core; 1 when unset."),
  maxSockets: int32("Sockets up to which CPUs can be plugged into the running guest. At least `sockets`."),
  model: text(
    "CPU model that the guest sees: a libvirt name such as Skylake-Server, host-model (the closest named model), " +
      "or host-passthrough (the node's CPU as it is).",
  ),
  features: list(
    "CPU features to add to or take from the model.",
    object("One CPU feature.", {
      name: required(text("Libvirt's name of the feature, such as pcid.")),
      policy: word("What to do about the feature: require is meant when unset.", [
        "force",
        "require",
        "optional",
        "disable",
        "forbid",
      ]),
    }),
  ),
  dedicatedCpuPlacement: flag("Give each virtual CPU a physical CPU of its own."),
  isolateEmulatorThread: flag("Give QEMU's own threads one more physical CPU. Needs dedicatedCpuPlacement."),
  numa: object("How the guest sees memory nodes.", {
    guestMappingPassthrough: presence("Mirror the physical NUMA nodes of the dedicated CPUs. Needs huge pages."),
  }),
  realtime: object("Tune the virtual CPUs for real-time guests. Needs dedicated CPUs and NUMA passthrough.", {
    mask: text("Which virtual CPUs run with real-time priority, such as 0-3,^1; all when unset."),
  }),
});
export type CPU = NonNullable<Value<typeof CPUSchema>>;

export const CPUTopologySchema = (description: string) =>
  object(description, {
    cores: int32("CPU cores in each socket."),
    sockets: int32("CPU sockets."),
    threads: int32("Hardware threads in each core."),
  });
