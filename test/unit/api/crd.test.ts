import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { customResourceDefinitions } from "#api/crd.ts";
import type { Structural } from "#api/structural.ts";

const LISTED = new URL("../../../../shared/data/fields.tsv", import.meta.url);
const definitions = customResourceDefinitions();

/** Every schema below the root, by its path. */
function flatten(schema: Structural, path = "", found = new Map<string, Structural>()): Map<string, Structural> {
  if (path !== "") found.set(path, schema);
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    flatten(child, path === "" ? name : `${path}.${name}`, found);
  }
  if (schema.items !== undefined) flatten(schema.items, `${path}[]`, found);
  if (schema.additionalProperties !== undefined) flatten(schema.additionalProperties, `${path}{}`, found);
  return found;
}

function schemaOf(kind: string): Structural {
  const definition = definitions.find((candidate) => candidate.spec.names.kind === kind);
  const schema = definition?.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error(`no CRD of ${kind}`);
  return schema;
}

describe.each(definitions)("the CRD $metadata.name", (definition) => {
  const { spec } = definition;

  test("serves and stores the versions of its group, and says which is deprecated", () => {
    const versions = spec.versions.map(({ name, served, storage, deprecated }) => ({
      name,
      served,
      storage,
      deprecated,
    }));
    if (spec.group === "migrations.kubevirt.io") {
      expect(versions).toEqual([{ name: "v1alpha1", served: true, storage: true, deprecated: undefined }]);
      expect(spec.scope).toBe("Cluster");
      return;
    }
    expect(spec.group).toBe("kubevirt.io");
    expect(versions).toEqual([
      { name: "v1", served: true, storage: true, deprecated: undefined },
      { name: "v1alpha3", served: true, storage: false, deprecated: true },
    ]);
    expect(spec.versions[1]?.deprecationWarning).toContain(`${spec.names.kind} is deprecated; use kubevirt.io/v1`);
    expect(spec.versions[1]?.schema).toEqual(spec.versions[0]?.schema);
  });

  test("has status as a subresource and is in the category all", () => {
    for (const version of spec.versions) expect(version.subresources).toEqual({ status: {} });
    expect(spec.names.categories).toEqual(["all"]);
  });

  test("fits in etcd, and in the annotation that kubectl apply keeps", () => {
    expect(JSON.stringify(definition).length).toBeLessThan(256 * 1024);
  });

  test("says of its metadata only that it is an object, as API servers demand", () => {
    expect(schemaOf(spec.names.kind).properties?.["metadata"]).toEqual({ type: "object" });
  });

  test("is structural", () => {
    const schemas = flatten(schemaOf(spec.names.kind));
    for (const [path, schema] of schemas) {
      const intOrString = schema["x-kubernetes-int-or-string"] === true;
      expect(schema.type !== undefined || intOrString, `${path} has a type`).toBe(true);
      expect(
        schema.properties === undefined || schema.additionalProperties === undefined,
        `${path} is no mixture`,
      ).toBe(true);
      if (schema.type === "array") expect(schema.items, `${path} has items`).toBeDefined();
      if (schema["x-kubernetes-list-type"] === "map") {
        const required = schema.items?.required ?? [];
        for (const key of schema["x-kubernetes-list-map-keys"] ?? [])
          expect(required, `${path} merges by ${key}`).toContain(key);
      }
      if (schema["x-kubernetes-list-type"] === "set")
        expect(schema.items?.type, `${path} is a set of scalars`).toBe("string");
      if (schema.default !== undefined)
        expect(typeof schema.default, `${path} has a default of its type`).toBe(schema.type);
      if (path !== "metadata") expect(schema.description, `${path} has a description`).toBeTruthy();
    }
  });
});

test("columns, short names and labels are those that people's tools know", () => {
  const [vm, vmi, migration, policy, kubevirt] = definitions;
  const columns = (of: typeof vm) => of?.spec.versions[0]?.additionalPrinterColumns?.map((column) => column.name);
  expect(columns(vm)).toEqual(["Age", "Status", "Ready"]);
  expect(columns(vmi)).toEqual(["Age", "Phase", "IP", "NodeName", "Ready", "Live-Migratable", "Paused"]);
  expect(columns(migration)).toEqual(["Phase", "VMI", "Age"]);
  expect(columns(policy)).toEqual(["Age"]);
  expect(columns(kubevirt)).toEqual(["Age", "Phase"]);
  expect(definitions.map(({ spec }) => spec.names.shortNames)).toEqual([
    ["vm", "vms"],
    ["vmi", "vmis"],
    ["vmim", "vmims"],
    [],
    ["kv", "kvs"],
  ]);
  expect(definitions.map(({ metadata }) => metadata.labels)).toEqual([
    { "kubevirt.io": "" },
    { "kubevirt.io": "" },
    { "kubevirt.io": "" },
    { "kubevirt.io": "" },
    { "operator.kubevirt.io": "" },
  ]);
});

test("rules that need no webhook are in the schema, and name fields that exist", () => {
  const ruled = definitions.flatMap(({ spec }) =>
    [...flatten(schemaOf(spec.names.kind))].filter(([, schema]) => schema["x-kubernetes-validations"] !== undefined),
  );
  expect(ruled.map(([path]) => path)).toContain("spec.volumes[]");
  expect(ruled.map(([path]) => path)).toContain("spec.template.spec.domain.firmware.bootloader");
  for (const [path, schema] of ruled) {
    for (const { rule, fieldPath } of schema["x-kubernetes-validations"] ?? []) {
      const named = [...rule.matchAll(/self\.([A-Za-z]+)/g)].map(([, name]) => name);
      expect(named.length, path).toBeGreaterThan(0);
      for (const name of named) expect(Object.keys(schema.properties ?? {}), path).toContain(name);
      if (fieldPath !== undefined) expect(Object.keys(schema.properties ?? {}), path).toContain(fieldPath.slice(1));
    }
  }
});

test.skipIf(!existsSync(LISTED))("bounds, patterns and words are the listed ones, and no others", () => {
  const differ: string[] = [];
  for (const line of readFileSync(LISTED, "utf8").split("\n")) {
    const [kind = "", , path = "", , constraints = ""] = line.split("\t");
    if (!definitions.some(({ spec }) => spec.names.kind === kind)) continue;
    const schema = flattened(kind).get(path);
    const listed = constraints
      .split("; ")
      .filter((part) => /^(minimum|maximum|minLength|maxLength|minItems|maxItems|pattern|enum)=/.test(part))
      .sort();
    const ours = [
      ...(["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern"] as const).flatMap(
        (bound) => (schema?.[bound] === undefined ? [] : [`${bound}=${schema[bound]}`]),
      ),
      ...(schema?.enum === undefined ? [] : [`enum=${schema.enum.join("|")}`]),
    ].sort();
    if (listed.join("; ") !== ours.join("; "))
      differ.push(`${kind} ${path}: ${ours.join("; ")}, listed as ${listed.join("; ")}`);
  }
  expect(differ).toEqual([]);
});

const cache = new Map<string, Map<string, Structural>>();
function flattened(kind: string): Map<string, Structural> {
  const known = cache.get(kind) ?? flatten(schemaOf(kind));
  cache.set(kind, known);
  return known;
}
