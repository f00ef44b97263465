/** Runs a program for a volume: no shell reads its arguments; bounded in time, output, memory and CPU. */
import { runProgram } from "../programs.ts";

export interface Outcome {
  /** Exit code; undefined when it was killed or could not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Limits of the process itself, for programs that parse what users bring: util-linux' prlimit sets them and becomes the
 * program.
 */
const MAX_MEMORY_BYTES = 2 * 1024 ** 3;

/** What an exit code means is the caller's to say. @throws the signal's reason; Fault later ProgramFailed */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: { readonly seconds: number; readonly signal?: AbortSignal | undefined },
): Promise<Outcome> {
  const { seconds, signal } = options;
  const limited = [`--as=${MAX_MEMORY_BYTES}`, `--cpu=${seconds}`, "--", program, ...args];
  const { code, output, complaint } = await runProgram("prlimit", limited, {
    timeoutMilliseconds: seconds * 1000,
    signal,
  });
  // 127, 126: it was not found or could not be started; over 128: a signal ended it.
  const ended = code === undefined || code >= 126 ? undefined : code;
  return { code: ended, stdout: output, stderr: complaint };
}
