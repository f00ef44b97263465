/** Schemas of the core kinds, made on demand from the generated table of types and the merge rules of their lists. */
import { emptySchema, type ListMerge, type Schema } from "../schema/schema.ts";
import { coreTypes } from "./core-types.gen.ts";

/** Lists that merge by key; all others are atomic. The first key is the one of a strategic merge patch. */
const mapLists: Readonly<Record<string, readonly string[]>> = {
  "V1ObjectMeta.ownerReferences": ["uid"],
  "V1PodSpec.containers": ["name"],
  "V1PodSpec.initContainers": ["name"],
  "V1PodSpec.ephemeralContainers": ["name"],
  "V1PodSpec.volumes": ["name"],
  "V1PodSpec.imagePullSecrets": ["name"],
  "V1PodSpec.hostAliases": ["ip"],
  "V1PodSpec.topologySpreadConstraints": ["topologyKey", "whenUnsatisfiable"],
  "V1PodSpec.schedulingGates": ["name"],
  "V1PodSpec.resourceClaims": ["name"],
  "V1Container.env": ["name"],
  "V1Container.ports": ["containerPort", "protocol"],
  "V1Container.volumeMounts": ["mountPath"],
  "V1Container.volumeDevices": ["devicePath"],
  "V1PodStatus.conditions": ["type"],
  "V1PodStatus.podIPs": ["ip"],
  "V1NodeStatus.conditions": ["type"],
  "V1NodeStatus.addresses": ["type"],
  "V1NamespaceStatus.conditions": ["type"],
  "V1PersistentVolumeClaimStatus.conditions": ["type"],
  "V1ServiceSpec.ports": ["port", "protocol"],
  "V1ServiceStatus.conditions": ["type"],
  "V1ServiceAccount.secrets": ["name"],
  "V1ServiceAccount.imagePullSecrets": ["name"],
  "V1CustomResourceDefinitionStatus.conditions": ["type"],
  "V1MutatingWebhookConfiguration.webhooks": ["name"],
  "V1ValidatingWebhookConfiguration.webhooks": ["name"],
  "V1MutatingWebhook.matchConditions": ["name"],
  "V1ValidatingWebhook.matchConditions": ["name"],
};

const setLists: ReadonlySet<string> = new Set(["V1ObjectMeta.finalizers", "V1NodeSpec.podCIDRs"]);

/** Objects that are replaced whole. */
const atomicTypes: ReadonlySet<string> = new Set([
  "V1ObjectReference",
  "V1LocalObjectReference",
  "V1LabelSelector",
  "V1NodeSelector",
  "V1NodeSelectorTerm",
  "V1SecretKeySelector",
  "V1ConfigMapKeySelector",
  "V1ObjectFieldSelector",
  "V1ResourceFieldSelector",
  "V1OwnerReference",
  "V1TypedLocalObjectReference",
]);

/** Quantities: the models call them strings, and Kubernetes takes numbers too. */
const quantities: ReadonlySet<string> = new Set([
  "limits",
  "requests",
  "capacity",
  "allocatable",
  "allocatedResources",
  "overhead",
  "hard",
  "used",
  "sizeLimit",
  "divisor",
]);

/** The API server fills these in before it validates. */
const optional: ReadonlySet<string> = new Set([
  "EventsV1Event.eventTime",
  "CoreV1Event.metadata",
  "V1PodSpec.containers",
]);

/** Controllers write what they know: kube-apiserver asks for no field of a status, however deep. */
const statusTypes: ReadonlySet<string> = (() => {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const fields = coreTypes[name];
    if (fields === undefined || found.has(name)) return;
    found.add(name);
    for (const declared of Object.values(fields)) visit(declared.replace(/^(\[\]|\{\})/, "").replace(/!$/, ""));
  };
  for (const name of Object.keys(coreTypes)) if (/(Status|Condition)$/.test(name)) visit(name);
  return found;
})();

const cache = new Map<string, Schema>();

/** The schema of a core type by its name in the table, such as V1Pod. */
export function coreSchema(name: string): Schema {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const fields = coreTypes[name];
  if (fields === undefined) throw new Error(`no core type is called ${name}`);
  const schema: Schema = {
    ...emptySchema(),
    type: "object",
    dropNulls: true,
    named: name,
    atomicMap: atomicTypes.has(name),
  };
  // Registered before it is filled: some types contain themselves.
  cache.set(name, schema);
  const required: string[] = [];
  for (const [field, declared] of Object.entries(fields)) {
    const type = declared.replace(/!$/, "");
    if (declared.endsWith("!") && !statusTypes.has(name) && !optional.has(`${name}.${field}`)) required.push(field);
    schema.properties.set(field, fieldSchema(type, `${name}.${field}`, quantities.has(field)));
  }
  schema.required = required;
  return schema;
}

function fieldSchema(type: string, at: string, quantity: boolean): Schema {
  if (type.startsWith("[]")) {
    return {
      ...emptySchema(),
      type: "array",
      items: fieldSchema(type.slice(2), at, quantity),
      list: mergeOf(at),
      nullable: true,
    };
  }
  if (type.startsWith("{}")) {
    const additional = fieldSchema(type.slice(2), at, quantity);
    return { ...emptySchema(), type: "object", additional, dropNulls: true };
  }
  switch (type) {
    case "string":
      return quantity ? { ...emptySchema(), intOrString: true } : { ...emptySchema(), type: "string" };
    case "bytes":
      return { ...emptySchema(), type: "string", limits: { format: "byte" } };
    case "time":
      return { ...emptySchema(), type: "string", limits: { format: "date-time" }, nullable: true };
    case "micro-time":
      return { ...emptySchema(), type: "string", limits: { format: "micro-time" }, nullable: true };
    case "integer":
    case "number":
    case "boolean":
      return { ...emptySchema(), type };
    case "int-or-string":
      return { ...emptySchema(), intOrString: true };
    case "any":
      return { ...emptySchema(), preserveUnknown: true };
    default:
      return coreSchema(type);
  }
}

function mergeOf(at: string): ListMerge {
  const keys = mapLists[at];
  if (keys !== undefined) return { kind: "map", keys };
  return setLists.has(at) ? { kind: "set" } : { kind: "atomic" };
}

/** Metadata of every object, custom ones too. */
export function metadataSchema(): Schema {
  return coreSchema("V1ObjectMeta");
}
