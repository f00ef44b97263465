/** What a Node's labels say of the CPUs that guests can have there, as KubeVirt's labels do. Pure. */
import { cpuLabel } from "#api/names.ts";
import type { NodeCpu } from "#events/machine.ts";

type Labels = Readonly<Record<string, string>>;

const PREFIXES = Object.values(cpuLabel);

export function isCpuLabel(name: string): boolean {
  return PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Others stay as they are; those of an earlier answer go. */
export function withCpuLabels(labels: Labels | undefined, { vendor, hostModel, models, features }: NodeCpu): Labels {
  const named: readonly string[] = [
    ...(vendor === undefined ? [] : [`${cpuLabel.vendor}${vendor}`]),
    ...(hostModel === undefined ? [] : [`${cpuLabel.hostModel}${hostModel}`]),
    ...models.map((model) => `${cpuLabel.model}${model}`),
    ...features.map((feature) => `${cpuLabel.feature}${feature}`),
  ];
  return {
    ...Object.fromEntries(Object.entries(labels ?? {}).filter(([name]) => !isCpuLabel(name))),
    ...Object.fromEntries(named.map((name) => [name, "true"])),
  };
}
