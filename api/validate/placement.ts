/** Rules for where a machine may run: Kubernetes checks them on the pod, too late for whoever wrote the virtual machine. Pure. */
import type { Affinity, Toleration, TopologySpreadConstraint } from "../schema/placement.ts";
import { duplicate, invalid, missing, shown, type Cause } from "./cause.ts";
import { whyNoLabel, whyNoLabelKey, whyNoLabelValue } from "./text-forms.ts";

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

/** How many values an operator takes. */
const OPERATORS: Readonly<Record<string, "some" | "none" | "one number">> = {
  In: "some",
  NotIn: "some",
  Exists: "none",
  DoesNotExist: "none",
  Gt: "one number",
  Lt: "one number",
};

/** `preferred`: Kubernetes lets values be anything in what nodes are only ranked by. */
function validateRequirement(
  requirement: Requirement,
  at: string,
  operators: readonly string[],
  preferred = false,
): Cause[] {
  const { key, operator, values = [] } = requirement;
  const wanted = OPERATORS[operator];
  if (wanted === undefined || !operators.includes(operator)) {
    return [invalid(`${at}.operator`, `must be one of ${operators.join(", ")}; it is ${shown(operator)}`)];
  }
  const causes: Cause[] = [];
  const why = whyNoLabelKey(key);
  if (why !== undefined) causes.push(invalid(`${at}.key`, `${why}; it is ${shown(key)}`));
  if (wanted === "some" && !preferred)
    values.forEach((value, index) => causes.push(...validateLabelValue(value, `${at}.values[${index}]`)));
  if (wanted === "some" && values.length === 0)
    causes.push(invalid(`${at}.values`, `must have a value for ${operator}`));
  if (wanted === "none" && values.length > 0) causes.push(invalid(`${at}.values`, `must be empty for ${operator}`));
  if (wanted === "one number" && (values.length !== 1 || !/^-?\d+$/.test(values[0] ?? ""))) {
    causes.push(invalid(`${at}.values`, `must be one whole number for ${operator}`));
  }
  return causes;
}

const SELECTOR_OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"];
const NODE_OPERATORS = Object.keys(OPERATORS);

function validateLabelValue(value: string, field: string): Cause[] {
  const why = whyNoLabelValue(value);
  return why === undefined ? [] : [invalid(field, `${why}; it is ${shown(value)}`)];
}

/** `at` is the path of the map. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, at: string): Cause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => {
    const why = whyNoLabelKey(key);
    if (why !== undefined) return [invalid(at, `${why}; a key is ${shown(key)}`)];
    const whyNot = whyNoLabelValue(value);
    return whyNot === undefined ? [] : [invalid(at, `${whyNot}; that of ${shown(key)} is ${shown(value)}`)];
  });
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?: readonly Requirement[] | undefined;
}

function validateSelector(selector: Selector | undefined, at: string): Cause[] {
  return [
    ...validateLabels(selector?.matchLabels, `${at}.matchLabels`),
    ...(selector?.matchExpressions ?? []).flatMap((requirement, index) =>
      validateRequirement(requirement, `${at}.matchExpressions[${index}]`, SELECTOR_OPERATORS),
    ),
  ];
}

function validateTopologyKey(key: string, field: string): Cause[] {
  const why = key === "" ? "must be a label of nodes, such as kubernetes.io/hostname" : whyNoLabelKey(key);
  return why === undefined ? [] : [invalid(field, `${why}; it is ${shown(key)}`)];
}

type PodTerm = NonNullable<
  NonNullable<Affinity["podAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]
>[number];

function validatePodTerm(term: PodTerm, at: string): Cause[] {
  return [
    ...validateSelector(term.labelSelector, `${at}.labelSelector`),
    ...validateSelector(term.namespaceSelector, `${at}.namespaceSelector`),
    ...(term.namespaces ?? []).flatMap((name, index) => {
      const why = whyNoLabel(name);
      return why === undefined ? [] : [invalid(`${at}.namespaces[${index}]`, `${why}; it is ${shown(name)}`)];
    }),
    ...validateTopologyKey(term.topologyKey, `${at}.topologyKey`),
  ];
}

function validateWeight(weight: number, field: string): Cause[] {
  return weight >= 1 && weight <= 100 ? [] : [invalid(field, `must be from 1 to 100; it is ${weight}`)];
}

type NodeTerm = NonNullable<
  NonNullable<Affinity["nodeAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]
>["nodeSelectorTerms"][number];

function validateNodeTerm(term: NodeTerm, at: string, preferred = false): Cause[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((requirement, index) =>
      validateRequirement(requirement, `${at}.matchExpressions[${index}]`, NODE_OPERATORS, preferred),
    ),
    ...(term.matchFields ?? []).flatMap((requirement, index) =>
      validateNodeField(requirement, `${at}.matchFields[${index}]`),
    ),
  ];
}

/** Nodes are selected by one field only: their name. */
function validateNodeField({ key, operator, values = [] }: Requirement, at: string): Cause[] {
  const causes: Cause[] = [];
  const [name = ""] = values;
  if (operator !== "In" && operator !== "NotIn") {
    causes.push(invalid(`${at}.operator`, `must be In or NotIn; it is ${shown(operator)}`));
  } else if (values.length !== 1) causes.push(invalid(`${at}.values`, "must be one node's name"));
  if (key !== "metadata.name") causes.push(invalid(`${at}.key`, `must be metadata.name; it is ${shown(key)}`));
  else if (values.length === 1 && name.split(".").some((label) => whyNoLabel(label) !== undefined)) {
    causes.push(invalid(`${at}.values[0]`, `must be a node's name; it is ${shown(name)}`));
  }
  return causes;
}

/** `at` is the path of the affinity. */
export function validateAffinity(affinity: Affinity | undefined, at: string): Cause[] {
  const causes: Cause[] = [];
  const node = affinity?.nodeAffinity;
  const terms = node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const termsAt = `${at}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  if (terms?.length === 0) causes.push(missing(termsAt, "must have a term, which a node is to match"));
  terms?.forEach((term, index) => causes.push(...validateNodeTerm(term, `${termsAt}[${index}]`)));
  (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).forEach(({ weight, preference }, index) => {
    const field = `${at}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    causes.push(
      ...validateWeight(weight, `${field}.weight`),
      ...validateNodeTerm(preference, `${field}.preference`, true),
    );
  });
  for (const kind of ["podAffinity", "podAntiAffinity"] as const) {
    (affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? []).forEach((term, index) => {
      causes.push(...validatePodTerm(term, `${at}.${kind}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`));
    });
    (affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).forEach(
      ({ weight, podAffinityTerm }, index) => {
        const field = `${at}.${kind}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
        causes.push(
          ...validateWeight(weight, `${field}.weight`),
          ...validatePodTerm(podAffinityTerm, `${field}.podAffinityTerm`),
        );
      },
    );
  }
  return causes;
}

/** `at` is the path of the list. */
export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  at: string,
): Cause[] {
  const seen = new Set<string>();
  return (constraints ?? []).flatMap((constraint, index) => {
    const field = `${at}[${index}]`;
    const causes = validateTopologyKey(constraint.topologyKey, `${field}.topologyKey`);
    if (constraint.maxSkew < 1)
      causes.push(invalid(`${field}.maxSkew`, `must be 1 or more; it is ${constraint.maxSkew}`));
    if (constraint.minDomains !== undefined && constraint.minDomains < 1) {
      causes.push(invalid(`${field}.minDomains`, `must be 1 or more; it is ${constraint.minDomains}`));
    }
    const action = constraint.whenUnsatisfiable;
    if (constraint.minDomains !== undefined && action === "ScheduleAnyway")
      causes.push(invalid(`${field}.minDomains`, "needs whenUnsatisfiable DoNotSchedule"));
    const pair = `${constraint.topologyKey} ${action}`;
    if (seen.has(pair)) causes.push(duplicate(field, `another constraint has this topologyKey and ${action}`));
    seen.add(pair);
    if (action !== "DoNotSchedule" && action !== "ScheduleAnyway") {
      causes.push(
        invalid(`${field}.whenUnsatisfiable`, `must be DoNotSchedule or ScheduleAnyway; it is ${shown(action)}`),
      );
    }
    return [...causes, ...validateSelector(constraint.labelSelector, `${field}.labelSelector`)];
  });
}

/** `at` is the path of the list. */
export function validateTolerations(tolerations: readonly Toleration[] | undefined, at: string): Cause[] {
  return (tolerations ?? []).flatMap((toleration, index) => {
    const { key = "", operator = "Equal", value = "", effect = "", tolerationSeconds } = toleration;
    const field = `${at}[${index}]`;
    const causes: Cause[] = [];
    const why = key === "" ? undefined : whyNoLabelKey(key);
    if (why !== undefined) causes.push(invalid(`${field}.key`, `${why}; it is ${shown(key)}`));
    if (key === "" && operator !== "Exists")
      causes.push(invalid(`${field}.operator`, "must be Exists where there is no key, which tolerates every taint"));
    if (operator === "Exists" && value !== "")
      causes.push(invalid(`${field}.value`, `must be empty for Exists; it is ${shown(value)}`));
    if (operator === "Equal") causes.push(...validateLabelValue(value, `${field}.value`));
    if (tolerationSeconds !== undefined && effect !== "NoExecute")
      causes.push(invalid(`${field}.effect`, "must be NoExecute with tolerationSeconds"));
    return causes;
  });
}
