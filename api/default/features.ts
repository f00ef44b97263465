/** Defaults of hypervisor features. Pure. */
import type { Architecture } from "../cluster-config.ts";
import type { Features } from "../schema/features.ts";

type Hyperv = NonNullable<Features["hyperv"]>;

/** What an enlightenment does not work without. Order matters: what is pulled in may pull in more. */
const HYPERV_NEEDS = [
  ["synictimer", "synic"],
  ["synic", "vpindex"],
  ["ipi", "vpindex"],
  ["tlbflush", "vpindex"],
  ["reenlightenment", "frequencies"],
  ["evmcs", "vapic"],
] as const satisfies readonly (readonly [keyof Hyperv, keyof Hyperv])[];

function isOn(feature: { readonly enabled?: boolean | undefined } | undefined): boolean {
  return feature !== undefined && feature.enabled !== false;
}

function withNeeded(hyperv: Hyperv): Hyperv {
  let result = hyperv;
  for (const [feature, needed] of HYPERV_NEEDS) {
    if (isOn(result[feature]) && result[needed] === undefined) result = { ...result, [needed]: { enabled: true } };
  }
  return result;
}

export function defaultFeatures(features: Features, architecture: Architecture): Features {
  return {
    ...features,
    acpi: { ...features.acpi, enabled: features.acpi?.enabled ?? architecture !== "s390x" },
    ...(features.hyperv === undefined ? {} : { hyperv: withNeeded(features.hyperv) }),
  };
}
