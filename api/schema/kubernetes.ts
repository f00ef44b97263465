/** Parts of Kubernetes' own types that our kinds contain: conditions, selectors, resources, references. */
import { flag, list, map, nullableTime, object, quantity, required, text, word } from "./vocabulary.ts";

export const conditions = (of: string) =>
  list(
    `What holds for the ${of} right now, one entry a type.`,
    object("One observation: what is observed, whether it holds, since when and why.", {
      type: required(text("What is observed, as one CamelCase word such as Ready.")),
      status: required(word("Whether it holds.", ["True", "False", "Unknown"])),
      reason: text("Why it is so, as one CamelCase word that programs may compare."),
      message: text("Why it is so, as a sentence for people."),
      lastProbeTime: nullableTime("When it was last looked at, where that differs from the transition."),
      lastTransitionTime: nullableTime("When the status last changed from one value to another."),
    }),
  );

const requirement = (what: string) => ({
  key: required(text(`The ${what} that the requirement is about.`)),
  operator: required(text("How the value is compared: In, NotIn, Exists or DoesNotExist.")),
  values: list(
    "Values to compare with: at least one for In and NotIn, none for Exists and DoesNotExist.",
    text("One value."),
    { list: "atomic" },
  ),
});

export const labelSelector = (description: string) =>
  object(description, {
    matchExpressions: list("Requirements on labels; all must hold.", object("One requirement.", requirement("label")), {
      list: "atomic",
    }),
    matchLabels: map("Labels that must have exactly these values; all must match.", text("The label's value.")),
  });

/** Requests and limits of containers and volumes. */
export const resources = (description: string) =>
  object(description, {
    limits: map("The most that may be used, by resource.", quantity("An amount, such as 2 or 4Gi.")),
    requests: map("What is set aside, by resource.", quantity("An amount, such as 500m or 2Gi.")),
  });

/** A reference to an object of the same namespace. Kubernetes defaults the name to "". */
export const localReference = (description: string, what: string) =>
  object(description, { name: text(`Name of the ${what}, in the namespace of this object.`, { default: "" }) });

export const persistentVolumeClaim = (description: string) =>
  object(description, {
    claimName: required(text("Name of the claim, in the namespace of the virtual machine.")),
    readOnly: flag("Mount it without the right to write."),
  });
