/** Guest memory and what the guest's pod may use. */
import { choice, flag, map, object, quantity, text, type Value } from "./vocabulary.ts";

export const MemorySchema = object("The guest's memory.", {
  guest: quantity("Memory that the guest sees; taken from resources.requests or limits when unset."),
  maxGuest: quantity("Memory up to which the running guest can grow. At least `guest`."),
  hugepages: object("Back the guest's memory with huge pages of the node.", {
    pageSize: text("Size of the pages, such as 2Mi or 1Gi; a size that the node offers."),
  }),
  reservedOverhead: object("Memory of the node that the virtual machine needs beside the guest's own.", {
    addedOverhead: quantity("Added to what is reckoned for QEMU and its devices."),
    memLock: choice("Whether all of the memory must be locked in RAM, as some devices need.", [
      "NotRequired",
      "Required",
    ]),
  }),
});
export type Memory = NonNullable<Value<typeof MemorySchema>>;

export const ResourcesSchema = object("What the virtual machine asks of its node, as containers do.", {
  limits: map("The most that it may use, by resource: cpu, memory, or a device.", quantity("An amount.")),
  requests: map("What is set aside for it, by resource: cpu, memory, or a device.", quantity("An amount.")),
  overcommitGuestOverhead: flag("Do not set memory aside for QEMU itself, only for the guest."),
});
export type Resources = NonNullable<Value<typeof ResourcesSchema>>;
