import { describe, expect, it } from "vitest";
import { chartsOf, figuresOf } from "../../../scripts/bench/charts.ts";
import { compare, parseReport, unlike, unmeasured } from "../../../scripts/bench/compare.ts";
import { figureOf, sampled, type FigureSpec } from "../../../scripts/bench/figure.ts";
import { svgOf } from "../../../scripts/bench/plot.ts";
import { items } from "../../../scripts/bench/registry.ts";
import { FORMAT, printItem, type Report } from "../../../scripts/bench/report.ts";
import { summarize } from "../../../scripts/bench/samples.ts";

const spec = { name: "time", title: "a time", unit: "ms", better: "less" } as const;

function report(...figures: readonly FigureSpec[]): Report {
  const item = {
    about: "times",
    quick: false,
    seconds: 1,
    load: { before: 0, after: 0 },
    figures: figures.map(figureOf),
  };
  const machine = { cpus: 2, cpuModel: "c", memoryMiB: 1, kernel: "k", node: "v", architecture: "x64" };
  return { format: FORMAT, time: "2026-01-01T00:00:00Z", machine, items: { item } };
}

describe("a figure", () => {
  it("has the median of its samples as value, and their 99th percentile by nearest rank", () => {
    const { value, samples } = sampled(spec, summarize(Array.from({ length: 200 }, (_, index) => index + 1)));
    expect([value, samples?.min, samples?.p99, samples?.max]).toEqual([100.5, 1, 198, 200]);
  });

  it("is none without a sample", () => {
    expect(() => summarize([])).toThrow("no sample");
    const measured = Array.from({ length: 99 }, () => 1);
    expect(() => summarize([...measured, Number.NaN])).toThrow("one of 100 samples is NaN: it was not measured");
    expect(() => summarize([...measured, Infinity])).toThrow("one of 100 samples is Infinity");
  });

  it.each([
    ["value", "most", 10, true],
    ["value", "most", 9, false],
    ["value", "least", 10, true],
    ["value", "least", 11, false],
    ["ratio", "most", 2, true],
    ["added", "most", 4, false],
  ] as const)("keeps a promise of its %s at %s %d: %s", (of, at, limit, kept) => {
    const figure = figureOf({ ...spec, value: 10, baseline: { title: "b", value: 5 }, promise: { of, at, limit } });
    expect(figure).toMatchObject({ ratio: 2, promise: { kept } });
  });

  it("keeps no promise about what was not measured", () => {
    const promise = { of: "p99", at: "most", limit: 1 } as const;
    expect(() => figureOf({ ...spec, value: 0, promise })).toThrow("p99 is promised and was not measured");
    expect(() => figureOf({ ...spec, value: Number.NaN })).toThrow("is no figure");
  });
});

describe("two reports", () => {
  it("are compared by figures that both have, and by their ratios", () => {
    const before = report(
      { ...spec, value: 10, baseline: { title: "b", value: 5 } },
      { ...spec, name: "gone", value: 1 },
    );
    const after = report(
      { ...spec, value: 30, baseline: { title: "b", value: 30 } },
      { ...spec, name: "new", value: 1 },
    );
    expect(compare(before, after)).toMatchObject([
      { item: "item", figure: "time", change: 3, changeOfRatio: 0.5, broken: false },
    ]);
  });

  it("tell a promise that is no longer kept", () => {
    const promise = { of: "value", at: "most", limit: 10 } as const;
    const [compared] = compare(report({ ...spec, value: 10, promise }), report({ ...spec, value: 11, promise }));
    expect(compared?.broken).toBe(true);
  });

  it("tell a promise that was kept and was not measured again, but for what could not run there", () => {
    const promise = { of: "value", at: "most", limit: 10 } as const;
    const before = report({ ...spec, value: 10, promise }, { ...spec, name: "other", value: 1 });
    const nothing = report().items["item"] ?? expect.fail("no item");
    const after = (changes: object): Report => ({ ...before, items: { item: { ...nothing, ...changes } } });
    const about = { item: "item", figure: "time" };
    expect(unmeasured(before, after({ failed: "no socket\n at x" }))).toEqual([
      { ...about, why: "it failed: no socket" },
    ]);
    expect(unmeasured(before, after({}))).toEqual([{ ...about, why: "it has no such figure any more" }]);
    expect(unmeasured(before, after({ notRun: "it needs root" }))).toEqual([]);
    expect(unmeasured(before, { ...before, items: {} })).toEqual([]);
    expect(unmeasured(before, before)).toEqual([]);
  });

  it("tell an item that was quick in one of them only", () => {
    const before = report({ ...spec, value: 1 });
    const item = before.items["item"] ?? expect.fail("no item");
    expect(unlike(before, { ...before, items: { item: { ...item, quick: true } } })).toEqual(["item"]);
    expect(unlike(before, before)).toEqual([]);
  });

  it("must be of the format that is known", () => {
    expect(() => parseReport('{"format":"other/1"}', "x.json")).toThrow('x.json: its format is "other/1"');
    expect(parseReport(JSON.stringify(report()), "x.json").format).toBe(FORMAT);
  });
});

describe("a printed report", () => {
  it("says what was promised and what came of it", () => {
    const promise = { of: "added", at: "most", limit: 4 } as const;
    const { items } = report({ ...spec, value: 10, baseline: { title: "bare", value: 5 }, promise });
    const text = items["item"] === undefined ? "" : printItem("item", items["item"]);
    expect(text).toContain("beside bare: 5 ms, ratio 2");
    expect(text).toContain("promised: added at most 4 ms; NOT kept (5)");
  });
});

describe("the charts", () => {
  const figures = report(
    ...[0, 1000, 10_000].flatMap((size) => [
      { ...spec, name: `memory-${size}`, value: 100 + size / 100 },
      { ...spec, name: `heap-${size}`, value: 50 },
    ]),
  );
  const scale = figuresOf([{ ...figures, items: { scale: figures.items["item"] ?? expect.fail("no item") } }]);

  it("are drawn where there are figures, in the order of their sizes", () => {
    const charts = chartsOf(scale);
    expect([...charts.keys()]).toEqual(["memory"]);
    expect(charts.get("memory")?.lines[0]?.points).toEqual([
      [0, 100],
      [1000, 110],
      [10_000, 200],
    ]);
  });

  it("are the same text for the same numbers, with nothing in it that is no number", () => {
    const [chart] = chartsOf(scale).values();
    if (chart === undefined) return expect.fail("no chart");
    expect(svgOf(chart)).toBe(svgOf(chart));
    expect(svgOf(chart)).not.toMatch(/NaN|Infinity|undefined/);
    expect(svgOf(chart)).toContain(">10,000<");
  });
});

describe("the registry", () => {
  it("names each item once, so that the command line can", () => {
    const names = items.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([]);
  });
});
