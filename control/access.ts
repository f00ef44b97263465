/** Whether a user may: one SubjectAccessReview a question, remembered for some seconds. */
import { createHash } from "node:crypto";
import type { Writer } from "#events/cluster.ts";
import type { Attributes } from "#functions/gateway/parts.ts";
import { SubjectAccessReview } from "./kinds.ts";

/** A right that was taken away holds for this long at most; a right that was given is seen sooner. */
const ALLOWED_MILLISECONDS = 10_000;
const DENIED_MILLISECONDS = 2_000;
const MOST_REMEMBERED = 4_096;

interface Verdict {
  readonly allowed: Promise<boolean>;
  until: number;
}

export type Authorize = (attributes: Attributes) => Promise<boolean>;

export function createAuthorizer(writer: Pick<Writer, "create">, monotonic: () => number): Authorize {
  const verdicts = new Map<string, Verdict>();

  async function ask({ user, verb, group, resource, subresource, namespace, name }: Attributes): Promise<boolean> {
    const { object } = await writer.create(SubjectAccessReview, {
      apiVersion: "authorization.k8s.io/v1",
      kind: SubjectAccessReview.kind,
      metadata: { name: "" },
      spec: {
        user: user.name,
        groups: user.groups,
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        ...(user.extra === undefined ? {} : { extra: user.extra }),
        resourceAttributes: {
          verb,
          group,
          version: "*",
          resource,
          ...(subresource === "" ? {} : { subresource }),
          ...(namespace === "" ? {} : { namespace }),
          ...(name === "" ? {} : { name }),
        },
      },
    });
    return object.status?.allowed === true && object.status.denied !== true;
  }

  return (attributes) => {
    const key = createHash("sha256").update(JSON.stringify(attributes)).digest("base64");
    const known = verdicts.get(key);
    if (known !== undefined && known.until > monotonic()) return known.allowed;
    // Those who ask the same meanwhile wait for the same answer.
    const verdict: Verdict = { allowed: ask(attributes), until: monotonic() + ALLOWED_MILLISECONDS };
    verdicts.delete(key);
    verdicts.set(key, verdict);
    const [oldest] = verdicts.keys();
    if (verdicts.size > MOST_REMEMBERED && oldest !== undefined) verdicts.delete(oldest);
    verdict.allowed.then(
      (allowed) => {
        if (!allowed) verdict.until = monotonic() + DENIED_MILLISECONDS;
      },
      () => verdicts.delete(key),
    );
    return verdict.allowed;
  };
}
