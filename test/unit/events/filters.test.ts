import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileFilters } from "#events/broker/filters.ts";
import type { Filter } from "#events/broker-types.ts";
import { attribute, type CloudEvent } from "#events/cloud-event.ts";
import { Fault } from "#events/fault.ts";
import { event } from "./sample.ts";

const started = event({ type: "dev.virtive.machine.started", extensions: { phase: "Running", node: "node1" } });

function passes(filters: readonly Filter[], of: CloudEvent = started): boolean {
  return compileFilters(filters)(of);
}

describe("filters", () => {
  it.each<[string, readonly Filter[], boolean]>([
    ["no filter", [], true],
    ["exact, the same", [{ exact: { phase: "Running" } }], true],
    ["exact, another case", [{ exact: { phase: "running" } }], false],
    ["exact, one of two", [{ exact: { phase: "Running", node: "node2" } }], false],
    ["exact, not there", [{ exact: { zone: "a" } }], false],
    ["prefix", [{ prefix: { type: "dev.virtive." } }], true],
    ["prefix, not there", [{ prefix: { zone: "a" } }], false],
    ["suffix", [{ suffix: { type: ".started" } }], true],
    ["suffix, other", [{ suffix: { type: ".stopped" } }], false],
    ["not", [{ not: { exact: { node: "node2" } } }], true],
    ["not, of what is not there", [{ not: { exact: { zone: "a" } } }], true],
    ["any", [{ any: [{ exact: { node: "node2" } }, { exact: { node: "node1" } }] }], true],
    ["all", [{ all: [{ exact: { node: "node2" } }, { exact: { node: "node1" } }] }], false],
    ["several are an AND", [{ exact: { node: "node1" } }, { exact: { phase: "Failed" } }], false],
  ])("%s", (_, filters, expected) => {
    expect(passes(filters)).toBe(expected);
  });

  it("look at attributes and never at names that JavaScript objects have by birth", () => {
    expect(passes([{ not: { prefix: { constructor: "f" } } }])).toBe(true);
  });

  it.each<[unknown, string]>([
    [[{}], "filters[0]"],
    [[{ exact: { a: "b" }, suffix: { a: "b" } }], "filters[0]"],
    [[{ cesql: "true" }], "filters[0]"],
    [[{ any: [] }], "filters[0].any"],
    [[{ all: [{ exact: { a: "b" } }, { prefix: { "Not-A-Name": "b" } }] }], "filters[0].all[1].prefix.Not-A-Name"],
    [[{ not: { exact: { a: "" } } }], "filters[0].not.exact.a"],
    [[{ exact: {} }], "filters[0].exact"],
    [[{ exact: { a: 1 } }], "filters[0].exact.a"],
    ["all", "filters"],
  ])("%j is refused, naming %s", (filters, field) => {
    const compile = (): unknown => compileFilters(filters as readonly Filter[]);
    expect(compile).toThrow(Fault);
    try {
      compile();
    } catch (thrown) {
      expect((thrown as Fault).kind).toBe("refused");
      expect((thrown as Fault).causes.map((cause) => cause.field)).toEqual([field]);
    }
  });

  it("of endless depth are refused", () => {
    let filter: Filter = { exact: { a: "b" } };
    for (let depth = 0; depth < 100; depth += 1) filter = { not: filter };
    expect(() => compileFilters([filter])).toThrow(/nested/);
  });
});

const pair = fc.record({
  name: fc.constantFrom("type", "node", "phase", "zone"),
  value: fc.constantFrom("a", "ab", "b", "ba"),
});
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    pair.map(({ name, value }): Filter => ({ exact: { [name]: value } })),
    pair.map(({ name, value }): Filter => ({ prefix: { [name]: value } })),
    pair.map(({ name, value }): Filter => ({ suffix: { [name]: value } })),
    fc.array(tie("filter"), { minLength: 1, maxLength: 3 }).map((all): Filter => ({ all })),
    fc.array(tie("filter"), { minLength: 1, maxLength: 3 }).map((any): Filter => ({ any })),
    tie("filter").map((not): Filter => ({ not })),
  ),
}));
const anyEvent = fc
  .record({
    type: fc.constantFrom("a", "ab", "b", "ba", "aba"),
    node: fc.option(fc.constantFrom("a", "ab", "b"), { nil: undefined }),
    phase: fc.option(fc.constantFrom("a", "ba"), { nil: undefined }),
  })
  .map(({ type, node, phase }) =>
    event({ type, extensions: { ...(node === undefined ? {} : { node }), ...(phase === undefined ? {} : { phase }) } }),
  );

/** The meaning of a filter, written down a second time and as plainly as possible. */
function means(wanted: Filter, of: CloudEvent): boolean {
  const holds = (pairs: Readonly<Record<string, string>>, test: (actual: string, value: string) => boolean): boolean =>
    Object.entries(pairs).every(([name, value]) => {
      const actual = attribute(of, name);
      return actual !== undefined && test(actual, value);
    });
  if ("exact" in wanted) return holds(wanted.exact, (actual, value) => actual === value);
  if ("prefix" in wanted) return holds(wanted.prefix, (actual, value) => actual.indexOf(value) === 0);
  if ("suffix" in wanted) return holds(wanted.suffix, (actual, value) => actual.slice(-value.length) === value);
  if ("all" in wanted) return !wanted.all.some((inner) => !means(inner, of));
  if ("any" in wanted) return wanted.any.some((inner) => means(inner, of));
  return !means(wanted.not, of);
}

describe("any filter", () => {
  it("does what it says", () => {
    fc.assert(
      fc.property(filter, anyEvent, (wanted, of) => {
        expect(passes([wanted], of)).toBe(means(wanted, of));
      }),
    );
  });

  it("keeps De Morgan's law", () => {
    fc.assert(
      fc.property(filter, filter, anyEvent, (one, other, of) => {
        expect(passes([{ not: { any: [one, other] } }], of)).toBe(passes([{ not: one }, { not: other }], of));
      }),
    );
  });
});
