import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fieldsOf, type Field } from "#api/fields.ts";
import {
  KubeVirtSchema,
  MigrationPolicySchema,
  VirtualMachineInstanceMigrationSchema,
  VirtualMachineInstanceSchema,
  VirtualMachineSchema,
} from "#api/schema/kinds.ts";

const LISTED = new URL("../../../../shared/data/fields.tsv", import.meta.url);

const kinds = {
  VirtualMachineInstance: fieldsOf(VirtualMachineInstanceSchema),
  VirtualMachine: fieldsOf(VirtualMachineSchema),
  KubeVirt: fieldsOf(KubeVirtSchema),
  MigrationPolicy: fieldsOf(MigrationPolicySchema),
  VirtualMachineInstanceMigration: fieldsOf(VirtualMachineInstanceMigrationSchema),
};

/** Fields that the list leaves out because they are Kubernetes' own, and the one that is ours. */
const NOT_LISTED = /^(apiVersion|kind|metadata)|affinity|tolerations|topologySpreadConstraints|^status\.claim/;
const TEMPLATE_METADATA = /^spec\.(template|dataVolumeTemplates\[\])\.metadata\./;

/** Fields that we require although the list does not: nothing could be done without them. */
const REQUIRED_BY_US = ["metadata", "spec.template.spec"];

/** The facts of a field in the words of the list's last column. */
function constraints(field: Field): string[] {
  const { facts } = field;
  const parts: string[] = [];
  if (facts.list !== undefined) parts.push(`list=${facts.list}${facts.keys ? `:${facts.keys.join(",")}` : ""}`);
  if (facts.default !== undefined) parts.push(`default=${JSON.stringify(facts.default)}`);
  if (facts.format !== undefined) parts.push(`format=${facts.format}`);
  if (facts.open === true) parts.push("free-form");
  if (field.required && !/(\[\]|\{\})$/.test(field.path) && !REQUIRED_BY_US.includes(field.path))
    parts.push("required");
  return parts;
}

describe.each(Object.entries(kinds))("%s", (kind, fields) => {
  test("every field has a description of its own", () => {
    const bare = fields.filter((field) => field.description.length < 3 || !/[.…]$/.test(field.description));
    expect(bare.map((field) => field.path)).toEqual([]);
  });

  test.skipIf(!existsSync(LISTED))("has every listed field, with its type and constraints, and no other", () => {
    const ours = new Map(fields.map((field) => [field.path, field]));
    const listed = readFileSync(LISTED, "utf8")
      .split("\n")
      .map((line) => line.split("\t"))
      .filter(([of]) => of === kind)
      .map(([, , path = "", type = "", rest = ""]) => ({ path, type, constraints: rest.split("; ") }));
    expect(listed.length).toBeGreaterThan(20);
    const differ: string[] = [];
    for (const { path, type, constraints: theirs } of listed) {
      const field = ours.get(path);
      if (field === undefined) {
        differ.push(`${path}: missing`);
        continue;
      }
      if (field.type !== type) differ.push(`${path}: ${field.type}, listed as ${type}`);
      const said = constraints(field);
      const expected = theirs.filter((part) => /^(list=|default=|format=|required|free-form)/.test(part));
      for (const part of expected) if (!said.includes(part)) differ.push(`${path}: lacks ${part}`);
      for (const part of said) if (!expected.includes(part)) differ.push(`${path}: has ${part}`);
    }
    const known = new Set(listed.map((field) => field.path));
    for (const path of ours.keys()) {
      if (known.has(path) || NOT_LISTED.test(path) || TEMPLATE_METADATA.test(path)) continue;
      if (path.startsWith("spec.template.spec.")) continue;
      differ.push(`${path}: not listed`);
    }
    expect(differ).toEqual([]);
  });
});
