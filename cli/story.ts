/** The journal as lines for people: what happened, and what functions made of it. */
import type { JournalEntry } from "#events/journal-entry.ts";
import { attribute, type CloudEvent } from "#events/cloud-event.ts";

const VERBS: Readonly<Record<string, string>> = {
  "dev.knative.apiserver.resource.add": "added",
  "dev.knative.apiserver.resource.update": "changed",
  "dev.knative.apiserver.resource.delete": "deleted",
};

/** Time of the entry, RFC 3339 with milliseconds. */
export function timeOf(entry: JournalEntry): string {
  switch (entry.entry) {
    case "event":
      return entry.event.time ?? "";
    case "decision":
      return entry.decision.time;
    case "dead-letter":
      return entry.deadLetter.time;
  }
}

/** One line without its time; undefined for what tells a person nothing (a decision to do nothing, a heartbeat). */
export function lineOf(entry: JournalEntry, verbose: boolean): string | undefined {
  switch (entry.entry) {
    case "event":
      return eventLine(entry.event, verbose);
    case "decision": {
      const { decision } = entry;
      if (decision.effects.length === 0 && !verbose) return undefined;
      const done = decision.effects.length === 0 ? "" : `  [${decision.effects.join(", ")}]`;
      const failed = decision.outcome === "done" || decision.outcome === "nothing" ? "" : `  (${decision.outcome})`;
      return `function  ${decision.function.padEnd(9)} ${decision.because}${done}${failed}`;
    }
    case "dead-letter": {
      const { deadLetter } = entry;
      return `given up  ${deadLetter.trigger.padEnd(9)} ${deadLetter.event.type}: ${deadLetter.code} ${deadLetter.detail}`;
    }
  }
}

function eventLine(event: CloudEvent, verbose: boolean): string | undefined {
  const verb = VERBS[event.type];
  if (verb !== undefined) {
    const phase = attribute(event, "phase");
    const what = `${attribute(event, "kind")} ${attribute(event, "namespace") ?? ""}/${attribute(event, "name")}`;
    return `event     ${verb.padEnd(9)} ${what}${phase === undefined ? "" : `: ${phase}`}`;
  }
  const machine = /^dev\.virtive\.machine\.(.+)$/.exec(event.type)?.[1];
  if (machine !== undefined) {
    return `report    ${machine.padEnd(9)} ${attribute(event, "partitionkey")} on ${attribute(event, "node")}${detailOf(event.data)}`;
  }
  return verbose ? `event     ${event.type} ${attribute(event, "partitionkey") ?? ""}` : undefined;
}

/** What a report adds to its name: how it ended, what is in the way. */
function detailOf(data: unknown): string {
  if (typeof data !== "object" || data === null) return "";
  const { exit, problem } = data as {
    exit?: { reason: string; message: string };
    problem?: { reason: string; message: string };
  };
  const said = exit ?? problem;
  return said === undefined ? "" : `: ${said.reason}: ${said.message}`;
}
