/**
 * The seam where somebody else judges a write: after pruning and defaulting, before validation and storage. In the
 * local shape it is a function call; no webhook is involved.
 */
import type { Kind, KubeObject } from "#api/object.ts";
import { copyJson } from "#events/json.ts";
import { type JsonObject } from "../json-value.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { StatusError, type StatusCause } from "../status.ts";
import type { UserInfo } from "../authentication/user.ts";

export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  /** In its stored version, as the objects are. */
  readonly kind: Kind;
  /** "" for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** What would be stored; absent for DELETE. */
  readonly object?: KubeObject;
  /** What is stored; absent for CREATE. */
  readonly oldObject?: KubeObject;
  readonly subresource?: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
}

export type AdmissionAnswer =
  | {
      readonly allowed: true;
      /** The object to store instead. */
      readonly object?: KubeObject;
      /** Sent to the client as Warning headers. */
      readonly warnings?: readonly string[];
    }
  | {
      readonly allowed: false;
      readonly status: {
        readonly code: number;
        readonly reason: string;
        readonly message: string;
        readonly causes?: readonly StatusCause[];
      };
    };

export interface Admission {
  review(request: AdmissionRequest): Promise<AdmissionAnswer>;
}

/** One after the other, each judging what the ones before it have made of the object; the first refusal counts. */
export function inOrder(admissions: readonly (Admission | undefined)[]): Admission {
  const all = admissions.filter((admission) => admission !== undefined);
  return {
    async review(request) {
      let { object } = request;
      const warnings: string[] = [];
      for (const admission of all) {
        const answer = await admission.review({ ...request, ...(object === undefined ? {} : { object }) });
        if (!answer.allowed) return answer;
        object = answer.object ?? object;
        warnings.push(...(answer.warnings ?? []));
      }
      return { allowed: true, warnings, ...(object === undefined ? {} : { object }) };
    },
  };
}

export interface Reviewed {
  readonly object: JsonObject | undefined;
  readonly warnings: readonly string[];
}

/** Asks the admission, if there is one. @throws StatusError what it refuses with */
export async function reviewed(
  admission: Admission | undefined,
  kind: ServedKind,
  request: Omit<AdmissionRequest, "kind" | "object" | "oldObject"> & {
    readonly object?: JsonObject | undefined;
    readonly oldObject?: JsonObject | undefined;
  },
): Promise<Reviewed> {
  const { object, oldObject, ...rest } = request;
  if (admission === undefined) return { object, warnings: [] };
  const answer = await admission.review({
    ...rest,
    kind: {
      group: kind.group,
      version: kind.storedVersion.name,
      kind: kind.kind,
      plural: kind.plural,
      namespaced: kind.namespaced,
    },
    ...(object === undefined ? {} : { object: object as unknown as KubeObject }),
    ...(oldObject === undefined ? {} : { oldObject: oldObject as unknown as KubeObject }),
  });
  if (!answer.allowed) {
    const { code, reason, message, causes } = answer.status;
    throw new StatusError(code, reason, message, {
      name: rest.name,
      ...(kind.group === "" ? {} : { group: kind.group }),
      kind: kind.kind,
      ...(causes === undefined ? {} : { causes }),
    });
  }
  // A copy: what the admission keeps or froze is not ours to change.
  const mutated = answer.object === undefined ? object : (copyJson(answer.object) as unknown as JsonObject);
  return { object: mutated, warnings: answer.warnings ?? [] };
}
