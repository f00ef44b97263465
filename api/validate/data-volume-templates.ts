/** Rules for the DataVolumes that a virtual machine brings along. Pure. */
import type { DataVolumeTemplate } from "../schema/data-volume.ts";
import type { VirtualMachine } from "../virtual-machine.ts";
import { invalid, missing, shown, type Cause } from "./cause.ts";

export function validateDataVolumeTemplates(vm: VirtualMachine): Cause[] {
  const volumes = vm.spec.template.spec.volumes ?? [];
  const used = new Set(volumes.flatMap((volume) => [volume.dataVolume?.name, volume.persistentVolumeClaim?.claimName]));
  return (vm.spec.dataVolumeTemplates ?? []).flatMap((template, index) => {
    const field = `spec.dataVolumeTemplates[${index}]`;
    const name = template.metadata?.name ?? "";
    if (name === "") return [missing(`${field}.metadata.name`, "must be the name of the DataVolume")];
    const causes: Cause[] = [];
    if (!used.has(name)) {
      causes.push(missing(field, `must be used: no volume of spec.template.spec.volumes refers to ${shown(name)}`));
    }
    const namespace = template.metadata?.namespace;
    if (namespace !== undefined && namespace !== vm.metadata.namespace) {
      causes.push(
        invalid(`${field}.metadata.namespace`, `must be that of the virtual machine, ${vm.metadata.namespace}`),
      );
    }
    return [...causes, ...validateTemplateSpec(template.spec, `${field}`)];
  });
}

function validateTemplateSpec(spec: DataVolumeTemplate["spec"], field: string): Cause[] {
  const causes: Cause[] = [];
  if (spec.pvc === undefined && spec.storage === undefined) causes.push(invalid(field, "must have storage or pvc"));
  if (spec.pvc !== undefined && spec.storage !== undefined)
    causes.push(invalid(field, "must have storage or pvc, not both"));
  const request = spec.pvc ?? spec.storage;
  const populated = request?.dataSource !== undefined || request?.dataSourceRef !== undefined;
  const at = `${field}.source`;
  const sources = Object.keys(spec.source ?? {});
  if (populated && (spec.source !== undefined || spec.sourceRef !== undefined)) {
    causes.push(invalid(at, "must not be set with a dataSource or dataSourceRef, which fills the volume"));
  } else if (spec.source !== undefined && spec.sourceRef !== undefined) {
    causes.push(invalid(at, "must be source or sourceRef, not both"));
  } else if (spec.source !== undefined && sources.length !== 1) {
    causes.push(
      invalid(at, `must be exactly one, such as http, registry or blank; it is ${sources.join(" and ") || "none"}`),
    );
  } else if (!populated && spec.source === undefined && spec.sourceRef === undefined) {
    causes.push(invalid(at, "must be set, or sourceRef"));
  }
  return causes;
}
