/** Kubernetes' functions on lists and sets, beside those of the language itself. */
import type { Environment } from "@marcbachmann/cel-js";

type Ordered = number | bigint | string | boolean | Date;

function asText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part)) ?? "";
}

function ordered(list: readonly Ordered[], what: string): readonly Ordered[] {
  if (list.length === 0) throw new Error(`${what} called on empty list`);
  return list;
}

class Sets {}

export function registerCollections(environment: Environment): void {
  environment.registerFunction("list.isSorted(): bool", (list: readonly Ordered[]) =>
    list.every((value, index) => index === 0 || (list[index - 1] ?? value) <= value),
  );
  environment.registerFunction("list.sum(): dyn", (list: readonly (number | bigint)[]) =>
    list.some((value) => typeof value === "number")
      ? list.reduce<number>((sum, value) => sum + Number(value), 0)
      : list.reduce<bigint>((sum, value) => sum + BigInt(value), 0n),
  );
  environment.registerFunction("list.min(): dyn", (list: readonly Ordered[]) =>
    ordered(list, "min").reduce((least, value) => (value < least ? value : least)),
  );
  environment.registerFunction("list.max(): dyn", (list: readonly Ordered[]) =>
    ordered(list, "max").reduce((most, value) => (value > most ? value : most)),
  );
  environment.registerFunction("list.indexOf(dyn): int", (list: readonly unknown[], wanted: unknown) =>
    BigInt(list.map(asText).indexOf(asText(wanted))),
  );
  environment.registerFunction("list.lastIndexOf(dyn): int", (list: readonly unknown[], wanted: unknown) =>
    BigInt(list.map(asText).lastIndexOf(asText(wanted))),
  );
  environment.registerFunction("list.distinct(): list<dyn>", (list: readonly unknown[]) => [
    ...new Map(list.map((value) => [asText(value), value])).values(),
  ]);
  environment.registerFunction(
    "list.slice(int, int): list<dyn>",
    (list: readonly unknown[], from: bigint, to: bigint) => {
      if (from < 0n || to < from || to > BigInt(list.length))
        throw new Error(`slice(${from}, ${to}): index out of range`);
      return list.slice(Number(from), Number(to));
    },
  );
  registerSets(environment);
}

function registerSets(environment: Environment): void {
  environment.registerType("SetsNamespace", Sets);
  environment.registerConstant("sets", "SetsNamespace", new Sets());
  const holdsAll = (list: readonly unknown[], wanted: readonly unknown[]): boolean => {
    const held = new Set(list.map(asText));
    return wanted.every((value) => held.has(asText(value)));
  };
  type List = readonly unknown[];
  environment.registerFunction("SetsNamespace.contains(list, list): bool", (_: Sets, list: List, wanted: List) =>
    holdsAll(list, wanted),
  );
  environment.registerFunction(
    "SetsNamespace.equivalent(list, list): bool",
    (_: Sets, one: List, other: List) => holdsAll(one, other) && holdsAll(other, one),
  );
  environment.registerFunction("SetsNamespace.intersects(list, list): bool", (_: Sets, one: List, other: List) => {
    const held = new Set(one.map(asText));
    return other.some((value) => held.has(asText(value)));
  });
}
