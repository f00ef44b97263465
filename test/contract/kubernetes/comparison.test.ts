/** The same requests on both servers, and the whole of what comes back: codes, headers, bodies. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "./client.ts";
import { servers, type ServerUnderTest } from "./servers.ts";
import { scenarios } from "./scenarios/all.ts";
import type { Ground } from "./scenarios/scenario.ts";
import { transcript, type Line } from "./transcript.ts";
import { widgetDefinition } from "./widget.ts";

const ground: Ground = { namespace: "compared", group: "compared.example.com" };

// With one server there is nothing to compare: VIRTIVE_SERVERS left the other out.
describe.skipIf(servers.length < 2)("both servers answer alike", () => {
  const started: ServerUnderTest[] = [];

  beforeAll(async () => {
    for (const { name, start } of servers) {
      const under = await start();
      started.push(under);
      const { client } = under;
      await client.post("/api/v1/namespaces", {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: ground.namespace },
      });
      await client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition(ground.group));
      const widgets = `/apis/${ground.group}/v1/namespaces/${ground.namespace}/widgets`;
      await until(async () => (await client.get(widgets)).code === 200, "the widgets to be served");
      const account = `/api/v1/namespaces/${ground.namespace}/serviceaccounts/default`;
      if (name === "real") await until(async () => (await client.get(account)).code === 200, "the service account");
    }
  });

  afterAll(async () => {
    for (const under of started) {
      await under.client.delete(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${ground.group}`);
      await under.client.delete(`/api/v1/namespaces/${ground.namespace}`);
      await under.stop();
    }
  });

  it.each(scenarios)("$name", async ({ without = {}, run }) => {
    const [embedded = [], real = []] = await Promise.all(
      started.map(async ({ client }): Promise<readonly Line[]> => {
        const written = transcript(client, { without: Object.keys(without) });
        await run(written, ground);
        return written.lines;
      }),
    );
    expect(real.length).toBeGreaterThan(0);
    const alike = (lines: readonly Line[]) => lines.filter(({ differs }) => differs === undefined);
    expect(alike(embedded)).toEqual(alike(real));
    // A difference that is no more, or that was never one, must not be excused.
    real.forEach((line, index) => {
      if (line.differs !== undefined) expect(embedded[index], `${line.request}: ${line.differs}`).not.toEqual(line);
    });
  });
});
