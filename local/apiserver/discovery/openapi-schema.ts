/** A compiled schema as OpenAPI 3. Core types refer to each other by name; the schemas of a CRD stand whole. */
import type { Schema } from "../schema/schema.ts";

/** Collects the named types that a document needs. */
export class Components {
  readonly schemas: Record<string, object> = {};

  reference(schema: Schema): object {
    if (schema.named === undefined) return this.inline(schema);
    const name = componentName(schema.named);
    if (this.schemas[name] === undefined) {
      // Registered before it is filled: types contain themselves.
      this.schemas[name] = {};
      this.schemas[name] = this.inline(schema);
    }
    return { allOf: [{ $ref: `#/components/schemas/${name}` }] };
  }

  inline(schema: Schema): object {
    const { limits } = schema;
    const properties = [...schema.properties].map(([field, child]) => {
      const description = child.description ?? fieldWords(field, child);
      return [field, { ...(description === undefined ? {} : { description }), ...this.reference(child) }];
    });
    const { pattern, ...plain } = limits;
    return {
      ...(schema.description === undefined ? {} : { description: schema.description }),
      ...(schema.type === undefined ? {} : { type: schema.type }),
      ...plain,
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
      ...(schema.default === undefined ? {} : { default: schema.default.value }),
      ...(schema.required.length === 0 ? {} : { required: schema.required }),
      ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) as object }),
      ...(schema.additional === undefined ? {} : { additionalProperties: this.reference(schema.additional) }),
      ...(schema.items === undefined ? {} : { items: this.reference(schema.items) }),
      ...extensions(schema),
    };
  }
}

/** "V1PodSpec" → "v1.PodSpec" */
function componentName(type: string): string {
  return type.replace(
    /^(.*?)(V\d+)(?=[A-Z])/,
    (_, group: string, version: string) => `${group}${version.toLowerCase()}.`,
  );
}

/** What everybody knows of these, for kubectl explain. */
function fieldWords(field: string, schema: Schema): string | undefined {
  if (field === "apiVersion" && schema.type === "string") return "Group and version of the object's kind.";
  if (field === "kind" && schema.type === "string") return "The object's kind.";
  if (field === "metadata" && schema.named === "V1ObjectMeta") return "Name, labels and what else every object has.";
  return undefined;
}

function extensions(schema: Schema): object {
  const { list } = schema;
  return {
    ...(schema.nullable && schema.type !== "array" ? { nullable: true } : {}),
    ...(schema.intOrString ? { "x-kubernetes-int-or-string": true } : {}),
    ...(schema.preserveUnknown ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    ...(schema.embedded ? { "x-kubernetes-embedded-resource": true } : {}),
    ...(schema.atomicMap ? { "x-kubernetes-map-type": "atomic" } : {}),
    ...(list.kind === "set" ? { "x-kubernetes-list-type": "set" } : {}),
    ...(list.kind === "map" ? { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list.keys } : {}),
  };
}
