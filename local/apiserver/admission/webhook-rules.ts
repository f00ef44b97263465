/** What makes configurations of webhooks valid, and their defaults. */
import { checker } from "../cel/language.ts";
import { isObject, objectAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import type { KindRules } from "../kinds/kind.ts";
import { nameProblem } from "../names.ts";
import type { StatusCause } from "../status.ts";
import { conditionVariables, objectsAt } from "./webhook.ts";

const dyn = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, "dyn"]));

/** Whether an expression over these variables, of which nothing is known, can be used. */
export function looseChecker(names: readonly string[]): ReturnType<typeof checker> {
  return checker({ objects: new Map(), variables: dyn(names) });
}

class Causes {
  readonly all: StatusCause[] = [];

  invalid(field: string, given: unknown, why: string): void {
    this.all.push({
      reason: "FieldValueInvalid",
      field,
      message: `Invalid value: ${JSON.stringify(given ?? null)}: ${why}`,
    });
  }

  required(field: string, why: string): void {
    this.all.push({ reason: "FieldValueRequired", field, message: `Required value: ${why}` });
  }

  oneOf(source: JsonObject, field: string, at: string, allowed: readonly string[]): void {
    const given = source[field];
    if (typeof given === "string" && allowed.includes(given)) return;
    const message = `Unsupported value: ${JSON.stringify(given ?? "")}: supported values: ${allowed.map((value) => JSON.stringify(value)).join(", ")}`;
    this.all.push({ reason: "FieldValueNotSupported", field: `${at}.${field}`, message });
  }
}

const operations = ["*", "CREATE", "UPDATE", "DELETE", "CONNECT"];

function ruleCauses(rule: JsonObject, at: string, causes: Causes): void {
  for (const field of ["operations", "apiGroups", "apiVersions", "resources"]) {
    if (stringsAt(rule, field).length === 0) causes.required(`${at}.${field}`, "a rule names at least one");
  }
  const unknown = stringsAt(rule, "operations").filter((operation) => !operations.includes(operation));
  if (unknown.length > 0) causes.oneOf({ operations: unknown[0] }, "operations", at, operations);
  causes.oneOf(rule, "scope", at, ["*", "Cluster", "Namespaced"]);
}

export function conditionCauses(source: JsonObject, at: string, names: readonly string[]): StatusCause[] {
  const causes = new Causes();
  const check = looseChecker(names);
  const seen = new Set<unknown>();
  const conditions = objectsAt(source, "matchConditions");
  if (conditions.length > 64) causes.invalid(`${at}matchConditions`, conditions.length, "at most 64 are allowed");
  conditions.forEach((condition, index) => {
    const path = `${at}matchConditions[${index}]`;
    const expression = stringAt(condition, "expression") ?? "";
    const problem = check(expression, "bool");
    if (problem !== undefined) causes.invalid(`${path}.expression`, expression, problem);
    if ((stringAt(condition, "name") ?? "") === "") causes.required(`${path}.name`, "a condition has a name");
    if (seen.has(condition["name"])) causes.invalid(`${path}.name`, condition["name"], "must be unique");
    seen.add(condition["name"]);
  });
  return causes.all;
}

function clientCauses(client: JsonObject, at: string, causes: Causes): void {
  const url = stringAt(client, "url");
  const service = objectAt(client, "service");
  if ((url === undefined) === (service === undefined))
    causes.required(`${at}.url`, "exactly one of url and service must be there");
  if (url !== undefined) {
    const parsedURL = URL.canParse(url) ? new URL(url) : undefined;
    if (parsedURL?.protocol !== "https:") causes.invalid(`${at}.url`, url, "must be a URL that begins with https://");
    else if (parsedURL.username !== "" || parsedURL.hash !== "" || parsedURL.search !== "") {
      causes.invalid(`${at}.url`, url, "must have no user, query or fragment");
    }
  }
  if (service !== undefined) {
    for (const field of ["namespace", "name"]) {
      if ((stringAt(service, field) ?? "") === "") causes.required(`${at}.service.${field}`, "a service has one");
    }
  }
  const bundle = stringAt(client, "caBundle") ?? "";
  if (bundle !== "" && !Buffer.from(bundle, "base64").toString("utf8").includes("BEGIN CERTIFICATE")) {
    causes.invalid(`${at}.caBundle`, "", "must be base64 of certificates in PEM");
  }
}

function webhookCauses(webhook: JsonObject, at: string, mutating: boolean): StatusCause[] {
  const causes = new Causes();
  const name = stringAt(webhook, "name") ?? "";
  if (nameProblem(name, "subdomain") !== undefined || name.split(".").length < 3) {
    causes.invalid(`${at}.name`, name, "must be a DNS name of at least three parts, such as check.example.com");
  }
  objectsAt(webhook, "rules").forEach((rule, index) => ruleCauses(rule, `${at}.rules[${index}]`, causes));
  causes.oneOf(webhook, "failurePolicy", at, ["Fail", "Ignore"]);
  causes.oneOf(webhook, "matchPolicy", at, ["Equivalent", "Exact"]);
  causes.oneOf(webhook, "sideEffects", at, ["None", "NoneOnDryRun"]);
  if (mutating) causes.oneOf(webhook, "reinvocationPolicy", at, ["IfNeeded", "Never"]);
  const timeout = webhook["timeoutSeconds"];
  if (typeof timeout !== "number" || timeout < 1 || timeout > 30) {
    causes.invalid(`${at}.timeoutSeconds`, timeout, "must be from 1 to 30 seconds");
  }
  if (!stringsAt(webhook, "admissionReviewVersions").includes("v1")) {
    causes.invalid(`${at}.admissionReviewVersions`, webhook["admissionReviewVersions"], "must include v1");
  }
  clientCauses(objectAt(webhook, "clientConfig") ?? {}, `${at}.clientConfig`, causes);
  return [...causes.all, ...conditionCauses(webhook, `${at}.`, conditionVariables)];
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
