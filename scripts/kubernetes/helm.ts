/** Helm, built once from its Go module: for the chart's tests, and for manifests without Helm. */
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Fault } from "#events/fault.ts";
import { produce } from "./cache.ts";
import { findGo, runGo } from "./go.ts";

const MODULE = "helm.sh/helm/v3";
const VERSION = "v3.22.0";
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Path of the program. About two minutes of two cores the first time, nothing afterwards. */
export async function ensureHelm(say: (line: string) => void): Promise<string> {
  const go = await findGo();
  const words = [go.version, MODULE, VERSION];
  const make = async (directory: string): Promise<void> => {
    say(`building Helm ${VERSION}: about two minutes of two cores, once`);
    const flags = ["-trimpath", "-ldflags", `-s -w -X ${MODULE}/internal/version.version=${VERSION}`];
    await runGo(go, {
      args: ["install", ...flags, `${MODULE}/cmd/helm@${VERSION}`],
      directory: tmpdir(),
      env: { GOBIN: directory, CGO_ENABLED: "0" },
    });
  };
  return join(await produce({ name: "helm", files: [], words, make }, say), "helm");
}

/** What Helm prints. @throws Fault refused with Helm's own words */
export async function helm(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const program = await ensureHelm((line) => console.error(line));
  try {
    const options = { maxBuffer: MOST_OUTPUT_BYTES, env: { ...process.env, ...env } };
    return (await promisify(execFile)(program, [...args], options)).stdout;
  } catch (thrown) {
    const { stderr, message } = thrown as { readonly stderr?: string; readonly message: string };
    throw new Fault("refused", "HelmFailed", `helm ${args.slice(0, 2).join(" ")}: ${(stderr ?? message).trim()}`);
  }
}
