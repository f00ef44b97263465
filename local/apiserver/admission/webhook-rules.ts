/** What makes configurations of webhooks valid, and their defaults. */
import { invalidValue, requiredValue, unsupportedValue } from "../causes.ts";
import { checker } from "../cel/language.ts";
import { isObject, objectAt, objectsAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import type { KindRules } from "../kinds/kind.ts";
import { nameProblem } from "../names.ts";
import type { StatusCause } from "../status.ts";
import { conditionVariables } from "./webhook.ts";

const dyn = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, "dyn"]));

/** Whether an expression over these variables, of which nothing is known, can be used. */
export function looseChecker(names: readonly string[]): ReturnType<typeof checker> {
  return checker({ objects: new Map(), variables: dyn(names) });
}

function oneOf(source: JsonObject, field: string, at: string, allowed: readonly string[]): StatusCause[] {
  const given = source[field];
  if (typeof given === "string" && allowed.includes(given)) return [];
  return [unsupportedValue(`${at}.${field}`, given, allowed)];
}

const operations = ["*", "CREATE", "UPDATE", "DELETE", "CONNECT"];

function ruleCauses(rule: JsonObject, at: string, causes: StatusCause[]): void {
  for (const field of ["operations", "apiGroups", "apiVersions", "resources"]) {
    if (stringsAt(rule, field).length === 0) causes.push(requiredValue(`${at}.${field}`, "a rule names at least one"));
  }
  const unknown = stringsAt(rule, "operations").filter((operation) => !operations.includes(operation));
  if (unknown.length > 0) causes.push(unsupportedValue(`${at}.operations`, unknown[0], operations));
  causes.push(...oneOf(rule, "scope", at, ["*", "Cluster", "Namespaced"]));
}

export function conditionCauses(source: JsonObject, at: string, names: readonly string[]): StatusCause[] {
  const causes: StatusCause[] = [];
  const check = looseChecker(names);
  const seen = new Set<unknown>();
  const conditions = objectsAt(source, "matchConditions");
  if (conditions.length > 64)
    causes.push(invalidValue(`${at}matchConditions`, conditions.length, "at most 64 are allowed"));
  conditions.forEach((condition, index) => {
    const path = `${at}matchConditions[${index}]`;
    const expression = stringAt(condition, "expression") ?? "";
    const problem = check(expression, "bool");
    if (problem !== undefined) causes.push(invalidValue(`${path}.expression`, expression, problem));
    if ((stringAt(condition, "name") ?? "") === "")
      causes.push(requiredValue(`${path}.name`, "a condition has a name"));
    if (seen.has(condition["name"])) causes.push(invalidValue(`${path}.name`, condition["name"], "must be unique"));
    seen.add(condition["name"]);
  });
  return causes;
}

function clientCauses(client: JsonObject, at: string, causes: StatusCause[]): void {
  const url = stringAt(client, "url");
  const service = objectAt(client, "service");
  if ((url === undefined) === (service === undefined))
    causes.push(requiredValue(`${at}.url`, "exactly one of url and service must be there"));
  if (url !== undefined) {
    const parsedURL = URL.canParse(url) ? new URL(url) : undefined;
    if (parsedURL?.protocol !== "https:")
      causes.push(invalidValue(`${at}.url`, url, "must be a URL that begins with https://"));
    else if (parsedURL.username !== "" || parsedURL.hash !== "" || parsedURL.search !== "") {
      causes.push(invalidValue(`${at}.url`, url, "must have no user, query or fragment"));
    }
  }
  if (service !== undefined) {
    for (const field of ["namespace", "name"]) {
      if ((stringAt(service, field) ?? "") === "")
        causes.push(requiredValue(`${at}.service.${field}`, "a service has one"));
    }
  }
  const bundle = stringAt(client, "caBundle") ?? "";
  if (bundle !== "" && !Buffer.from(bundle, "base64").toString("utf8").includes("BEGIN CERTIFICATE")) {
    causes.push(invalidValue(`${at}.caBundle`, "", "must be base64 of certificates in PEM"));
  }
}

function webhookCauses(webhook: JsonObject, at: string, mutating: boolean): StatusCause[] {
  const causes: StatusCause[] = [];
  const name = stringAt(webhook, "name") ?? "";
  if (nameProblem(name, "subdomain") !== undefined || name.split(".").length < 3) {
    causes.push(
      invalidValue(`${at}.name`, name, "must be a DNS name of at least three parts, such as check.example.com"),
    );
  }
  objectsAt(webhook, "rules").forEach((rule, index) => ruleCauses(rule, `${at}.rules[${index}]`, causes));
  causes.push(...oneOf(webhook, "failurePolicy", at, ["Fail", "Ignore"]));
  causes.push(...oneOf(webhook, "matchPolicy", at, ["Equivalent", "Exact"]));
  causes.push(...oneOf(webhook, "sideEffects", at, ["None", "NoneOnDryRun"]));
  if (mutating) causes.push(...oneOf(webhook, "reinvocationPolicy", at, ["IfNeeded", "Never"]));
  const timeout = webhook["timeoutSeconds"];
  if (typeof timeout !== "number" || timeout < 1 || timeout > 30) {
    causes.push(invalidValue(`${at}.timeoutSeconds`, timeout, "must be from 1 to 30 seconds"));
  }
  if (!stringsAt(webhook, "admissionReviewVersions").includes("v1")) {
    causes.push(invalidValue(`${at}.admissionReviewVersions`, webhook["admissionReviewVersions"], "must include v1"));
  }
  clientCauses(objectAt(webhook, "clientConfig") ?? {}, `${at}.clientConfig`, causes);
  return [...causes, ...conditionCauses(webhook, `${at}.`, conditionVariables)];
}

function fillIn(object: JsonObject, mutating: boolean): void {
  for (const webhook of objectsAt(object, "webhooks")) {
    webhook["failurePolicy"] ??= "Fail";
    webhook["matchPolicy"] ??= "Equivalent";
    webhook["namespaceSelector"] ??= {};
    webhook["objectSelector"] ??= {};
    webhook["timeoutSeconds"] ??= 10;
    if (mutating) webhook["reinvocationPolicy"] ??= "Never";
    for (const rule of objectsAt(webhook, "rules")) rule["scope"] ??= "*";
    const service = objectAt(webhook, "clientConfig")?.["service"];
    if (isObject(service)) service["port"] ??= 443;
  }
}

function configurationRules(mutating: boolean): KindRules {
  return {
    prepareCreate: (object) => fillIn(object, mutating),
    prepareUpdate: (object) => fillIn(object, mutating),
    validate(object) {
      const webhooks = objectsAt(object, "webhooks");
      const names = webhooks.map(({ name }) => name);
      return webhooks.flatMap((webhook, index) => [
        ...webhookCauses(webhook, `webhooks[${index}]`, mutating),
        ...(names.indexOf(webhook["name"]) === index
          ? []
          : [
              {
                reason: "FieldValueDuplicate",
                field: `webhooks[${index}].name`,
                message: `Duplicate value: ${JSON.stringify(webhook["name"])}`,
              },
            ]),
      ]);
    },
  };
}

export const mutatingWebhookRules = configurationRules(true);
export const validatingWebhookRules = configurationRules(false);
