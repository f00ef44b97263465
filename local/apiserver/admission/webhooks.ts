/**
 * Admission by webhooks. Mutating ones are asked one after the other, each seeing what those before it have made; those
 * that wish are asked once more when a later one has changed the object. Validating ones are asked all at once.
 */
import { copyJson, sameJson } from "#events/json.ts";
import { stringAt, type JsonObject } from "../json-value.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { internalError, StatusError } from "../status.ts";
import type { Admission, AdmissionAnswer, AdmissionRequest } from "./admission.ts";
import { allHold, variablesOf } from "./condition.ts";
import { ask, type ServiceResolver, type WebhookAnswer } from "./webhook-call.ts";
import { matchingVersion, selected, type Cluster } from "./webhook-match.ts";
import { ADMISSION_GROUP, webhooksIn, type Webhook } from "./webhook.ts";

export const MUTATING = `mutatingwebhookconfigurations.${ADMISSION_GROUP}`;
export const VALIDATING = `validatingwebhookconfigurations.${ADMISSION_GROUP}`;

const allowed: AdmissionAnswer = { allowed: true };

abstract class Webhooks implements Admission {
  readonly #cluster: Cluster;
  readonly #resource: string;
  readonly #resolve: ServiceResolver | undefined;
  #known: readonly Webhook[] | undefined;

  constructor(cluster: Cluster, resource: string, resolve: ServiceResolver | undefined) {
    this.#cluster = cluster;
    this.#resource = resource;
    this.#resolve = resolve;
    cluster.store.onChange((changes) => {
      if (changes.some((change) => change.resource === resource)) this.#known = undefined;
    });
  }

  async review(request: AdmissionRequest): Promise<AdmissionAnswer> {
    this.#known ??= webhooksIn(this.#cluster.store, this.#resource);
    // Whoever locks himself out by a webhook must be able to take it away again.
    if (this.#known.length === 0 || request.kind.group === ADMISSION_GROUP) return allowed;
    return this.judge(request, this.#known);
  }

  protected abstract judge(request: AdmissionRequest, webhooks: readonly Webhook[]): Promise<AdmissionAnswer>;

  /** Its answer; undefined when it is not concerned, or failed and that may be ignored. @throws StatusError 500 */
  protected async ask(webhook: Webhook, request: AdmissionRequest): Promise<WebhookAnswer | undefined> {
    const version = matchingVersion(webhook, request, this.#cluster.kinds);
    if (version === undefined || !selected(webhook, request, this.#cluster)) return undefined;
    try {
      if (webhook.conditions.length > 0 && !allHold(webhook.conditions, variablesOf(request, version)))
        return undefined;
      return await ask(webhook, request, version, this.#resolve);
    } catch (error) {
      return failed(webhook, error);
    }
  }
}

function failed({ name, ignoresFailure }: Webhook, error: unknown): undefined {
  if (ignoresFailure) return undefined;
  const why = error instanceof Error ? error.message : String(error);
  const cause =
    error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message.split("\n", 1)[0]}` : "";
  throw internalError(`failed calling webhook "${name}": ${why}${cause}`);
}

function refusal({ name }: Webhook, { status }: WebhookAnswer): AdmissionAnswer {
  const code = status?.["code"];
  const says = stringAt(status, "message");
  const reason = stringAt(status, "reason");
  const why = says === undefined || says === "" ? (reason ?? "") : says;
  const denied = `admission webhook "${name}" denied the request`;
  return {
    allowed: false,
    status: {
      // What a webhook leaves open is a bad request, for Kubernetes too.
      code: typeof code === "number" && code >= 400 && code < 600 ? code : 400,
      reason: reason ?? "",
      message: why === "" ? `${denied} without explanation` : `${denied}: ${why}`,
    },
  };
}

export class MutatingWebhooks extends Webhooks {
  constructor(cluster: Cluster, resolve?: ServiceResolver) {
    super(cluster, MUTATING, resolve);
  }

  protected async judge(request: AdmissionRequest, webhooks: readonly Webhook[]): Promise<AdmissionAnswer> {
    const warnings: string[] = [];
    let object = request.object;
    /** What the object was when a webhook had been asked that wishes to be asked again. */
    const seen = new Map<Webhook, typeof object>();
    for (const round of ["first", "again"] as const) {
      for (const webhook of webhooks) {
        if (round === "again" && (!seen.has(webhook) || sameJson(seen.get(webhook), object))) continue;
        const answer = await this.ask(webhook, { ...request, ...(object === undefined ? {} : { object }) });
        if (answer === undefined) continue;
        warnings.push(...answer.warnings);
        if (!answer.allowed) return refusal(webhook, answer);
        object = patched(object, answer, webhook);
        if (webhook.reinvokes) seen.set(webhook, object);
      }
    }
    return { allowed: true, warnings, ...(object === undefined ? {} : { object }) };
  }
}

function patched(
  object: AdmissionRequest["object"],
  { patch }: WebhookAnswer,
  webhook: Webhook,
): AdmissionRequest["object"] {
  if (object === undefined || patch === undefined) return object;
  try {
    return applyJsonPatch(copyJson(object) as unknown as JsonObject, patch) as unknown as typeof object;
  } catch (error) {
    if (error instanceof StatusError)
      return failed(webhook, new Error("its patch can't be applied", { cause: error })) ?? object;
    throw error;
  }
}

export class ValidatingWebhooks extends Webhooks {
  constructor(cluster: Cluster, resolve?: ServiceResolver) {
    super(cluster, VALIDATING, resolve);
  }

  protected async judge(request: AdmissionRequest, webhooks: readonly Webhook[]): Promise<AdmissionAnswer> {
    const asked = webhooks.map(async (webhook) => ({ webhook, answer: await this.ask(webhook, request) }));
    const warnings: string[] = [];
    const answers = await Promise.allSettled(asked);
    for (const settled of answers) {
      if (settled.status === "rejected") throw settled.reason;
      const { webhook, answer } = settled.value;
      if (answer === undefined) continue;
      warnings.push(...answer.warnings);
      if (!answer.allowed) return refusal(webhook, answer);
    }
    return { allowed: true, warnings };
  }
}
