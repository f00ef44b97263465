/**
 * A chart as SVG text, from numbers alone: the same numbers give the same text, so that a chart is reviewed as a diff.
 * Points joined by lines over a logarithmic or even axis, with a line for what is promised.
 */

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly { readonly title: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
  /** Drawn across at this height. */
  readonly promised?: { readonly title: string; readonly y: number };
}

export interface Axis {
  readonly title: string;
  readonly logarithmic?: boolean;
}

const [WIDTH, HEIGHT] = [640, 320];
const PLOT = { left: 72, right: 24, top: 40, bottom: 56 } as const;
/** Told apart without seeing colours too: by their order in the legend and the shapes of their points. */
const COLOURS = ["#1f6feb", "#bf3989", "#1a7f37", "#9a6700"] as const;

export function svgOf(chart: Chart): string {
  const points = chart.lines.flatMap(({ points }) => points);
  if (points.length === 0) throw new RangeError(`${chart.title}: there is nothing to draw`);
  const ys = [...points.map(([, y]) => y), ...(chart.promised === undefined ? [] : [chart.promised.y])];
  const x = scaleOf(
    chart.x,
    points.map(([x]) => x),
    PLOT.left,
    WIDTH - PLOT.right,
  );
  const y = scaleOf(chart.y, ys, HEIGHT - PLOT.bottom, PLOT.top);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(chart.title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(WIDTH / 2, 20, chart.title, `text-anchor="middle" font-size="14"`),
    ...x.ticks.flatMap((tick) => [
      line(x.at(tick), PLOT.top, x.at(tick), HEIGHT - PLOT.bottom, "#d0d7de"),
      text(x.at(tick), HEIGHT - PLOT.bottom + 16, label(tick), `text-anchor="middle"`),
    ]),
    ...y.ticks.flatMap((tick) => [
      line(PLOT.left, y.at(tick), WIDTH - PLOT.right, y.at(tick), "#d0d7de"),
      text(PLOT.left - 6, y.at(tick) + 4, label(tick), `text-anchor="end"`),
    ]),
    text(WIDTH / 2, HEIGHT - 20, chart.x.title, `text-anchor="middle"`),
    text(PLOT.left, PLOT.top - 6, chart.y.title, ""),
    ...chart.lines.flatMap((each, index) => drawn(each, index, x, y)),
    ...promised(chart, y),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

function scaleOf({ logarithmic = false }: Axis, values: readonly number[], from: number, to: number): Scale {
  const most = Math.max(...values);
  if (logarithmic) {
    const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(most))];
    const span = Math.max(1, high - low);
    return {
      ticks: Array.from({ length: span + 1 }, (_, index) => 10 ** (low + index)),
      at: (value) => from + ((Math.log10(value) - low) / span) * (to - from),
    };
  }
  const step = niceStep(most / 4);
  const top = Math.max(step, Math.ceil(most / step) * step);
  return {
    ticks: Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step),
    at: (value) => from + (value / top) * (to - from),
  };
}

/** 1, 2 or 5 times a power of ten, at least so much. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least > 0 ? least : 1));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

function drawn(each: Chart["lines"][number], index: number, x: Scale, y: Scale): string[] {
  const colour = COLOURS[index % COLOURS.length] ?? COLOURS[0];
  const at = each.points.map(([px, py]) => [x.at(px), y.at(py)] as const);
  const path = at.map(([px, py]) => `${fixed(px)},${fixed(py)}`).join(" ");
  const legend = PLOT.top + 14 + index * 16;
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...at.map(([px, py]) => `<circle cx="${fixed(px)}" cy="${fixed(py)}" r="3.5" fill="${colour}"/>`),
    line(PLOT.left + 8, legend - 4, PLOT.left + 28, legend - 4, colour),
    text(PLOT.left + 34, legend, each.title, ""),
  ];
}

function promised({ promised }: Chart, y: Scale): string[] {
  if (promised === undefined) return [];
  const at = y.at(promised.y);
  return [
    `<line x1="${PLOT.left}" y1="${fixed(at)}" x2="${WIDTH - PLOT.right}" y2="${fixed(at)}" stroke="#cf222e" stroke-dasharray="6 4"/>`,
    text(WIDTH - PLOT.right, at - 5, promised.title, `text-anchor="end" fill="#cf222e"`),
  ];
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" stroke="${colour}"/>`;
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${escaped(words)}</text>`;
}

/** Without digits that differ from one machine's arithmetic to another's. */
function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function label(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en");
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
