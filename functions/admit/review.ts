/**
 * Admission as a webhook: AdmissionReview (admission.k8s.io/v1) in, AdmissionReview out. A mutating
 * webhook asks /admit and takes the patch too; a validating one asks /validate for the verdict alone: an API server takes no
 * patch from it, and there is one, since a new object's status is gone by then.
 */
import { Hono, type Context } from "hono";
import { z } from "zod";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { Pod } from "#api/core.ts";
import type { Kind, KubeObject } from "#api/object.ts";
import { asFault } from "#events/fault.ts";
import { readBody } from "#events/http-bounds.ts";
import { sameJson } from "#events/json.ts";
import type { Admission, AdmitAnswer, AdmitRequest } from "./admit.ts";

/** A review carries an object twice; an API server's own limit is 3 MiB. */
const MOST_BODY_BYTES = 7 * 1024 * 1024;

const Review = z.looseObject({
  apiVersion: z.literal("admission.k8s.io/v1"),
  kind: z.literal("AdmissionReview"),
  request: z.looseObject({
    uid: z.string().max(128),
    kind: z.looseObject({ group: z.string(), version: z.string(), kind: z.string() }),
    operation: z.enum(["CREATE", "UPDATE", "DELETE", "CONNECT"]),
    namespace: z.string().optional(),
    name: z.string().optional(),
    subResource: z.string().optional(),
    object: z.looseObject({}).nullish(),
    oldObject: z.looseObject({}).nullish(),
    dryRun: z.boolean().optional(),
    userInfo: z.looseObject({ username: z.string().optional(), groups: z.array(z.string()).optional() }),
  }),
});
type Review = z.infer<typeof Review>;

const kinds: readonly Kind[] = [VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceMigration, Pod];
/** Reviews of pods/eviction carry an Eviction, under the pod's name. */
const EVICTION = { group: "policy", kind: "Eviction" };

export function createAdmissionWebhook(admission: Admission): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    const fault = asFault(error);
    return context.text(fault.message, fault.reason === "EventTooLarge" ? 413 : fault.kind === "refused" ? 400 : 500);
  });
  const answerTo = async (context: Context, verdictOnly: boolean): Promise<Response> => {
    const body = new TextDecoder().decode(await readBody(context.req.raw, MOST_BODY_BYTES));
    const parsed = Review.safeParse(jsonOrNothing(body));
    if (!parsed.success) return context.text(`not an AdmissionReview: ${z.prettifyError(parsed.error)}`, 400);
    const { request } = parsed.data;
    const admitted = requestOf(request);
    const answer: AdmitAnswer = admitted === undefined ? { allowed: true } : await admission.review(admitted);
    // Warnings were given by the mutating one.
    const told = verdictOnly && answer.allowed ? ({ allowed: true } as const) : answer;
    return context.json({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: request.uid, ...responseOf(told, admitted?.object) },
    });
  };
  app.post("/admit", (context) => answerTo(context, false));
  app.post("/validate", (context) => answerTo(context, true));
  app.get("/healthz", (context) => context.text("ok"));
  return app;
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined: nothing of ours. */
function requestOf(request: Review["request"]): AdmitRequest | undefined {
  const { operation, object, oldObject, subResource, userInfo } = request;
  const isEviction = request.kind.group === EVICTION.group && request.kind.kind === EVICTION.kind;
  const kind = isEviction
    ? Pod
    : kinds.find((one) => one.group === request.kind.group && one.kind === request.kind.kind);
  if (kind === undefined || operation === "CONNECT") return undefined;
  return {
    operation,
    kind,
    namespace: request.namespace ?? "",
    name: request.name ?? "",
    ...(object == null ? {} : { object: object as unknown as KubeObject }),
    ...(oldObject == null ? {} : { oldObject: oldObject as unknown as KubeObject }),
    ...(subResource === undefined || subResource === "" ? {} : { subresource: subResource }),
    user: { username: userInfo.username ?? "", groups: userInfo.groups ?? [] },
    dryRun: request.dryRun === true,
  };
}

function responseOf(answer: AdmitAnswer, before: KubeObject | undefined): object {
  if (!answer.allowed) {
    const { code, reason, message, causes = [] } = answer.status;
    return {
      allowed: false,
      status: { code, reason, message, ...(causes.length === 0 ? {} : { details: { causes } }) },
    };
  }
  const patch = before === undefined || answer.object === undefined ? [] : patchOf(before, answer.object);
  return {
    allowed: true,
    ...(answer.warnings === undefined ? {} : { warnings: answer.warnings }),
    ...(patch.length === 0
      ? {}
      : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
  };
}

/** A JSON patch that replaces each part that differs: "add" of a member that is there replaces it. */
function patchOf(before: KubeObject, after: KubeObject): readonly object[] {
  const parts = Object.entries(after).filter(([name, value]) => !sameJson(value, Reflect.get(before, name)));
  return parts.map(([name, value]) => ({ op: "add", path: `/${name}`, value: value as unknown }));
}
