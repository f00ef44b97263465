/** docs/fields.md: every field of the API, what it means, and whether anything acts on it. */
import { fieldsOf, type Field } from "#api/fields.ts";
import { clusterSupport, instanceSupport, machineSupport, policySupport, supportOf } from "#api/support.ts";
import { write, type Generated } from "./output.ts";
import {
  KubeVirtSchema,
  MigrationPolicySchema,
  VirtualMachineInstanceSchema,
  VirtualMachineSchema,
} from "#api/schema/kinds.ts";

const INTRODUCTION = `# Fields of the API

<!-- Made from the schemas in api/ by scripts/generate/fields.ts; do not edit. -->

Virtive serves \`kubevirt.io/v1\` with every field that KubeVirt's own API has. \`kubectl explain\` tells the same.
An unknown field is refused at once; what is done about a known one stands in the second column of the specifications:

- **acted**: it has its effect.
- **accepted**: it is stored, and without effect as yet; the instance's status says so.
- **refused**: an instance with it is not started, and its status says why: without the field the guest would not be
  what its owner asked for.

\`[]\` stands for each entry of a list, \`{}\` for each value of a map. \`*\` marks required fields.
`;

type Table = Parameters<typeof supportOf>[0];

interface Section {
  readonly title: string;
  readonly about: string;
  readonly fields: readonly Field[];
  /** For specifications. */
  readonly support?: Table;
}

function below(fields: readonly Field[], root: string): readonly Field[] {
  return fields.filter(({ path }) => path.startsWith(`${root}.`) && !/(\[\]|\{\})$/.test(path));
}

function sections(): readonly Section[] {
  const instance = fieldsOf(VirtualMachineInstanceSchema);
  const machine = fieldsOf(VirtualMachineSchema);
  const cluster = fieldsOf(KubeVirtSchema);
  return [
    {
      title: "VirtualMachine: spec",
      about: "`spec.template.spec` has the fields of a VirtualMachineInstance's spec, which follow below.",
      fields: below(machine, "spec").filter(({ path }) => !path.startsWith("spec.template.spec.")),
      support: { ...machineSupport, "spec.template": "acted" },
    },
    {
      title: "VirtualMachineInstance: spec",
      about: "One life of a virtual machine. It is made from a VirtualMachine's template, or by itself.",
      fields: below(instance, "spec"),
      support: instanceSupport,
    },
    {
      title: "KubeVirt: spec",
      about: "The settings of the cluster.",
      fields: below(cluster, "spec"),
      support: clusterSupport,
    },
    {
      title: "MigrationPolicy: spec",
      about: "`migrations.kubevirt.io/v1alpha1`: settings of some instances' migrations; see migration.md.",
      fields: below(fieldsOf(MigrationPolicySchema), "spec"),
      support: policySupport,
    },
    {
      title: "VirtualMachine: status",
      about: "Written by Virtive only.",
      fields: below(machine, "status"),
    },
    {
      title: "VirtualMachineInstance: status",
      about: "Written by Virtive only. `claim` is Virtive's own; everything else is KubeVirt's.",
      fields: below(instance, "status"),
    },
    { title: "KubeVirt: status", about: "Written by Virtive only.", fields: below(cluster, "status") },
  ];
}

function typeOf(field: Field): string {
  const item = field.type === "array" ? "list" : field.type === "int-or-string" ? "quantity or number" : field.type;
  return field.facts.default === undefined ? item : `${item}, ${JSON.stringify(field.facts.default)} when unset`;
}

/** In a table's cell, a bar would end it. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function wordsOf(field: Field): string {
  const { schema } = field;
  return "options" in schema &&
    Array.isArray(schema.options) &&
    schema.options.every((word) => typeof word === "string")
    ? ` One of ${schema.options.map((word) => `\`${word}\``).join(", ")}.`
    : "";
}

function rows(section: Section): string {
  const { support } = section;
  const head =
    support === undefined
      ? "| field | type | meaning |\n|---|---|---|"
      : "| field | | type | meaning |\n|---|---|---|---|";
  const lines = section.fields.map((field) => {
    const name = `\`${field.path}\`${field.required ? "\\*" : ""}`;
    const cells = [
      name,
      ...(support === undefined ? [] : [supportOf(support, field.path)]),
      typeOf(field),
      cell(field.description + wordsOf(field)),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [head, ...lines].join("\n");
}

function count(section: Section): string {
  const { support, fields } = section;
  if (support === undefined) return `${fields.length} fields.`;
  const of = (wanted: string) => fields.filter(({ path }) => supportOf(support, path) === wanted).length;
  return `${fields.length} fields: ${of("acted")} acted on, ${of("accepted")} accepted, ${of("refused")} refused.`;
}

export function fields(): readonly Generated[] {
  const parts = sections().map(
    (section) => `## ${section.title}\n\n${section.about} ${count(section)}\n\n${rows(section)}\n`,
  );
  return [{ path: "docs/fields.md", content: [INTRODUCTION, ...parts].join("\n") }];
}

if (import.meta.main) await write(fields());
