/** `virtive get [KIND] [NAME]`: the server's own table, or the object as JSON. */
import type { Client } from "../client.ts";
import { isObjectName, NAME_WORDS } from "../words.ts";

const RESOURCES = {
  vm: { path: "/apis/kubevirt.io/v1", plural: "virtualmachines", namespaced: true },
  vmi: { path: "/apis/kubevirt.io/v1", plural: "virtualmachineinstances", namespaced: true },
  node: { path: "/api/v1", plural: "nodes", namespaced: false },
  pod: { path: "/api/v1", plural: "pods", namespaced: true },
  event: { path: "/api/v1", plural: "events", namespaced: true },
} as const;

const ALIASES: Readonly<Record<string, keyof typeof RESOURCES>> = {
  vms: "vm",
  virtualmachine: "vm",
  virtualmachines: "vm",
  vmis: "vmi",
  virtualmachineinstance: "vmi",
  virtualmachineinstances: "vmi",
  nodes: "node",
  no: "node",
  pods: "pod",
  po: "pod",
  events: "event",
};

function resourceNamed(word: string): keyof typeof RESOURCES | undefined {
  const lower = word.toLowerCase();
  if (Object.hasOwn(RESOURCES, lower)) return lower as keyof typeof RESOURCES;
  return Object.hasOwn(ALIASES, lower) ? ALIASES[lower] : undefined;
}

export const resourceWords = Object.keys(RESOURCES).join(", ");

interface WantedObjects {
  readonly resource: keyof typeof RESOURCES;
  readonly name: string | undefined;
}

/**
 * What the two words of `virtive get [KIND] [NAME]` ask for, or what is wrong with them. One word that names no kind is a
 * VM's name.
 */
export function wantedOf(first: string | undefined, second: string | undefined): WantedObjects | string {
  const kind = first === undefined ? "vm" : resourceNamed(first);
  if (kind === undefined && second !== undefined)
    return `${first} is no kind that is listed; there are: ${resourceWords}`;
  const name = kind === undefined ? first : second;
  if (name !== undefined && !isObjectName(name)) return `${JSON.stringify(name)} is no name: ${NAME_WORDS}`;
  return { resource: kind ?? "vm", name };
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority?: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

export async function get(
  client: Client,
  resource: keyof typeof RESOURCES,
  name: string | undefined,
  options: { readonly namespace: string; readonly output: "table" | "wide" | "json" },
): Promise<string> {
  const { path, plural, namespaced } = RESOURCES[resource];
  const scope = namespaced ? `${path}/namespaces/${options.namespace}` : path;
  const url = `${scope}/${plural}${name === undefined ? "" : `/${name}`}`;
  if (options.output === "json") return JSON.stringify(await client.send("GET", url), null, 2);
  const table = await client.send<Table>("GET", url, undefined, {
    accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
  });
  if (table.rows.length === 0) return namespaced ? `No ${plural} in namespace ${options.namespace}.` : `No ${plural}.`;
  return renderTable(table, options.output === "wide");
}

function renderTable(table: Table, wide: boolean): string {
  const shown = table.columnDefinitions.flatMap((column, index) =>
    (column.priority ?? 0) === 0 || wide ? [index] : [],
  );
  const lines = [
    shown.map((index) => (table.columnDefinitions[index]?.name ?? "").toUpperCase()),
    ...table.rows.map((row) => shown.map((index) => cell(row.cells[index]))),
  ];
  const widths = shown.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}

function cell(value: unknown): string {
  if (value === null || value === undefined || value === "") return "<none>";
  return typeof value === "string" ? value : JSON.stringify(value);
}
