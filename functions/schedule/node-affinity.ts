/** Node affinity as Kubernetes defines it: terms are alternatives, the expressions of a term must all hold. Pure. */
import { z } from "zod";
import type { Node } from "#api/core.ts";

const Expression = z.looseObject({
  key: z.string(),
  operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
  values: z.array(z.string()).optional(),
});
const Term = z.looseObject({
  matchExpressions: z.array(Expression).optional(),
  matchFields: z.array(Expression).optional(),
});
const Affinity = z.looseObject({
  nodeAffinity: z
    .looseObject({
      requiredDuringSchedulingIgnoredDuringExecution: z.looseObject({ nodeSelectorTerms: z.array(Term) }).optional(),
      preferredDuringSchedulingIgnoredDuringExecution: z
        .array(z.looseObject({ weight: z.number(), preference: Term }))
        .optional(),
    })
    .optional(),
});

export type Term = z.infer<typeof Term>;
type Expression = z.infer<typeof Expression>;

/** Undefined: nothing is required. What can't be read is required and never met, so that it shows. */
export function requiredTerms(affinity: unknown): readonly Term[] | undefined {
  if (affinity === undefined) return undefined;
  const parsed = Affinity.safeParse(affinity);
  if (!parsed.success) return [];
  return parsed.data.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}

export function preferredTerms(affinity: unknown): readonly { readonly weight: number; readonly preference: Term }[] {
  const parsed = Affinity.safeParse(affinity ?? {});
  return parsed.success ? (parsed.data.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) : [];
}

/** An empty term matches nothing. */
export function matchesTerm(term: Term, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  return (
    expressions.every((one) => holds(one, node.metadata.labels?.[one.key])) &&
    fields.every((one) => one.key === "metadata.name" && holds(one, node.metadata.name))
  );
}

function holds({ operator, values = [] }: Expression, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return isInteger(value) && isInteger(values[0]) && Number(value) > Number(values[0]);
    case "Lt":
      return isInteger(value) && isInteger(values[0]) && Number(value) < Number(values[0]);
  }
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^[+-]?\d{1,18}$/.test(text);
}
