/** How far moves are, as their nodes tell it in the journal. Nothing depends on it: where it can't be had, nothing is told. */
import { reports } from "#events/catalogue.ts";
import type { JournalEntry } from "#events/journal-entry.ts";
import type { MachineStatus, MoveFigures } from "#events/machine.ts";
import type { Client } from "../client.ts";
import { journalPath } from "./events.ts";

export interface Following {
  readonly report: (line: string) => void;
  /** Of this guest only, namespace/name; without it of all that `only` lets through. */
  readonly key?: string;
  readonly only?: (guest: string) => boolean;
}

/** Resolves when the signal aborts or the stream ends. */
export async function followMoves(
  client: Pick<Client, "lines">,
  { report, key, only = () => true }: Following,
  signal: AbortSignal,
): Promise<void> {
  try {
    const of = key === undefined ? {} : { key };
    for await (const line of client.lines(journalPath({ ...of, type: reports.moving.type, follow: true }), signal)) {
      if (line.trim() === "") continue;
      const entry = JSON.parse(line) as JournalEntry;
      if (entry.entry !== "event") continue;
      const { namespace, name, move } = entry.event.data as MachineStatus;
      if (move?.figures !== undefined && only(`${namespace}/${name}`))
        report(`${name}: ${progress(move.figures)}${IN_MODE[move.mode ?? "PreCopy"]}`);
    }
  } catch {
    // the end of the stream, or a server without one
  }
}

const IN_MODE = {
  PreCopy: "",
  Paused: ", halted until all is copied",
  PostCopy: ", runs at the target, and the rest follows",
} as const;

const MEBIBYTE = 1024 * 1024;

export function progress(figures: MoveFigures): string {
  const { totalBytes, processedBytes, remainingBytes, dirtyBytesPerSecond, iterations, downtimeMilliseconds } = figures;
  const mebibytes = (bytes: number): string => `${Math.round(bytes / MEBIBYTE)} MiB`;
  const expected = secondsLeft(figures);
  return [
    `${mebibytes(processedBytes)} copied, ${mebibytes(remainingBytes)} of ${mebibytes(totalBytes)} left`,
    `round ${iterations}`,
    `${mebibytes(dirtyBytesPerSecond)}/s change`,
    ...(expected === undefined ? [] : [`about ${expected} s to go`]),
    ...(figures.throttlePercent > 0 ? [`slowed down by ${figures.throttlePercent} %`] : []),
    ...(downtimeMilliseconds === undefined ? [] : [`${Math.round(downtimeMilliseconds)} ms downtime`]),
  ].join(", ");
}

/** Undefined while nothing gets through, or more changes than is copied. */
function secondsLeft({ remainingBytes, bytesPerSecond, dirtyBytesPerSecond }: MoveFigures): number | undefined {
  const gain = bytesPerSecond - dirtyBytesPerSecond;
  return gain <= 0 || remainingBytes === 0 ? undefined : Math.max(1, Math.round(remainingBytes / gain));
}
