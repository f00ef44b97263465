/**
 * The function host as it is started where its start is somebody's wait: from a startup snapshot of Node's, a file that holds
 * the process as it was after `functions/main.ts` had loaded and warmed up. What is not in the snapshot is loaded by it later.
 *
 *   main.cjs       the host in one script; runs without the snapshot too
 *   undici.cjs, …  packages that a host may never need, each loaded with its first use
 *   main.blob      the snapshot. Only the very Node that made it takes it.
 */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build, type BuildOptions, type Plugin } from "esbuild";
import { cloudeventsLater, COMMON, plainBuiltins, sources, withoutUnused } from "./bundle-plugins.ts";

/** Package → its file. Large, and needed by hosts outside of a pod, or once a node is asked. */
const BESIDE: Readonly<Record<string, string>> = {
  "@kubernetes/client-node": "client-node.cjs",
  "undici": "undici.cjs",
};

/**
 * Node reads the snapshot into memory and copies it there. In pages of 4 KiB the kernel's work for that is a fifteenth of the
 * start. A tunable of glibc, from 2.35 on; others pass over it.
 */
const HUGE_PAGES = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" } as const;

export interface HostBundle {
  readonly file: string;
  /** Arguments of Node that start it. */
  readonly start: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Of the script: what a start without the snapshot compiles. */
  readonly scriptBytes: number;
  readonly snapshotBytes: number;
  readonly allBytes: number;
}

/** @throws Error when Node can't take the snapshot: something loaded before it holds what no snapshot can, such as a socket */
export async function bundleHost(directory: string): Promise<HostBundle> {
  const common = {
    ...COMMON,
    outdir: directory,
    format: "cjs",
    outExtension: { ".js": ".cjs" },
  } as const satisfies BuildOptions;
  await build({
    ...common,
    entryPoints: { main: "functions/main.ts" },
    plugins: [packagesBeside, sources(directory), withoutUnused, cloudeventsLater, plainBuiltins],
  });
  const packages = Object.entries(BESIDE).map(([name, file]) => [file.replace(/\.cjs$/, ""), name]);
  await build({ ...common, entryPoints: Object.fromEntries(packages) as Record<string, string> });
  await takeSnapshot(directory);
  const bytes = async (name: string): Promise<number> => (await stat(join(directory, name))).size;
  const [scriptBytes, snapshotBytes] = [await bytes("main.cjs"), await bytes("main.blob")];
  const beside = await Promise.all(Object.values(BESIDE).map(bytes));
  const file = join(directory, "main.cjs");
  return {
    file,
    start: ["--snapshot-blob", join(directory, "main.blob"), file],
    env: HUGE_PAGES,
    scriptBytes,
    snapshotBytes,
    allBytes: beside.reduce((sum, size) => sum + size, scriptBytes + snapshotBytes),
  };
}

/** A script in a snapshot can't import. It is told where it lies by its first argument. */
const packagesBeside: Plugin = {
  name: "packages-beside",
  setup(builder) {
    builder.onResolve({ filter: new RegExp(`^(${Object.keys(BESIDE).join("|")})$`) }, ({ path, kind }) =>
      kind === "dynamic-import" ? { path, namespace: "beside" } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: "beside" }, ({ path }) => ({
      contents: `
        const { createRequire } = process.getBuiltinModule("node:module");
        const { resolve } = process.getBuiltinModule("node:path");
        module.exports = createRequire(resolve(process.argv[1]))("./${BESIDE[path]}");`,
      loader: "js",
    }));
  },
};

/**
 * With nothing of this process's environment. It holds compiled code of Node's own modules, too; where that does not fit the
 * processor, V8 compiles anew.
 */
async function takeSnapshot(directory: string): Promise<void> {
  // The seed is of this making alone, for the same bytes each time: a process that starts from it draws its own.
  const args = ["--random-seed=1", "--snapshot-blob", "main.blob", "--build-snapshot", "/proc/self/cwd/main.cjs"];
  await promisify(execFile)(process.execPath, args, { cwd: directory, env: {} });
}
