/** `virtive events`: follows the journal. JSON output is one journal entry a line, with its cursor to go on from. */
import type { JournalEntry } from "#events/journal-entry.ts";
import { Fault } from "#events/fault.ts";
import type { Client } from "../client.ts";
import { lineOf, timeOf } from "../story.ts";

export interface EventsOptions {
  readonly vm?: string;
  readonly type?: string;
  readonly since?: string;
  readonly all?: boolean;
  readonly follow: boolean;
  readonly output: "text" | "json";
}

export async function events(
  client: Client,
  namespace: string,
  options: EventsOptions,
  print: (text: string) => void,
): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  process.stdout.once("error", () => stop.abort()); // whoever reads us has gone
  let cursor: number | undefined;
  const key = options.vm === undefined ? undefined : `${namespace}/${options.vm}`;
  const path = journalPath({
    ...(key === undefined ? {} : { key }),
    ...(options.type === undefined ? {} : { type: options.type }),
    ...(options.since === undefined ? {} : { after: options.since }),
    // Without a start, a follower wants what comes; one who does not follow wants what is there.
    ...(options.since === undefined && (options.all === true || !options.follow) ? { after: "0" } : {}),
    follow: options.follow,
  });
  for await (const line of client.lines(path, stop.signal)) {
    if (line.trim() === "") continue;
    const entry = JSON.parse(line) as JournalEntry;
    cursor = entry.cursor;
    if (options.output === "json") {
      print(line);
      continue;
    }
    const text = lineOf(entry, options.vm !== undefined || options.type !== undefined);
    if (text !== undefined) print(`${timeOf(entry)}  ${text}`);
  }
  if (!options.follow || stop.signal.aborted) return;
  const goOn = cursor === undefined ? "" : `; go on with: virtive events --since ${cursor}`;
  throw new Fault("later", "StreamEnded", `${client.server.origin} ended the stream of events: it stops${goOn}`);
}

export function journalPath(query: {
  readonly key?: string;
  readonly type?: string;
  readonly after?: string;
  readonly follow: boolean;
}): string {
  const parameters = new URLSearchParams();
  if (query.key !== undefined) parameters.set("key", query.key);
  if (query.type !== undefined) parameters.set("type", query.type);
  if (query.after !== undefined) parameters.set("after", query.after);
  if (query.follow) parameters.set("follow", "1");
  return `/apis/subresources.virtive.dev/v1/cloudevents?${parameters.toString()}`;
}
