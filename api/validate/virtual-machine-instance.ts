/** Admission of virtual machine instances. Pure. */
import type { ClusterConfig } from "../cluster-config.ts";
import type { VirtualMachineInstance } from "../virtual-machine-instance.ts";
import { distinct, gateOff, missing, shown, unsupported, type Cause } from "./cause.ts";
import { validateInstanceSpec } from "./instance-spec.ts";
import { same } from "./same.ts";
import { schemaFindings } from "./schema.ts";
import { VirtualMachineInstanceSchema } from "../schema/kinds.ts";

/** Who writes: a user of the API, or Virtive's own functions and gateway. */
export type Writer = "user" | "virtive";

/** Labels that say where an instance is: only Virtive may set them. */
const RESERVED_LABELS = [
  "kubevirt.io/created-by",
  "kubevirt.io/migrationJobUID",
  "kubevirt.io/nodeName",
  "kubevirt.io/migrationTargetNodeName",
  "kubevirt.io/schedulable",
  "kubevirt.io/install-strategy",
] as const;

/** Annotations that a feature gate guards. */
const GUARDED_ANNOTATIONS = {
  "kubevirt.io/ignitiondata": "ExperimentalIgnitionSupport",
  "hooks.kubevirt.io/hookSidecars": "Sidecar",
} as const;

/** What is wrong with an instance that is about to be created, after defaulting. Empty: nothing. */
export function validateVirtualMachineInstance(
  vmi: VirtualMachineInstance,
  config: ClusterConfig,
  writer: Writer = "user",
  { causes, readable } = schemaFindings(VirtualMachineInstanceSchema, vmi),
): Cause[] {
  if (!readable) return [...causes];
  return distinct([
    ...causes,
    ...validateInstanceSpec(vmi.spec, "spec", config),
    ...validateHasMemory(vmi.spec, "spec"),
    ...validateInstanceAnnotations(vmi.metadata.annotations, "metadata.annotations", config),
    ...(writer === "virtive" ? [] : reservedLabels({}, vmi.metadata.labels ?? {})),
  ]);
}

/** `at` is the path of the spec; `hint` is added to the message. */
export function validateHasMemory(spec: VirtualMachineInstance["spec"], at: string, hint = ""): Cause[] {
  const { memory, resources } = spec.domain;
  if (memory?.guest !== undefined || memory?.hugepages?.pageSize !== undefined) return [];
  if (resources?.requests?.["memory"] !== undefined || resources?.limits?.["memory"] !== undefined) return [];
  return [missing(`${at}.domain.memory.guest`, `must be set, such as 512Mi: the guest needs memory${hint}`)];
}

export function validateInstanceAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  at: string,
  config: ClusterConfig,
): Cause[] {
  return Object.entries(GUARDED_ANNOTATIONS).flatMap(([name, gate]) =>
    (annotations?.[name] ?? "") !== "" && !config.featureGates.has(gate) ? [gateOff(`${at}.${name}`, gate)] : [],
  );
}

/**
 * What is wrong with a change of an instance. Its spec belongs to Virtive: users change the virtual machine instead.
 * The status subresource is not looked at here.
 */
export function validateVirtualMachineInstanceUpdate(
  old: VirtualMachineInstance,
  next: VirtualMachineInstance,
  _config: ClusterConfig,
  writer: Writer = "user",
): Cause[] {
  const { causes } = schemaFindings(VirtualMachineInstanceSchema, next);
  if (writer === "virtive" || causes.length > 0) return [...causes];
  return distinct([
    ...(same(old.spec, next.spec)
      ? []
      : [unsupported("spec", "cannot be changed on an instance: change spec.template.spec of its VirtualMachine")]),
    ...reservedLabels(old.metadata.labels ?? {}, next.metadata.labels ?? {}),
  ]);
}

function reservedLabels(old: Readonly<Record<string, string>>, next: Readonly<Record<string, string>>): Cause[] {
  const changed = RESERVED_LABELS.filter((label) => old[label] !== next[label]);
  return changed.map((label) =>
    unsupported(`metadata.labels.${label}`, `is Virtive's own label and cannot be set to ${shown(next[label])}`),
  );
}
