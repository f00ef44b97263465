import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { ConfigMap } from "#api/core.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { systemClock } from "#events/clock.ts";
import { connect } from "#events/kubernetes.ts";
import { startSource } from "#events/source/source.ts";
import { startEmbedded } from "../kubernetes/servers.ts";

const directory = await mkdtemp(join(tmpdir(), "virtive-source-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

function configMap(name: string): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name } };
}

describe("the source on the embedded API server", () => {
  it("goes on after the server was stopped and started again, and tells everything once", async () => {
    const first = await startEmbedded({}, directory);
    const cluster = await connect(first.kubeconfig);
    const told: string[] = [];
    const source = startSource({
      cluster,
      kinds: [ConfigMap],
      publish: async ({ type, extensions }: CloudEvent) => {
        if (extensions["namespace"] === "default") told.push(`${type.split(".").at(-1)} ${extensions["name"]}`);
      },
      deadlineOf: () => undefined,
      resyncSeconds: 0,
      clock: systemClock,
      sourceName: "/test",
    });
    const expectTold = (wanted: readonly string[]): Promise<void> =>
      vi.waitFor(() => expect(told).toEqual(wanted), { timeout: 30_000, interval: 20 });
    let second: Awaited<ReturnType<typeof startEmbedded>> | undefined;
    try {
      await source.synced();
      const { object } = await cluster.create(ConfigMap, configMap("before"));
      await expectTold(["add before"]);
      await first.stop();
      second = await startEmbedded({ port: first.server.port }, directory);
      await cluster.create(ConfigMap, configMap("after"));
      await cluster.remove(ConfigMap, object);
      await expectTold(["add before", "add after", "delete before"]);
      expect(
        (await source.reader.list(ConfigMap, { namespace: "default" })).map(({ metadata }) => metadata.name),
      ).toEqual(["after"]);
    } finally {
      await source.close();
      cluster.close();
      await (second ?? first).stop();
    }
  });
});
