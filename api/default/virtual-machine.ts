/** Defaulting of a virtual machine when it is created or changed. Pure. */
import type { ClusterConfig } from "../cluster-config.ts";
import { finalizer } from "../names.ts";
import type { VirtualMachine } from "../virtual-machine.ts";
import { architectureOf } from "./instance-spec.ts";
import { withFinalizer, withPCITopology, type Given } from "./metadata.ts";
import { told } from "./told.ts";

/**
 * What must stay the same from one run to the next is fixed here: architecture, machine type, UUID and serial number.
 * Everything else is filled in when an instance is made, so that it can follow the cluster's settings.
 * `old` is what is stored when the machine is changed: its identity is kept when the new one leaves it out, and none is
 * made up for a machine that never had one.
 */
export function defaultVirtualMachine(
  vm: VirtualMachine,
  config: ClusterConfig,
  given: Given,
  old?: VirtualMachine,
): VirtualMachine {
  const { template } = vm.spec;
  const architecture = architectureOf(template.spec, config);
  const identity = identityOf(vm, given, old);
  const spec = {
    ...template.spec,
    architecture,
    domain: {
      ...template.spec.domain,
      machine: {
        ...template.spec.domain.machine,
        type: told(template.spec.domain.machine?.type) ?? config.machines[architecture].default,
      },
      ...(identity === undefined ? {} : { firmware: { ...template.spec.domain.firmware, ...identity } }),
    },
  };
  const metadata = old === undefined ? withPCITopology(template.metadata ?? {}, spec) : template.metadata;
  return {
    ...vm,
    metadata: old === undefined ? withFinalizer(vm.metadata, finalizer.vm) : vm.metadata,
    spec: {
      ...vm.spec,
      template: { ...template, ...(metadata === undefined ? {} : { metadata }), spec },
    },
  };
}

function identityOf(
  vm: VirtualMachine,
  given: Given,
  old: VirtualMachine | undefined,
): { readonly uuid?: string; readonly serial?: string } | undefined {
  const now = vm.spec.template.spec.domain.firmware;
  if (old === undefined) return { uuid: told(now?.uuid) ?? given.uuid(), serial: told(now?.serial) ?? given.uuid() };
  const before = old.spec.template.spec.domain.firmware;
  const uuid = told(now?.uuid) ?? before?.uuid;
  const serial = told(now?.serial) ?? before?.serial;
  if (uuid === undefined && serial === undefined) return undefined;
  return { ...(uuid === undefined ? {} : { uuid }), ...(serial === undefined ? {} : { serial }) };
}
