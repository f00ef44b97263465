/**
 * Builds the parts of Knative Eventing that events go through, from its Go module: for the test that runs functions behind
 * them. Their controllers, which make objects ready, are not among them.
 */
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { produce } from "./cache.ts";
import { findGo, progress, runGo, type Go } from "./go.ts";

type Say = (line: string) => void;

const FOLDER = join(import.meta.dirname, "knative");
const SOURCES = ["go.mod", "go.sum"] as const;
const MODULE = "knative.dev/eventing";
const FLAGS = ["-trimpath", "-ldflags", "-s -w"] as const;

/** Names as the module has them. */
export const KNATIVE_PROGRAMS = ["ingress", "filter", "channel_dispatcher", "apiserver_receive_adapter"] as const;
const PACKAGES = [
  "cmd/broker/ingress",
  "cmd/broker/filter",
  "cmd/in_memory/channel_dispatcher",
  "cmd/apiserver_receive_adapter",
] as const;
/** Folders of the module with the definitions of its kinds. */
const DEFINITIONS = ["config/core/resources", "config/channels/in-memory-channel/resources"] as const;

/**
 * The directory with the programs, and with the definitions of their kinds in `definitions/`. About six minutes of CPU time
 * the first time, nothing afterwards.
 */
export async function ensureKnative(say: Say): Promise<string> {
  const go = await findGo();
  const files = SOURCES.map((file) => join(FOLDER, file));
  const words = [go.version, ...FLAGS, ...PACKAGES, ...DEFINITIONS];
  return produce({ name: "knative", title: "Knative", files, words, make: (to) => makeKnative(go, to, say) }, say);
}

async function makeKnative(go: Go, directory: string, say: Say): Promise<void> {
  const start = Date.now();
  say("building Knative Eventing's data plane: a few minutes of two cores, once");
  const source = join(directory, "source");
  await mkdir(source);
  for (const file of SOURCES) await copyFile(join(FOLDER, file), join(source, file));
  await runGo(go, { args: ["mod", "download"], directory: source });
  const names = PACKAGES.map((one) => `${MODULE}/${one}`);
  const packages = (await runGo(go, { args: ["list", "-deps", ...names], directory: source }))
    .trim()
    .split("\n").length;
  await runGo(go, {
    args: ["build", "-v", ...FLAGS, "-o", `${directory}/`, ...names],
    directory: source,
    env: { CGO_ENABLED: "0" },
    onLine: progress("packages compiled", packages, say),
  });
  const module = (await runGo(go, { args: ["list", "-m", "-f", "{{.Dir}}", MODULE], directory: source })).trim();
  const definitions = join(directory, "definitions");
  await mkdir(definitions);
  for (const folder of DEFINITIONS) {
    for (const file of await readdir(join(module, folder))) {
      if (file.endsWith(".yaml")) await copyFile(join(module, folder, file), join(definitions, file));
    }
  }
  await rm(source, { recursive: true });
  say(`Knative Eventing is built: ${Math.round((Date.now() - start) / 1000)} s`);
}
