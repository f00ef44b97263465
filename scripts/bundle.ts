/**
 * Bundles: the function host (for Knative, where a cold start is somebody's wait), the control process, the node
 * runtime, what uninstalls them, and the command line. One file each and chunks for what is loaded later, with source maps.
 * What a bundle does not import is not in it.
 */
import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { build, type Metafile } from "esbuild";
import { cloudeventsLater, COMMON, plainBuiltins, sources, withoutUnused } from "./bundle-plugins.ts";
import { bundleHost } from "./host-snapshot.ts";

const root = join(import.meta.dirname, "..");

/** Name of the bundle → its first file. The function host is made in another way. */
const ENTRIES = {
  control: "control/main.ts",
  node: "node-runtime/main.ts",
  uninstall: "scripts/uninstall.ts",
  virtive: "cli/main.ts",
} as const;

export interface Bundle {
  readonly name: "functions" | keyof typeof ENTRIES;
  readonly file: string;
  /** Arguments of Node that start it. */
  readonly start: readonly string[];
  /** Of the process, besides what it is told. */
  readonly env: Readonly<Record<string, string>>;
  /** What is loaded at once: the file and the chunks that it imports statically; of the function host its snapshot. */
  readonly startBytes: number;
  /** With what may be loaded later. */
  readonly allBytes: number;
}

/** @param directory inside the repository, one level deep or more; it is emptied first */
export async function bundle(directory: string): Promise<readonly Bundle[]> {
  await rm(directory, { recursive: true, force: true });
  const host = await bundleHost(join(directory, "functions"));
  const built: Bundle[] = [{ name: "functions", ...host, startBytes: host.snapshotBytes }];
  for (const name of Object.keys(ENTRIES) as (keyof typeof ENTRIES)[]) {
    const { metafile } = await build({
      ...COMMON,
      entryPoints: { main: ENTRIES[name] },
      outdir: join(directory, name),
      splitting: true,
      format: "esm",
      metafile: true,
      outExtension: { ".js": ".mjs" },
      // Packages in CommonJS ask for these; an ES module has them not.
      banner: {
        js: 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);',
      },
      plugins: [sources(join(directory, name)), withoutUnused, cloudeventsLater, plainBuiltins],
    });
    const file = join(directory, name, "main.mjs");
    built.push({ name, file, start: [file], env: {}, ...sizes(metafile, name, directory) });
  }
  return built;
}

function sizes(metafile: Metafile, name: string, directory: string): Pick<Bundle, "startBytes" | "allBytes"> {
  const outputs = Object.entries(metafile.outputs).filter(([path]) => path.endsWith(".mjs"));
  const byPath = new Map(outputs);
  const first = relative(root, join(directory, name, "main.mjs"));
  const start = new Set<string>();
  const visit = (path: string): void => {
    if (start.has(path)) return;
    start.add(path);
    for (const used of byPath.get(path)?.imports ?? [])
      if (used.kind === "import-statement" && byPath.has(used.path)) visit(used.path);
  };
  visit(first);
  const sum = (paths: Iterable<string>): number =>
    [...paths].reduce((all, path) => all + (byPath.get(path)?.bytes ?? 0), 0);
  return { startBytes: sum(start), allBytes: sum(byPath.keys()) };
}

if (import.meta.main) {
  const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0).padStart(6)} KiB`;
  for (const { name, file, startBytes, allBytes } of await bundle(join(root, "dist"))) {
    console.log(`${relative(root, file).padEnd(26)} ${kib(startBytes)} at start, ${kib(allBytes)} in all  (${name})`);
  }
}
