/**
 * CEL, the language of rules in definitions and of conditions of webhooks and policies. The door to @marcbachmann/cel-js:
 * expressions are checked against the types of their variables when they are accepted, and run on values later.
 */
import { Environment, type ASTNode, type ParseResult } from "@marcbachmann/cel-js";
import { registerCollections } from "./collections.ts";
import { registerNetwork } from "./network.ts";
import { registerQuantities } from "./quantity.ts";
import { registerText } from "./text.ts";

/** Characters of one expression. */
export const MAX_EXPRESSION = 16 * 1024;

const base = new Environment({
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 5000, maxDepth: 100 },
});
for (const register of [registerCollections, registerText, registerQuantities, registerNetwork]) register(base);

/** Fields of an object type by name, each a type's name: string, int, list<T0>, map<string, dyn>, … */
export type Fields = Readonly<Record<string, string>>;

export interface Types {
  /** Name → fields of the object types that the variables' types mention, each after those that it mentions itself. */
  readonly objects: ReadonlyMap<string, Fields>;
  /** Variable → type. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Why an expression can't be used, in words; undefined when it can. `wanted` is the type of its value. */
export type Check = (expression: string, wanted: string) => string | undefined;

export function checker({ objects, variables }: Types): Check {
  const environment = base.clone();
  for (const [name, fields] of objects) {
    environment.registerType(name, { fields: { ...fields } });
    environment.registerOperator(`${name} == ${name}`, () => false);
  }
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
  return (expression, wanted) => {
    if (expression.trim() === "") return "is empty";
    if (expression.length > MAX_EXPRESSION) return `has more than ${MAX_EXPRESSION} characters`;
    const { valid, type = "dyn", error } = environment.check(expression);
    if (!valid) return `compilation failed: ${error?.message ?? "unknown error"}`;
    return type === wanted || type === "dyn" ? undefined : `must evaluate to ${wanted}, not to ${type}`;
  };
}

export interface Expression {
  /** May it run longer than in proportion to its input? Then it belongs under a watchdog. */
  readonly loops: boolean;
  /** The names that it mentions. */
  readonly names: ReadonlySet<string>;
  /** @param variables CEL values: whole numbers are bigint. @throws Error what CEL says is wrong with the values */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/** @throws Error when it is no expression */
export function parseExpression(expression: string, variables: readonly string[]): Expression {
  const environment = base.clone();
  for (const name of variables) environment.registerVariable(name, "dyn");
  const parsed: ParseResult = environment.parse(expression);
  const names = new Set<string>();
  const loops = survey(parsed.ast, names);
  return { loops, names, evaluate: (values) => parsed({ ...values }) as unknown };
}

const macros: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "map", "filter"]);
const superlinear: ReadonlySet<string> = new Set(["matches", "find", "findAll", "distinct", "replace", "split"]);

/** Collects names, and finds macros over anything but a list that is written out, and calls that may take long. */
function survey(part: unknown, names: Set<string>): boolean {
  if (Array.isArray(part)) {
    let found = false;
    for (const entry of part) found = survey(entry, names) || found;
    return found;
  }
  if (typeof part !== "object" || part === null || !("op" in part)) return false;
  const node = part as ASTNode;
  if (node.op === "id") names.add(node.args);
  const inner = survey(node.args, names);
  if (node.op !== "rcall" && node.op !== "call") return inner;
  const [name, receiver] = node.args;
  if (superlinear.has(name)) return true;
  return inner || (macros.has(name) && !(typeof receiver === "object" && "op" in receiver && receiver.op === "list"));
}
