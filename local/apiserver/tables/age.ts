/** Ages as kubectl shows them: the largest unit, or the two largest where one is too coarse. */

import { hasFormat } from "../schema/formats.ts";

export function age(since: unknown, now: Date): string {
  if (typeof since !== "string" || since === "") return "<unknown>";
  // JavaScript takes much for a date: "3" is in March.
  if (!hasFormat(since, "date-time")) return "<invalid>";
  const seconds = Math.floor((now.getTime() - Date.parse(since)) / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return two(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  return two(Math.floor(days / 365), "y", days % 365, "d");
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
