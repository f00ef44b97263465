/** docs/embedded-api.md: the table of Kubernetes' own kinds, between its two marks; the rest is written by hand. */
import { readFileSync } from "node:fs";
import { coreKinds } from "#local/apiserver/kinds/core.ts";
import { allVerbs, apiVersionFor, type ServedKind } from "#local/apiserver/kinds/kind.ts";
import { pathOf, write, type Generated } from "./output.ts";

const PATH = "docs/embedded-api.md";
const BEGIN = "<!-- kinds:begin -->";
const END = "<!-- kinds:end -->";

function row(kind: ServedKind): string {
  const versions = kind.versions.map(({ name }) => `\`${apiVersionFor(kind.group, name)}\``).join(" ");
  const verbs = kind.verbs.length === allVerbs.length ? "all" : kind.verbs.map((verb) => `\`${verb}\``).join(" ");
  const below = [...(kind.storedVersion.hasStatus ? ["status"] : []), ...kind.actions];
  const where = kind.namespaced ? "namespace" : "cluster";
  return `| ${kind.kind} | ${versions} | ${where} | ${verbs} | ${below.map((name) => `\`${name}\``).join(" ")} |`;
}

export function kindsTable(): string {
  return ["| kind | API | lives in | verbs | subresources |", "|---|---|---|---|---|", ...coreKinds().map(row)].join(
    "\n",
  );
}

export function embeddedApi(): readonly Generated[] {
  const page = readFileSync(pathOf({ path: PATH, content: "" }), "utf8");
  const [before = "", rest = ""] = page.split(BEGIN);
  const [, after = ""] = rest.split(END);
  // Prettier would pad each cell to the widest.
  const table = `<!-- prettier-ignore-start -->\n${kindsTable()}\n<!-- prettier-ignore-end -->`;
  return [{ path: PATH, content: `${before}${BEGIN}\n\n${table}\n\n${END}${after}` }];
}

if (import.meta.main) await write(embeddedApi());
