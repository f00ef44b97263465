/** Runs a program to its end: no shell, bounded in time and output. */
import { execFile } from "node:child_process";

/** @throws Error with the end of what it printed when it fails or takes longer than `seconds` */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly seconds?: number } = {},
): Promise<string> {
  const { seconds = 120, ...rest } = options;
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...args],
      { ...rest, timeout: seconds * 1000, killSignal: "SIGKILL", maxBuffer: 4 * 1024 * 1024, encoding: "utf8" },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${program} ${args.join(" ")} failed: ${(stderr || error.message).trim().slice(-2000)}`));
      },
    );
  });
}
