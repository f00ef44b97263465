/** How generators write: whole files, only when they differ, so that nothing is rebuilt for nothing. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** A file that is made from the sources; `path` is relative to the repository's root. */
export interface Generated {
  readonly path: string;
  readonly content: string;
}

const ROOT = new URL("../../", import.meta.url);

export function pathOf(file: Generated): string {
  return fileURLToPath(new URL(file.path, ROOT));
}

/** What is on disk; undefined when there is nothing. */
export async function present(file: Generated): Promise<string | undefined> {
  try {
    return await readFile(pathOf(file), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes what differs and says so. */
export async function write(files: readonly Generated[]): Promise<void> {
  for (const file of files) {
    const same = (await present(file)) === file.content;
    if (!same) {
      await mkdir(dirname(pathOf(file)), { recursive: true });
      await writeFile(pathOf(file), file.content);
    }
    console.log(`${same ? "unchanged" : "written  "} ${file.path}`);
  }
}
