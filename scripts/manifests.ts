/**
 * The chart as plain manifests, for `kubectl apply --server-side -f`: with the namespace, labelled for the node runtime's privileges, and
 * without hooks: what the chart's hook does at the end, scripts/uninstall does here.
 */
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { asFault } from "#events/fault.ts";
import { helm } from "./kubernetes/helm.ts";

export const CHART = join(import.meta.dirname, "..", "charts", "virtive");

const HOOK = "helm.sh/hook";
const KUBERNETES = "1.35.0";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface RenderOptions {
  readonly namespace?: string;
  /** As `helm --set` takes them. */
  readonly set?: readonly string[];
  /** Files of values. */
  readonly values?: readonly string[];
}

/** Every object that the chart makes, hooks too. @throws Fault refused with Helm's own words */
export async function render({ namespace = "virtive", set = [], values = [] }: RenderOptions): Promise<Manifest[]> {
  const text = await helm([
    "template",
    "virtive",
    CHART,
    `--namespace=${namespace}`,
    // Helm asks no server here, and would take an old one for granted.
    `--kube-version=${KUBERNETES}`,
    ...set.flatMap((one) => ["--set", one]),
    ...values.flatMap((file) => ["--values", file]),
  ]);
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** In the order in which they can be applied. */
export async function manifests(options: RenderOptions): Promise<readonly Manifest[]> {
  const { namespace = "virtive" } = options;
  const rendered = await render(options);
  const hookOf = (one: Manifest): string | undefined => one.metadata.annotations?.[HOOK];
  const plain = rendered.filter((one) => hookOf(one) === undefined);
  // After its definition.
  const last = rendered.filter((one) => hookOf(one)?.includes("post-install")).map(withoutHook);
  const privileged = { "pod-security.kubernetes.io/enforce": "privileged" };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: privileged } },
    ...plain.sort((one, other) => order(one) - order(other)),
    ...last,
  ];
}

function order({ kind }: Manifest): number {
  return kind === "CustomResourceDefinition" ? 0 : 1;
}

function withoutHook(manifest: Manifest): Manifest {
  const annotations = Object.entries(manifest.metadata.annotations ?? {}).filter(([name]) => !name.startsWith(HOOK));
  return { ...manifest, metadata: { ...manifest.metadata, annotations: Object.fromEntries(annotations) } };
}

export function asYaml(list: readonly Manifest[]): string {
  // Definitions as JSON, which YAML takes as it is: indented they would be three times as long.
  const text = (one: Manifest): string =>
    one.kind === "CustomResourceDefinition"
      ? `${JSON.stringify(one)}\n`
      : stringify(one, { aliasDuplicateObjects: false, lineWidth: 120 });
  return list.map(text).join("---\n");
}

const USAGE = `usage: scripts/manifests [--namespace NAME] [--set name=value]… [--values FILE]…
  prints the chart's objects as YAML; values are charts/virtive/values.yaml's`;

if (import.meta.main) {
  const { parseArgs } = await import("node:util");
  const { values } = parseArgs({
    options: {
      namespace: { type: "string", default: "virtive" },
      set: { type: "string", multiple: true, default: [] as string[] },
      values: { type: "string", multiple: true, default: [] as string[] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) console.log(USAGE);
  else {
    try {
      process.stdout.write(asYaml(await manifests(values)));
    } catch (thrown) {
      console.error(`scripts/manifests: ${asFault(thrown).message}`);
      process.exitCode = 1;
    }
  }
}
