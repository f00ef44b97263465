/** How the gateway refuses: Kubernetes' Status object, with the codes and reasons that clients act on. */
import type { Context } from "hono";
import { asFault, type Fault } from "#events/fault.ts";

const REASONS = {
  400: "BadRequest",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  413: "RequestEntityTooLarge",
  422: "Invalid",
  500: "InternalError",
  501: "NotImplemented",
  503: "ServiceUnavailable",
  504: "Timeout",
} as const;
export type Code = keyof typeof REASONS;

/** Whom an error is about: a name, and the plural of its kind. */
export interface About {
  readonly name: string;
  readonly plural: string;
}

export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: Code;
  readonly about: About | undefined;

  constructor(code: Code, message: string, about?: About) {
    super(message);
    this.code = code;
    this.about = about;
  }
}

export function notFound(about: About): Refused {
  return new Refused(404, `${about.plural}.kubevirt.io "${about.name}" not found`, about);
}

const codeOf = { stale: 409, later: 503, refused: 422, bug: 500 } as const satisfies Record<Fault["kind"], Code>;

/** Whatever was thrown, as a refusal. */
export function asRefused(thrown: unknown): Refused {
  if (thrown instanceof Refused) return thrown;
  const fault = asFault(thrown);
  return new Refused(codeOf[fault.kind], fault.message);
}

export function statusBody({ code, message, about }: Refused): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: REASONS[code],
    ...(about === undefined ? {} : { details: { name: about.name, group: "kubevirt.io", kind: about.plural } }),
    code,
  };
}

export function answerRefused(context: Context, thrown: unknown): Response {
  const refused = asRefused(thrown);
  return context.json(statusBody(refused), refused.code);
}
