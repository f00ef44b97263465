import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openInstance } from "#local/instance.ts";
import { down } from "../../../cli/commands/down.ts";

it("down --purge leaves nothing of ours, what claims hold included, and what is somebody else's", async () => {
  const instance = await openInstance(await mkdtemp(join(tmpdir(), "virtive-down-")));
  try {
    for (const path of Object.values(instance.paths)) {
      if (typeof path !== "string") continue;
      await mkdir(path);
      await writeFile(join(path, "of-ours"), "");
    }
    await mkdir(instance.paths.host("node-1"), { recursive: true });
    // What the pod network keeps is read, and is no more than a folder here.
    await rm(instance.paths.network, { recursive: true });
    await writeFile(join(instance.directory, "notes.txt"), "the user's");
    expect(await down({ state: instance.directory, purge: true, graceSeconds: 0 })).toBe(0);
    expect(await readdir(instance.directory)).toEqual(["notes.txt"]);
  } finally {
    await rm(instance.directory, { recursive: true, force: true });
  }
});
