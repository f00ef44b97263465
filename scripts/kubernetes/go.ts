/** Runs Go to build programs, telling how far it is. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { outputOf } from "#node-runtime/host/command.ts";
import { Fault } from "#events/fault.ts";

export interface Go {
  readonly path: string;
  /** Such as go1.26.6. */
  readonly version: string;
}

interface GoCommand {
  readonly args: readonly string[];
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Told each line of what Go says. */
  readonly onLine?: (line: string) => void;
}

const LAST_LINES = 30;
const FETCH_MILLISECONDS = 600_000;

/** The Go to build with; it is fetched when this machine has none that is new enough. */
export async function findGo(): Promise<Go> {
  const path = (await outputOf(["bash", join(import.meta.dirname, "go")], FETCH_MILLISECONDS)).trim();
  const version = (await outputOf(["env", "GOTOOLCHAIN=local", path, "env", "GOVERSION"])).trim();
  return { path, version };
}

/** What Go prints on its standard output. @throws Fault later, reason BuildFailed, with the last lines that it said */
export async function runGo(go: Go, { args, directory, env = {}, onLine }: GoCommand): Promise<string> {
  // Beside other work a build is what can wait.
  const child = spawn("nice", ["-n", "5", go.path, ...args], {
    cwd: directory,
    env: { ...process.env, GOTOOLCHAIN: "local", GOWORK: "off", GOFLAGS: "-buildvcs=false", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const last: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  createInterface({ input: child.stderr }).on("line", (line) => {
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
    onLine?.(line);
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code === 0) return output;
  throw new Fault("later", "BuildFailed", `go ${args.slice(0, 2).join(" ")} failed:\n${last.join("\n")}`);
}

/** A counter that says how far something is, at most every ten seconds. */
export function progress(what: string, total: number, say: (line: string) => void): () => void {
  const start = Date.now();
  let done = 0;
  let told = start;
  return () => {
    done += 1;
    const now = Date.now();
    if (now - told < 10_000) return;
    told = now;
    const seconds = Math.round((now - start) / 1000);
    say(`${what}: ${done} of ${total}, ${seconds} s`);
  };
}
