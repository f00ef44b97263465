/** The grammars of Kubernetes' names, labels and annotations. Each check answers what is wrong, in words, or undefined. */
import { invalidValue } from "./causes.ts";
import { isObject, type JsonObject } from "./json-value.ts";
import type { StatusCause } from "./status.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Bytes of all annotations of an object together. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

export type NameGrammar = "subdomain" | "label" | "label1035" | "path";

const grammars = {
  subdomain: {
    pattern: SUBDOMAIN,
    limit: 253,
    words: "lower-case letters, digits, '-' and '.', starting and ending with a letter or digit",
  },
  label: {
    pattern: LABEL,
    limit: 63,
    words: "lower-case letters, digits and '-', starting and ending with a letter or digit",
  },
  label1035: {
    pattern: LABEL_1035,
    limit: 63,
    words: "lower-case letters, digits and '-', starting with a letter and ending with a letter or digit",
  },
  path: { pattern: /^(?!\.{1,2}$)[^/%]+$/, limit: 253, words: "any characters but '/' and '%', and not '.' or '..'" },
} as const satisfies Record<NameGrammar, { pattern: RegExp; limit: number; words: string }>;

export function nameProblem(name: string, grammar: NameGrammar): string | undefined {
  const { pattern, limit, words } = grammars[grammar];
  if (name.length > limit) return `has ${name.length} characters; at most ${limit} are allowed`;
  return pattern.test(name) ? undefined : `must consist of ${words}`;
}

/** A label key, annotation key or finalizer: [prefix/]name. */
export function isQualifiedName(text: string): boolean {
  const slash = text.indexOf("/");
  const prefix = slash < 0 ? undefined : text.slice(0, slash);
  const name = text.slice(slash + 1);
  if (prefix !== undefined && nameProblem(prefix, "subdomain") !== undefined) return false;
  return name.length <= 63 && QUALIFIED.test(name);
}

export function isLabelValue(text: string): boolean {
  return text === "" || (text.length <= 63 && QUALIFIED.test(text));
}

const keyWords =
  "a key is an optional DNS prefix and '/', then at most 63 letters, digits, '-', '_' and '.', starting and ending with a letter or digit";

function labelCauses(metadata: JsonObject): StatusCause[] {
  const labels = metadata["labels"];
  if (!isObject(labels)) return [];
  return Object.entries(labels).flatMap(([key, value]): StatusCause[] => {
    if (!isQualifiedName(key)) return [invalidValue("metadata.labels", key, keyWords)];
    if (typeof value === "string" && !isLabelValue(value)) {
      const words =
        "a value is empty or at most 63 letters, digits, '-', '_' and '.', starting and ending with a letter or digit";
      return [invalidValue("metadata.labels", value, words)];
    }
    return [];
  });
}

function annotationCauses(metadata: JsonObject): StatusCause[] {
  const annotations = metadata["annotations"];
  if (!isObject(annotations)) return [];
  let bytes = 0;
  const causes: StatusCause[] = [];
  for (const [key, value] of Object.entries(annotations)) {
    if (!isQualifiedName(key.toLowerCase())) causes.push(invalidValue("metadata.annotations", key, keyWords));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    causes.push({
      reason: "FieldValueTooLong",
      field: "metadata.annotations",
      message: `Too long: all annotations together have ${bytes} bytes; at most ${MAX_ANNOTATION_BYTES} are allowed`,
    });
  }
  return causes;
}

function finalizerCauses(metadata: JsonObject): StatusCause[] {
  const finalizers = metadata["finalizers"];
  if (!Array.isArray(finalizers)) return [];
  return finalizers
    .filter((name) => typeof name !== "string" || !isQualifiedName(name))
    .map((name) => invalidValue("metadata.finalizers", String(name), keyWords));
}

function ownerCauses(metadata: JsonObject): StatusCause[] {
  const owners = metadata["ownerReferences"];
  if (!Array.isArray(owners)) return [];
  const causes: StatusCause[] = [];
  let controllers = 0;
  owners.forEach((owner: unknown, index) => {
    if (!isObject(owner)) return;
    for (const field of ["apiVersion", "kind", "name", "uid"]) {
      if (typeof owner[field] !== "string" || owner[field] === "") {
        const path = `metadata.ownerReferences[${index}].${field}`;
        causes.push({ reason: "FieldValueRequired", field: path, message: "Required value: must not be empty" });
      }
    }
    if (owner["controller"] === true) controllers++;
  });
  if (controllers > 1) {
    causes.push(
      invalidValue("metadata.ownerReferences", `${controllers} controllers`, "at most one owner may control"),
    );
  }
  return causes;
}

/** All that is wrong with an object's metadata, its types being right already. */
export function metadataCauses(metadata: JsonObject, grammar: NameGrammar): StatusCause[] {
  const name = metadata["name"];
  const causes: StatusCause[] = [];
  const prefix = metadata["generateName"];
  if (typeof prefix === "string" && prefix !== "") {
    // A name follows, so the prefix may end where a name may not.
    const problem = nameProblem(prefix.replace(/[-.]$/, "x"), grammar);
    if (problem !== undefined) causes.push(invalidValue("metadata.generateName", prefix, problem));
  }
  if (typeof name !== "string" || name === "") {
    const message = "Required value: name or generateName is required";
    causes.push({ reason: "FieldValueRequired", field: "metadata.name", message });
  } else {
    const problem = nameProblem(name, grammar);
    if (problem !== undefined) causes.push(invalidValue("metadata.name", name, problem));
  }
  return [
    ...causes,
    ...labelCauses(metadata),
    ...annotationCauses(metadata),
    ...finalizerCauses(metadata),
    ...ownerCauses(metadata),
  ];
}

const SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** A name from a generateName: at most 63 characters, its last five random. */
export function generatedName(prefix: string): string {
  const random = crypto.getRandomValues(new Uint8Array(5));
  const suffix = [...random].map((byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length] ?? "b").join("");
  return prefix.slice(0, 58) + suffix;
}
