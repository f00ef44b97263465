/** What a report says of the machine, so that nobody compares figures of different ones or of a busy one unknowingly. */
import { cpus, loadavg, release, totalmem } from "node:os";
import { execFileSync } from "node:child_process";

export interface MachineFacts {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly architecture: string;
}

export function machineFacts(): MachineFacts {
  const [first] = cpus();
  return {
    cpus: cpus().length,
    cpuModel: first?.model.trim() ?? "unknown",
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
    architecture: process.arch,
  };
}

/** Of the last minute; below `cpus` nobody waited for a core. */
export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

/** The commit that is measured, marked `+` with changes on top; undefined outside a clone. */
export function commit(): string | undefined {
  try {
    const git = (...words: string[]): string =>
      execFileSync("git", words, { cwd: import.meta.dirname, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return `${git("rev-parse", "--short=12", "HEAD").trim()}${changed ? "+" : ""}`;
  } catch {
    return undefined;
  }
}
