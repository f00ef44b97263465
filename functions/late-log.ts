/**
 * A log whose writer is loaded a moment after the first line: what is loading answers nobody, and the first line is that
 * the function host is ready. Lines keep their order; those before the writer is there carry the time of their writing.
 */
import { wait, type Clock } from "#events/clock.ts";
import type { Log } from "#events/log.ts";

const AFTER_MILLISECONDS = 100;

export function lateLog(open: () => Promise<Log>, clock: Clock): Log {
  let writer: Log | undefined;
  let opening: Promise<void> | undefined;
  const waiting: ((log: Log) => void)[] = [];

  async function load(): Promise<void> {
    await wait(clock, AFTER_MILLISECONDS);
    writer = await open();
    for (const write of waiting.splice(0)) write(writer);
  }

  function line(level: keyof Log): Log[keyof Log] {
    return (fields, message) => {
      if (writer !== undefined) return writer[level](fields, message);
      waiting.push((log) => log[level](fields, message));
      opening ??= load();
    };
  }

  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}
