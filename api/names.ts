/** Labels, annotations, finalizers and other names that tools look for. KubeVirt's where it has one. Pure. */

export const label = {
  /** On the anchor pod: the value is `virt-launcher`. Dashboards and NetworkPolicies select by it. */
  component: "kubevirt.io",
  createdBy: "kubevirt.io/created-by",
  vmName: "vm.kubevirt.io/name",
  vmiId: "vmi.kubevirt.io/id",
  schedulable: "kubevirt.io/schedulable",
  /** On the Node: kvm, which was tried there, or tcg, QEMU's emulator. */
  accelerator: "virtive.dev/accelerator",
  /** On a target's anchor pod: uid of the migration. */
  migrationJobUID: "kubevirt.io/migrationJobUID",
} as const;

export const annotation = {
  /** On the anchor pod: the VMI's name. */
  domain: "kubevirt.io/domain",
  /** On the VMI: "true" while a user wants the guest paused. Intent; the condition Paused says what is. */
  paused: "virtive.dev/paused",
  /** On a migration and its target's anchor pod, KubeVirt's: why it was made, and which migration the pod is for. */
  evacuation: "kubevirt.io/evacuationMigration",
  migrationJobName: "kubevirt.io/migrationJobName",
  /** On the VMI: hash of the VM's template that it was made from. */
  template: "virtive.dev/template",
  /** On the Node: where its runtime takes orders, e.g. https://127.0.0.1:40123 */
  runtimeURL: "virtive.dev/runtime-url",
  /** On the Node: identity of this boot of the node. Another value proves that what ran before is gone. */
  bootID: "virtive.dev/boot-id",
  /**
   * On the Node: an operator's word that this boot of it (the value) is over: its power is off. What it had is let go, and
   * may run elsewhere. Taken back when the node is heard in that boot.
   */
  confirmedOff: "virtive.dev/confirmed-off",
  /** On the Node: hash of what its labels say of its CPU. */
  cpu: "virtive.dev/cpu",
  /** On the Node: hash of what its runtime holds; see the heartbeat. */
  inventory: "virtive.dev/inventory",
} as const;

/** Before names of CPU models and features, in labels of Nodes: KubeVirt's, by which schedulers and users choose nodes. */
export const cpuLabel = {
  model: "cpu-model.node.kubevirt.io/",
  feature: "cpu-feature.node.kubevirt.io/",
  vendor: "cpu-vendor.node.kubevirt.io/",
  hostModel: "host-model-cpu.node.kubevirt.io/",
} as const;

/** Condition of a migration's target pod, and its readiness gate: the guest runs in it, so Services may lead to it. */
export const GUEST_ARRIVED = "virtive.dev/guest-arrived";

export const finalizer = {
  vm: "kubevirt.io/virtualMachineControllerFinalize",
  vmi: "kubevirt.io/foregroundDeleteVirtualMachine",
  migration: "kubevirt.io/migrationJobFinalize",
} as const;

/** The scheduler that is ours; any other name leaves placement to that scheduler. */
export const SCHEDULER_NAME = "virtive";

/** Seconds that a guest gets to shut down when its VMI sets none. KubeVirt's default. */
export const DEFAULT_GRACE_SECONDS = 30;
