/** docs/events.md: the table of event types, between its two marks; the rest is written by hand. */
import { readFileSync } from "node:fs";
import { catalogue, type EventType } from "#events/catalogue.ts";
import { pathOf, write, type Generated } from "./output.ts";

const PATH = "docs/events.md";
const BEGIN = "<!-- events:begin -->";
const END = "<!-- events:end -->";

const PRODUCERS = {
  "source": "cluster source",
  "node-runtime": "node runtime",
  "ingress": "ingress",
  "dispatcher": "a function",
  "broker": "broker",
} as const satisfies Record<EventType["producer"], string>;

function row({ type, description, producer, extensions }: EventType): string {
  const attributes = extensions.map((name) => `\`${name}\``).join(" ");
  return `| \`${type}\` | ${description} | ${PRODUCERS[producer]} | ${attributes} |`;
}

export function eventsTable(): string {
  return ["| type | what it says | told by | attributes |", "|---|---|---|---|", ...catalogue.map(row)].join("\n");
}

export function events(): readonly Generated[] {
  const page = readFileSync(pathOf({ path: PATH, content: "" }), "utf8");
  const [before = "", rest = ""] = page.split(BEGIN);
  const [, after = ""] = rest.split(END);
  // Prettier would pad each cell to the widest.
  const table = `<!-- prettier-ignore-start -->\n${eventsTable()}\n<!-- prettier-ignore-end -->`;
  return [{ path: PATH, content: `${before}${BEGIN}\n\n${table}\n\n${END}${after}` }];
}

if (import.meta.main) await write(events());
