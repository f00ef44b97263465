import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lock, openInstance } from "#local/instance.ts";
import { up } from "../../../cli/commands/up.ts";

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "virtive-up-"));
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const held = await lock(await openInstance(state));
  await held.update({ url: "https://127.0.0.1:6443", nodes: ["node-1"] });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(state, { recursive: true, force: true });
});

const again = (more: Partial<Parameters<typeof up>[0]>): Promise<number> =>
  up({ state, nodes: 1, port: 6443, detach: true, demo: false, asked: [], ...more });

describe("up beside a process that runs", () => {
  it.each([
    [{ nodes: 3 }, "--nodes 1", "--nodes 3"],
    [{ port: 7443 }, "--port 6443", "--port 7443"],
    [{ nodes: 2, port: 7443 }, "--nodes 1 --port 6443", "--nodes 2 --port 7443"],
  ])("refuses %j, says what runs and how to change it", async (given, is, wanted) => {
    const asked = Object.keys(given) as ("nodes" | "port")[];
    await expect(again({ ...given, asked })).rejects.toMatchObject({
      kind: "refused",
      reason: "AlreadyRunning",
      message: `process ${process.pid} runs with ${is}, and that can't be changed while it runs. To have ${wanted}, end it and its guests with "virtive down", and say "up" again`,
    });
  });

  it.each([{ nodes: 1, asked: ["nodes"] as const }, { nodes: 2 }, { port: 0, asked: ["port"] as const }])(
    "goes on with %j",
    async (given) => {
      // It looks for the kubeconfig, which a process would have written.
      await expect(again(given)).rejects.toMatchObject({ reason: "KubeconfigNotFound" });
    },
  );
});
