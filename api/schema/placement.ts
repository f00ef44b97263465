/** Where a virtual machine may run: Kubernetes' node selection, affinity, tolerations and spread, as pods have them. */
import { labelSelector } from "./kubernetes.ts";
import { int32, int64, list, object, required, text, word, type Value } from "./vocabulary.ts";

const nodeRequirement = object("One requirement on a node.", {
  key: required(text("The label or field of the node.")),
  operator: required(text("How it is compared: In, NotIn, Exists, DoesNotExist, Gt or Lt.")),
  values: list(
    "Values to compare with: some for In and NotIn, one whole number for Gt and Lt, none otherwise.",
    text("One value."),
    { list: "atomic" },
  ),
});

const nodeSelectorTerm = object("Requirements on one node; all must hold. A term without any matches no node.", {
  matchExpressions: list("Requirements on the node's labels.", nodeRequirement, { list: "atomic" }),
  matchFields: list("Requirements on the node's fields; only metadata.name is known.", nodeRequirement, {
    list: "atomic",
  }),
});

const podAffinityTerm = object("Pods to be near to or far from, and what counts as near.", {
  labelSelector: labelSelector("Which pods are meant, by their labels. Without it, none."),
  matchLabelKeys: list(
    "Keys whose values are taken from the new pod's own labels and added to the selector with In.",
    text("A label key."),
    { list: "atomic" },
  ),
  mismatchLabelKeys: list(
    "Keys whose values are taken from the new pod's own labels and added to the selector with NotIn.",
    text("A label key."),
    { list: "atomic" },
  ),
  namespaceSelector: labelSelector("Namespaces to look in, by their labels; added to `namespaces`."),
  namespaces: list(
    "Namespaces to look in, by name. With neither this nor a selector: the pod's own.",
    text("A name."),
    {
      list: "atomic",
    },
  ),
  topologyKey: required(text("Node label whose equal values make two nodes the same place.")),
});

const weight = required(int32("How much it counts against other preferences, 1 to 100."));

const podAffinity = (relation: string) => ({
  preferredDuringSchedulingIgnoredDuringExecution: list(
    `Pods to be ${relation} if possible; nodes are ranked by the sum of the weights that they fulfil.`,
    object("One preference.", { podAffinityTerm: required(podAffinityTerm), weight }),
    { list: "atomic" },
  ),
  requiredDuringSchedulingIgnoredDuringExecution: list(
    `Pods that must be ${relation} when the virtual machine is placed; later changes do not move it.`,
    podAffinityTerm,
    { list: "atomic" },
  ),
});

export const affinity = (description: string) =>
  object(description, {
    nodeAffinity: object("Nodes to run on.", {
      preferredDuringSchedulingIgnoredDuringExecution: list(
        "Nodes to prefer; nodes are ranked by the sum of the weights that they fulfil.",
        object("One preference.", { preference: required(nodeSelectorTerm), weight }),
        { list: "atomic" },
      ),
      requiredDuringSchedulingIgnoredDuringExecution: object("Nodes that may be chosen at all.", {
        nodeSelectorTerms: required(
          list("A node must match at least one of these terms.", nodeSelectorTerm, { list: "atomic" }),
        ),
      }),
    }),
    podAffinity: object("Pods to be near to.", podAffinity("near")),
    podAntiAffinity: object("Pods to keep away from.", podAffinity("far away")),
  });

export const tolerations = (description: string) =>
  list(
    description,
    object("Lets a node with matching taints be chosen.", {
      key: text("Key of the taint; empty with operator Exists matches every taint."),
      operator: word("Equal compares the value, Exists does not. Equal when unset.", ["Exists", "Equal"]),
      value: text("Value of the taint, for Equal."),
      effect: word("Effect of the taint; all effects when unset.", ["NoSchedule", "PreferNoSchedule", "NoExecute"]),
      tolerationSeconds: int64("For NoExecute: seconds to stay after the taint appears; for ever when unset."),
    }),
  );

export const topologySpreadConstraints = (description: string) =>
  list(
    description,
    object("One rule of even spread.", {
      labelSelector: labelSelector("Which pods are counted."),
      matchLabelKeys: list("Keys whose values are taken from the new pod's own labels.", text("A label key."), {
        list: "atomic",
      }),
      maxSkew: required(int32("How many more matching pods one place may have than another; at least 1.")),
      minDomains: int32("How many places must exist before the smallest counts; at least 1."),
      nodeAffinityPolicy: word("Whether nodes that affinity excludes are counted.", ["Honor", "Ignore"]),
      nodeTaintsPolicy: word("Whether nodes with untolerated taints are counted.", ["Honor", "Ignore"]),
      topologyKey: required(text("Node label whose equal values make two nodes the same place.")),
      whenUnsatisfiable: required(text("What to do when it cannot be kept: DoNotSchedule or ScheduleAnyway.")),
    }),
    { list: "map", keys: ["topologyKey", "whenUnsatisfiable"] },
  );

export type Affinity = NonNullable<Value<ReturnType<typeof affinity>>>;
export type Toleration = NonNullable<Value<ReturnType<typeof tolerations>>>[number];
export type TopologySpreadConstraint = NonNullable<Value<ReturnType<typeof topologySpreadConstraints>>>[number];
