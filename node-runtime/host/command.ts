/** Runs one short command of the system, bounded in time and output. */
import { execFile } from "node:child_process";
import { Fault } from "#events/fault.ts";

const MAX_OUTPUT_BYTES = 1024 * 1024;

export interface Ran {
  /** Undefined when it was ended by a signal or did not start. */
  readonly code: number | undefined;
  readonly output: string;
  readonly complaint: string;
}

/** Never throws for a command that fails: the code says so. @throws Fault refused when there is no such program */
export function run(argv: readonly string[], timeoutMilliseconds = 10_000): Promise<Ran> {
  const [program = "", ...args] = argv;
  const options = { timeout: timeoutMilliseconds, maxBuffer: MAX_OUTPUT_BYTES, killSignal: "SIGKILL" } as const;
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, output, complaint) => {
      if (error?.code === "ENOENT") {
        reject(new Fault("refused", "ProgramMissing", `${program} is not installed`, { cause: error }));
        return;
      }
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
      resolve({ code, output, complaint: complaint.trim() });
    });
  });
}

/** The output of a command that must succeed. @throws Fault later with what it complained about */
export async function outputOf(argv: readonly string[], timeoutMilliseconds = 10_000): Promise<string> {
  const { code, output, complaint } = await run(argv, timeoutMilliseconds);
  if (code === 0) return output;
  const how = code === undefined ? `did not end within ${timeoutMilliseconds} ms` : `ended with ${code}`;
  throw new Fault("later", "CommandFailed", `${argv.join(" ")} ${how}: ${complaint || "(no message)"}`);
}
