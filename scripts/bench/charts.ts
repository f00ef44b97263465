/**
 * The charts of docs/performance.md: `node scripts/bench/charts.ts REPORT.json…` writes docs/performance/*.svg from the
 * newest figures of the reports (later files over earlier ones). A chart whose figures are not there is left as it is.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseReport } from "./compare.ts";
import type { Figure } from "./figure.ts";
import { svgOf, type Chart } from "./plot.ts";
import type { Report } from "./report.ts";

const DIRECTORY = join(import.meta.dirname, "../../docs/performance");

export type Figures = ReadonlyMap<string, Figure>;

/** "item/figure" → figure. */
export function figuresOf(reports: readonly Report[]): Figures {
  return new Map(
    reports.flatMap(({ items }) =>
      Object.entries(items).flatMap(([item, { figures }]) =>
        figures.map((figure) => [`${item}/${figure.name}`, figure] as const),
      ),
    ),
  );
}

/** File name → chart; those alone for which there are figures. */
export function chartsOf(figures: Figures): ReadonlyMap<string, Chart> {
  const machines = { title: "machines" };
  const charts: readonly (readonly [string, Chart])[] = [
    [
      "flatness",
      {
        title: "CPU of one change",
        x: { ...machines, logarithmic: true },
        y: { title: "µs" },
        lines: [
          { title: "an instance changed", points: bySize(figures, "flatness/instance-") },
          { title: "a node was heard", points: bySize(figures, "flatness/node-") },
        ],
      },
    ],
    [
      "memory",
      {
        title: "Memory of the control plane at rest",
        x: machines,
        y: { title: "MiB" },
        lines: [
          { title: "whole process (RSS)", points: bySize(figures, "scale/memory-") },
          { title: "JavaScript heap", points: bySize(figures, "scale/heap-") },
        ],
      },
    ],
    [
      "cpu",
      {
        title: "CPU of the control plane",
        x: machines,
        y: { title: "% of one core" },
        lines: [
          { title: "at rest", points: bySize(figures, "scale/cpu-rest-") },
          { title: "10 changes a second", points: bySize(figures, "scale/cpu-changes-") },
        ],
      },
    ],
    [
      "lag",
      {
        title: "A node's change → the API says so, 10 changes a second",
        x: machines,
        y: { title: "ms" },
        lines: [
          { title: "p99", points: bySize(figures, "scale/lag-", ({ samples }) => samples?.p99) },
          { title: "median", points: bySize(figures, "scale/lag-") },
        ],
        promised: { title: "promised: p99 within 1,000 ms", y: 1000 },
      },
    ],
  ];
  return new Map(charts.filter(([, { lines }]) => lines.every(({ points }) => points.length > 0)));
}

/** Figures that are named by a number of machines. */
function bySize(
  figures: Figures,
  prefix: string,
  valueOf: (figure: Figure) => number | undefined = ({ value }) => value,
): (readonly [number, number])[] {
  const points = [...figures].flatMap(([name, figure]) => {
    const size = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    const value = valueOf(figure);
    return Number.isInteger(size) && value !== undefined ? [[size, value] as const] : [];
  });
  return points.sort(([one], [other]) => one - other);
}

if (import.meta.main) {
  const paths = process.argv.slice(2);
  const reports = await Promise.all(paths.map(async (path) => parseReport(await readFile(path, "utf8"), path)));
  await mkdir(DIRECTORY, { recursive: true });
  for (const [name, chart] of chartsOf(figuresOf(reports))) {
    await writeFile(join(DIRECTORY, `${name}.svg`), svgOf(chart));
    console.log(`docs/performance/${name}.svg`);
  }
}
