/**
 * The JSONPath of printer columns and scale paths: fields, ['fields'], [index], [*] and filters such as
 * [?(@.type=="Ready")]. Compiled once.
 */
import { sameJson } from "#events/json.ts";
import { isObject } from "../json-value.ts";

type Step =
  | { readonly is: "field"; readonly name: string }
  | { readonly is: "index"; readonly index: number }
  | { readonly is: "all" }
  | { readonly is: "filter"; readonly path: readonly string[]; readonly equal: boolean; readonly value: unknown };

const token =
  /\.([A-Za-z0-9_\-/]+(?:\\\.[A-Za-z0-9_\-/]+)*)|\['([^']*)'\]|\["([^"]*)"\]|\[(-?\d+)\]|\[(\*)\]|\.(\*)|\[\?\(@((?:\.[A-Za-z0-9_-]+)+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|(true|false|-?\d+))\)\]/y;

function steps(path: string): Step[] | undefined {
  const text = path.startsWith("$") ? path.slice(1) : path;
  const found: Step[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) return undefined;
    const [, field, single, double, index, all, dotAll, filter, operator, text1, text2, literal] = match;
    const name = field?.replaceAll("\\.", ".") ?? single ?? double;
    if (name !== undefined) found.push({ is: "field", name });
    else if (index !== undefined) found.push({ is: "index", index: Number(index) });
    else if (all !== undefined || dotAll !== undefined) found.push({ is: "all" });
    else if (filter !== undefined) {
      const value: unknown = text1 ?? text2 ?? JSON.parse(literal ?? "null");
      found.push({ is: "filter", path: filter.slice(1).split("."), equal: operator === "==", value });
    }
  }
  return found;
}

/** A function that answers all values at the path, or undefined when the path is not understood. */
export function compileJsonPath(path: string): ((object: unknown) => unknown[]) | undefined {
  const compiled = steps(path);
  if (compiled === undefined) return undefined;
  return (object) =>
    compiled.reduce<unknown[]>((values, step) => values.flatMap((value) => take(value, step)), [object]);
}

function take(value: unknown, step: Step): unknown[] {
  switch (step.is) {
    case "field":
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case "index":
      return Array.isArray(value) ? value.slice(step.index).slice(0, 1) : [];
    case "all":
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
    case "filter":
      if (!Array.isArray(value)) return [];
      return value.filter((entry: unknown) => {
        const found = step.path.reduce<unknown>((at, field) => (isObject(at) ? at[field] : undefined), entry);
        return sameJson(found, step.value) === step.equal;
      });
  }
}
