/** The CustomResourceDefinitions of our kinds, made from their schemas. Pure. */
import type { z } from "zod";
import { KubeVirt } from "./kubevirt.ts";
import type { Kind } from "./object.ts";
import type { CustomResourceDefinition, PrinterColumn } from "./custom-resource-definition.ts";
import { structural, type Structural } from "./structural.ts";
import { VirtualMachineInstance } from "./virtual-machine-instance.ts";
import { MigrationPolicy } from "./migration-policy.ts";
import { VirtualMachineInstanceMigration } from "./virtual-machine-instance-migration.ts";
import { VirtualMachine } from "./virtual-machine.ts";
import {
  KubeVirtSchema,
  MigrationPolicySchema,
  VirtualMachineInstanceMigrationSchema,
  VirtualMachineInstanceSchema,
  VirtualMachineSchema,
} from "./schema/kinds.ts";

interface Definition {
  readonly kind: Kind;
  readonly schema: z.ZodType;
  readonly shortNames: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly columns: readonly PrinterColumn[];
}

const age: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const phase: PrinterColumn = { name: "Phase", type: "string", jsonPath: ".status.phase" };

function condition(name: string, type: string, priority?: number): PrinterColumn {
  return {
    name,
    type: "string",
    jsonPath: `.status.conditions[?(@.type=='${type}')].status`,
    ...(priority === undefined ? {} : { priority }),
  };
}

const definitions: readonly Definition[] = [
  {
    kind: VirtualMachine,
    schema: VirtualMachineSchema,
    shortNames: ["vm", "vms"],
    labels: { "kubevirt.io": "" },
    columns: [
      age,
      {
        name: "Status",
        type: "string",
        jsonPath: ".status.printableStatus",
        description: "What the virtual machine does, in one word.",
      },
      condition("Ready", "Ready"),
    ],
  },
  {
    kind: VirtualMachineInstance,
    schema: VirtualMachineInstanceSchema,
    shortNames: ["vmi", "vmis"],
    labels: { "kubevirt.io": "" },
    columns: [
      age,
      phase,
      { name: "IP", type: "string", jsonPath: ".status.interfaces[0].ipAddress" },
      { name: "NodeName", type: "string", jsonPath: ".status.nodeName" },
      condition("Ready", "Ready"),
      condition("Live-Migratable", "LiveMigratable", 1),
      condition("Paused", "Paused", 1),
    ],
  },
  {
    kind: VirtualMachineInstanceMigration,
    schema: VirtualMachineInstanceMigrationSchema,
    shortNames: ["vmim", "vmims"],
    labels: { "kubevirt.io": "" },
    columns: [phase, { name: "VMI", type: "string", jsonPath: ".spec.vmiName" }, age],
  },
  {
    kind: MigrationPolicy,
    schema: MigrationPolicySchema,
    shortNames: [],
    labels: { "kubevirt.io": "" },
    columns: [age],
  },
  {
    kind: KubeVirt,
    schema: KubeVirtSchema,
    shortNames: ["kv", "kvs"],
    labels: { "operator.kubevirt.io": "" },
    columns: [age, phase],
  },
];

/** Metadata has a schema of its own in every API server, which refuses a CRD that says more of it than its type. */
function rootSchema(schema: z.ZodType): Structural {
  const root = structural(schema);
  return { ...root, properties: { ...root.properties, metadata: { type: "object" } } };
}

/** What KubeVirt's kinds were served as before v1, and still are. */
function older({ group, kind }: Kind) {
  const warning = `${group}/v1alpha3 ${kind} is deprecated; use ${group}/v1, which has the same fields`;
  return { name: "v1alpha3", served: true, storage: false, deprecated: true, deprecationWarning: warning };
}

function definition(of: Definition): CustomResourceDefinition {
  const { kind } = of;
  const shared = {
    schema: { openAPIV3Schema: rootSchema(of.schema) },
    subresources: { status: {} },
    additionalPrinterColumns: of.columns,
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${kind.group}`, labels: of.labels },
    spec: {
      group: kind.group,
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      names: {
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        shortNames: of.shortNames,
        categories: ["all"],
      },
      conversion: { strategy: "None" },
      versions: [
        { name: kind.version, served: true, storage: true, ...shared },
        ...(kind.version === "v1" ? [{ ...older(kind), ...shared }] : []),
      ],
    },
  };
}

/** All CRDs that Virtive installs. Both versions of a kind share one schema; the newer is the one that is stored. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return definitions.map(definition);
}
