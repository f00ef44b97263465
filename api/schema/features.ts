/** Hypervisor features that a guest can see. */
import { flag, int32, object, text, type Value } from "./vocabulary.ts";

const enabled = flag("Whether it is on; true when unset.");
const feature = (description: string) => object(description, { enabled });

const HypervSchema = object("Hyper-V enlightenments: what Windows guests use to run faster under a hypervisor.", {
  evmcs: feature("Enlightened VMCS, for nested virtualization on Intel."),
  frequencies: feature("MSRs with the frequencies of TSC and APIC."),
  ipi: feature("Inter-processor interrupts by hypercall. Needs vpindex."),
  reenlightenment: feature("Tells the guest when the TSC's frequency changes, as after a migration."),
  relaxed: feature("The guest does not crash when a timer interrupt is late."),
  reset: feature("Reset by hypercall."),
  runtime: feature("Tells the guest how long its virtual CPUs really ran."),
  spinlocks: object("The guest tells the hypervisor when it spins too long.", {
    enabled,
    spinlocks: int32("Tries before it tells; at least 4096, and 4096 when unset."),
  }),
  synic: feature("Synthetic interrupt controller. Needs vpindex."),
  synictimer: object("Synthetic timers. Needs synic.", {
    enabled,
    direct: feature("Timer expiry as an interrupt rather than a message."),
  }),
  tlbflush: object("Flush of remote TLBs by hypercall. Needs vpindex.", {
    enabled,
    direct: feature("Flushes of nested guests go straight to the hypervisor below."),
    extended: feature("Flushes of single address ranges."),
  }),
  vapic: feature("Faster access to the interrupt controller."),
  vendorid: object("Name of the hypervisor that the guest sees.", {
    enabled,
    vendorid: text("The name, up to 12 characters."),
  }),
  vpindex: feature("Numbers of virtual processors by MSR."),
});

export const FeaturesSchema = object("Features of the virtual hardware.", {
  acpi: feature("ACPI, by which the guest is asked to shut down."),
  apic: object("Interrupt controller.", {
    enabled,
    endOfInterrupt: flag("Let the guest signal the end of interrupts cheaply."),
  }),
  hyperv: HypervSchema,
  hypervPassthrough: feature("All Hyper-V enlightenments that the node supports. Excludes hyperv."),
  kvm: object("What the guest sees of KVM.", {
    hidden: flag("Hide from the guest that it runs under KVM."),
  }),
  pvspinlock: feature("Paravirtual spin locks."),
  smm: feature("System Management Mode, which secure boot rests on."),
});
export type Features = NonNullable<Value<typeof FeaturesSchema>>;
