/** Webhooks as configurations describe them: read once when a configuration changes. */
import { parseExpression, type Expression } from "../cel/language.ts";
import { metadataOf, objectAt, objectsAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import { labelSelectorOf, type Selector } from "../selectors.ts";
import type { Store } from "../store/store.ts";
import { parsed } from "../store/stored-object.ts";

export const ADMISSION_GROUP = "admissionregistration.k8s.io";

export interface Rule {
  readonly operations: readonly string[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
}

/** CEL that must be true for the webhook to be asked at all. */
export interface Condition {
  readonly name: string;
  readonly expression: Expression;
}

export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly port: number;
}

export interface Webhook {
  readonly configuration: string;
  readonly name: string;
  readonly rules: readonly Rule[];
  /** Rules may name any version of a kind. */
  readonly equivalent: boolean;
  readonly namespaces: Selector;
  readonly objects: Selector;
  readonly conditions: readonly Condition[];
  /** When it can't be asked, the request goes on. */
  readonly ignoresFailure: boolean;
  readonly timeoutSeconds: number;
  /** Asked again when a later one has changed the object. */
  readonly reinvokes: boolean;
  readonly target: { readonly url: string } | { readonly service: ServiceRef };
  /** PEM of the authorities that its certificate may come from; undefined: those of the system. */
  readonly authority: string | undefined;
}

export const conditionVariables = ["object", "oldObject", "request"];

/** In the order in which they are asked. @param resource of the store */
export function webhooksIn(store: Store, resource: string): Webhook[] {
  const configurations = store.list(resource).sort((a, b) => (a.name < b.name ? -1 : 1));
  return configurations.flatMap((configuration) => {
    const object = parsed(configuration);
    const name = stringAt(metadataOf(object), "name") ?? "";
    return objectsAt(object, "webhooks").map((webhook) => read(webhook, name));
  });
}

function read(source: JsonObject, configuration: string): Webhook {
  const client = objectAt(source, "clientConfig") ?? {};
  const bundle = stringAt(client, "caBundle") ?? "";
  const timeout = source["timeoutSeconds"];
  return {
    configuration,
    name: stringAt(source, "name") ?? "",
    rules: objectsAt(source, "rules").map(readRule),
    equivalent: source["matchPolicy"] !== "Exact",
    namespaces: labelSelectorOf(objectAt(source, "namespaceSelector")),
    objects: labelSelectorOf(objectAt(source, "objectSelector")),
    conditions: readConditions(source),
    ignoresFailure: source["failurePolicy"] === "Ignore",
    timeoutSeconds: typeof timeout === "number" ? timeout : 10,
    reinvokes: source["reinvocationPolicy"] === "IfNeeded",
    target: targetOf(client),
    authority: bundle === "" ? undefined : Buffer.from(bundle, "base64").toString("utf8"),
  };
}

export function readRule(rule: JsonObject): Rule {
  const list = (field: string) => stringsAt(rule, field);
  return {
    operations: list("operations"),
    apiGroups: list("apiGroups"),
    apiVersions: list("apiVersions"),
    resources: list("resources"),
    scope: stringAt(rule, "scope") ?? "*",
  };
}

/** Expressions are checked before a configuration is stored. */
export function readConditions(source: JsonObject | undefined, variables = conditionVariables): Condition[] {
  return objectsAt(source, "matchConditions").map((condition) => ({
    name: stringAt(condition, "name") ?? "",
    expression: parseExpression(stringAt(condition, "expression") ?? "", variables),
  }));
}

function targetOf(client: JsonObject): Webhook["target"] {
  const service = objectAt(client, "service");
  if (service === undefined) return { url: stringAt(client, "url") ?? "" };
  const port = service["port"];
  return {
    service: {
      namespace: stringAt(service, "namespace") ?? "",
      name: stringAt(service, "name") ?? "",
      path: stringAt(service, "path") ?? "/",
      port: typeof port === "number" ? port : 443,
    },
  };
}
