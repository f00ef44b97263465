/** Admission of virtual machines. Pure. */
import type { ClusterConfig } from "../cluster-config.ts";
import { pageBytes, whyMemoryCannotGrow } from "../default/capacity.ts";
import { architectureOf, defaultInstanceSpec } from "../default/instance-spec.ts";
import { bytesOf, formatBytes, heldQuantity, parseQuantity } from "../quantity.ts";
import { RUN_STRATEGIES } from "../schema/machine.ts";
import type { VirtualMachineInstanceSpec } from "../virtual-machine-instance.ts";
import type { VirtualMachine } from "../virtual-machine.ts";
import { distinct, gateOff, invalid, notFound, shown, unsupported, type Cause } from "./cause.ts";
import { validateDataVolumeTemplates } from "./data-volume-templates.ts";
import { validateInstanceSpec } from "./instance-spec.ts";
import { same } from "./same.ts";
import { schemaFindings } from "./schema.ts";
import { validateHasMemory, validateInstanceAnnotations } from "./virtual-machine-instance.ts";
import { VirtualMachineSchema } from "../schema/kinds.ts";

const TEMPLATE = "spec.template.spec";

/** What is wrong with a virtual machine that is about to be created, after defaulting. Empty: nothing. */
export function validateVirtualMachine(
  vm: VirtualMachine,
  config: ClusterConfig,
  { causes, readable } = schemaFindings(VirtualMachineSchema, vm),
): Cause[] {
  if (!readable) return [...causes];
  return distinct([...causes, ...validateRules(vm, config)]);
}

/** What is wrong with a change of a virtual machine, after defaulting. */
export function validateVirtualMachineUpdate(
  old: VirtualMachine,
  next: VirtualMachine,
  config: ClusterConfig,
  { causes, readable } = schemaFindings(VirtualMachineSchema, next),
): Cause[] {
  if (!readable) return [...causes];
  // What is stored already is not judged again by rules that came later: it must stay possible to delete it.
  const rules = same(old.spec, next.spec) ? [] : validateRules(next, config);
  return distinct([...causes, ...rules, ...validateMatcherUpdate(old, next)]);
}

function validateRules(vm: VirtualMachine, config: ClusterConfig): Cause[] {
  const { template } = vm.spec;
  // The instance that will run is judged: what is left out is what its own defaulting will fill in.
  const spec = defaultInstanceSpec(template.spec, config, () => "00000000-0000-4000-8000-000000000000");
  return [
    ...validateRunStrategy(vm, config),
    ...validateInstanceSpec(spec, TEMPLATE, config),
    ...validateHasMemory(
      spec,
      TEMPLATE,
      vm.spec.instancetype === undefined ? "" : ", and spec.instancetype is without effect as yet",
    ),
    ...(config.liveUpdate ? validateMemoryGrowth(template.spec, config) : []),
    ...validateInstanceAnnotations(template.metadata?.annotations, "spec.template.metadata.annotations", config),
    ...validateDataVolumeTemplates(vm),
    ...validateMatcher(vm, "instancetype"),
    ...validateMatcher(vm, "preference"),
  ];
}

function validateRunStrategy(vm: VirtualMachine, config: ClusterConfig): Cause[] {
  const { running, runStrategy } = vm.spec;
  if (running !== undefined && runStrategy !== undefined) {
    return [invalid("spec.running", "must not be set with runStrategy; running is deprecated: remove it")];
  }
  if (running === undefined && runStrategy === undefined) {
    return [invalid("spec.running", `set spec.runStrategy instead: ${RUN_STRATEGIES.slice(0, 5).join(", ")}`)];
  }
  const gate = "DecentralizedLiveMigration";
  return runStrategy === "WaitAsReceiver" && !config.featureGates.has(gate) ? [gateOff("spec.runStrategy", gate)] : [];
}

/** Memory up to which a running guest grows, when a user asks for it. */
function validateMemoryGrowth(spec: VirtualMachineInstanceSpec, config: ClusterConfig): Cause[] {
  const { guest, maxGuest } = spec.domain.memory ?? {};
  const most = maxGuest === undefined ? undefined : heldQuantity(maxGuest);
  if (maxGuest === undefined || most === undefined) return [];
  const field = `${TEMPLATE}.domain.memory.guest`;
  if (guest === undefined) return [invalid(field, "must be set with maxGuest")];
  const size = parseQuantity(guest);
  if (size === undefined) return [];
  if (architectureOf(spec, config) !== "amd64") {
    return [invalid(field, "memory can be added to running amd64 guests only: remove maxGuest")];
  }
  const why = whyMemoryCannotGrow(spec.domain, guest);
  if (why !== undefined)
    return [invalid(field, `memory cannot be added to this guest while it runs, since ${why}: remove maxGuest`)];
  if (size > most) return [invalid(field, `must not be above maxGuest, ${shown(maxGuest)}; it is ${shown(guest)}`)];
  const unit = pageBytes(spec.domain) ?? 2 * 2 ** 20;
  return bytesOf(maxGuest) % unit === 0
    ? []
    : [
        invalid(
          `${TEMPLATE}.domain.memory.maxGuest`,
          `must be a multiple of ${formatBytes(unit)}; it is ${shown(maxGuest)}`,
        ),
      ];
}

function validateMatcher(vm: VirtualMachine, field: "instancetype" | "preference"): Cause[] {
  const matcher = vm.spec[field];
  if (matcher === undefined) return [];
  const at = `spec.${field}`;
  const { name = "", kind = "", inferFromVolume = "", inferFromVolumeFailurePolicy: policy } = matcher;
  const causes: Cause[] = [];
  if (name === "" && inferFromVolume === "") causes.push(notFound(at, "must have a name, or inferFromVolume"));
  if (name !== "" && inferFromVolume !== "")
    causes.push(unsupported(`${at}.name`, "must not be set with inferFromVolume"));
  if (kind !== "" && inferFromVolume !== "")
    causes.push(unsupported(`${at}.kind`, "must not be set with inferFromVolume"));
  if (policy !== undefined && policy !== "Reject" && policy !== "Ignore") {
    causes.push(invalid(`${at}.inferFromVolumeFailurePolicy`, `must be Reject or Ignore; it is ${shown(policy)}`));
  }
  return causes;
}

/** A revision belongs to one name. */
function validateMatcherUpdate(old: VirtualMachine, next: VirtualMachine): Cause[] {
  return (["instancetype", "preference"] as const).flatMap((field) => {
    const before = old.spec[field];
    const after = next.spec[field];
    const stale =
      before?.name !== undefined &&
      after?.name !== before.name &&
      after?.revisionName !== undefined &&
      after.revisionName === before.revisionName;
    return stale
      ? [invalid(`spec.${field}.revisionName`, "is of the former name: remove it, or name the new revision")]
      : [];
  });
}
