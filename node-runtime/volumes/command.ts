/** Runs a program for a volume: no shell, bounded in time, output, memory and CPU. */
import { execFile } from "node:child_process";

export interface Outcome {
  /** Exit code; undefined when it was killed or could not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT_BYTES = 1024 * 1024;

/**
 * Limits of the process itself, for programs that parse what users bring: util-linux' prlimit sets them and becomes the
 * program.
 */
const MAX_MEMORY_BYTES = 2 * 1024 ** 3;

/** Never rejects but when `signal` aborts: what an exit code means is the caller's to say. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: { readonly seconds: number; readonly signal?: AbortSignal | undefined },
): Promise<Outcome> {
  const { seconds, signal } = options;
  const limited = [`--as=${MAX_MEMORY_BYTES}`, `--cpu=${seconds}`, "--", program, ...args];
  return new Promise((resolve, reject) => {
    execFile(
      "prlimit",
      limited,
      {
        timeout: seconds * 1000,
        killSignal: "SIGKILL",
        maxBuffer: MAX_OUTPUT_BYTES,
        encoding: "utf8",
        env: { PATH: process.env["PATH"], LC_ALL: "C" },
        ...(signal === undefined ? {} : { signal }),
      },
      (error, stdout, stderr) => {
        if (signal?.aborted === true) {
          reject(signal.reason instanceof Error ? signal.reason : new Error(`${program} was broken off`));
          return;
        }
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
        resolve({ code, stdout, stderr: stderr || (error?.message ?? "") });
      },
    );
  });
}
