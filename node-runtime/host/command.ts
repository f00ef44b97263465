/** Runs one short command of the system, bounded in time and output. */
import { Fault } from "#events/fault.ts";
import { runProgram } from "../programs.ts";

export interface Ran {
  /** Undefined when it did not end in time. */
  readonly code: number | undefined;
  readonly output: string;
  readonly complaint: string;
}

/** Never throws for a command that fails: the code says so. @throws Fault refused when there is no such program */
export async function run(argv: readonly string[], timeoutMilliseconds = 10_000): Promise<Ran> {
  const [program = "", ...args] = argv;
  const { code, output, complaint, missing } = await runProgram(program, args, { timeoutMilliseconds });
  if (missing) throw new Fault("refused", "ProgramMissing", `${program} is not installed`);
  return { code, output, complaint: complaint.trim() };
}

/** The output of a command that must succeed. @throws Fault later with what it complained about */
export async function outputOf(argv: readonly string[], timeoutMilliseconds = 10_000): Promise<string> {
  const { code, output, complaint } = await run(argv, timeoutMilliseconds);
  if (code === 0) return output;
  const how = code === undefined ? `did not end within ${timeoutMilliseconds} ms` : `ended with ${code}`;
  throw new Fault("later", "CommandFailed", `${argv.join(" ")} ${how}: ${complaint || "(no message)"}`);
}
