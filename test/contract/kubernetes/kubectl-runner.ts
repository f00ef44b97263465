/** The real kubectl, run as somebody whose home is empty: nothing of this machine's user comes in. */
import { execFile, execFileSync } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Person {
  /** Path of kubectl. */
  readonly kubectl: string;
  readonly kubeconfig: string;
  /** Where kubectl keeps what it has learned of the server. */
  readonly home: string;
  readonly namespace: string;
}

/** The path of a kubectl of this version, or of the usual one; it is fetched if need be. */
export function kubectlBinary(version?: string): string {
  const env = version === undefined ? process.env : { ...process.env, KUBECTL_VERSION: version };
  return execFileSync("bash", [path.resolve("scripts/kubectl")], { encoding: "utf8", env }).trim();
}

export function environmentOf({ kubeconfig, home }: Person): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: home, KUBECONFIG: kubeconfig };
}

/** What it printed, and its exit code: `can-i` says no by 1, `diff` says yes by it. */
export async function kubectl(
  person: Person,
  args: readonly string[],
  stdin = "",
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const child = run(person.kubectl, ["--namespace", person.namespace, ...args], {
    env: { ...environmentOf(person), ...env },
    timeout: 30_000,
  });
  child.child.stdin?.end(stdin);
  try {
    const { stdout, stderr } = await child;
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}
