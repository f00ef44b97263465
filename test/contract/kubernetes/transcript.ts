/** A run of requests on one server, written down so that runs on two servers can be compared. */
import type { Answer, Client, RequestOptions } from "./client.ts";

export interface Line {
  readonly request: string;
  readonly code: number;
  readonly type: string;
  readonly warnings: readonly string[];
  readonly body: unknown;
  /** Why the servers answer differently here, on purpose. */
  readonly differs?: string;
}

export interface Transcript {
  readonly lines: readonly Line[];
  /** Sends a request and writes down what came back. */
  readonly send: (method: string, path: string, options?: RequestOptions, differs?: string) => Promise<Answer>;
}

export interface TranscriptOptions {
  /** Fields that are left out, by name, wherever they are. */
  readonly without?: readonly string[];
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** What no two servers have in common: ids, versions, times, and names that the server made. */
const replaced: Readonly<Record<string, string>> = {
  uid: "<uid>",
  resourceVersion: "<version>",
  continue: "<continue>",
};

/** Left out everywhere: sentences are our own, the rest says how the other server is built. */
const own: ReadonlySet<string> = new Set([
  "message",
  "description",
  "storageVersionHash",
  "serverAddressByClientCIDRs",
]);

/** Lists whose order says nothing, or only in which second something happened. */
const sets: ReadonlySet<string> = new Set(["verbs", "resources", "causes", "managedFields"]);

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

function normalList(list: readonly unknown[], without: ReadonlySet<string>, field: string): unknown[] {
  const entries = list.map((entry) => normal(entry, without));
  // Lists of core kinds leave out what their items are; clients know it from the list.
  if (field === "items") return entries.map(withoutType);
  if (!sets.has(field)) return entries;
  // Kubernetes sometimes says the same twice.
  const texts = new Set(entries.map((entry) => JSON.stringify(entry)));
  return [...texts].toSorted().map((text) => JSON.parse(text) as unknown);
}

function withoutType(entry: unknown): unknown {
  if (typeof entry !== "object" || entry === null) return entry;
  const rest: Record<string, unknown> = { ...entry };
  delete rest["apiVersion"];
  delete rest["kind"];
  return rest;
}

/** Which fields a manager owns: Kubernetes also writes down that a map as a whole is new, with a dot. */
function ownedFields(fields: unknown): unknown {
  if (typeof fields !== "object" || fields === null) return fields;
  const entries = Object.entries(fields).filter(([name]) => name !== ".");
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, child]) => [name, ownedFields(child)]),
  );
}

/** Go writes some fields that are empty, and clients take them for absent: so are they here. */
function normal(value: unknown, without: ReadonlySet<string>, field = ""): unknown {
  if (field === "fieldsV1") return ownedFields(value);
  if (Array.isArray(value)) return normalList(value, without, field);
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value)
      .filter(([name]) => !without.has(name) && !own.has(name))
      .map(([name, child]) => [name, normal(child, without, name)] as const)
      .filter(([, child]) => !isEmpty(child));
    return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
  if (typeof value !== "string" || value === "") return value;
  if (field in replaced) return replaced[field];
  if (TIME.test(value)) return "<time>";
  if (field === "" && /^\d+[smh]$/.test(value)) return "<age>";
  return value;
}

/** Bodies that are not JSON are texts. */
function bodyOf(answer: Answer, without: ReadonlySet<string>): unknown {
  return Object.keys(answer.body).length > 0 ? normal(answer.body, without) : answer.text;
}

export function transcript(client: Client, { without = [] }: TranscriptOptions = {}): Transcript {
  const lines: Line[] = [];
  const left = new Set(without);
  return {
    lines,
    async send(method, path, options, differs) {
      const answer = await client.request(method, path, options);
      const type = String(answer.headers["content-type"] ?? "").replace(/;\s*charset=utf-8/, "");
      lines.push({
        request: `${method} ${path.replace(/continue=\w+/, "continue=<continue>")}`,
        code: answer.code,
        type,
        warnings: answer.warnings,
        body: bodyOf(answer, left),
        ...(differs === undefined ? {} : { differs }),
      });
      return answer;
    },
  };
}
