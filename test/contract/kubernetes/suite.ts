/** Runs a suite on every server, in a namespace and with a custom kind of its own. */
import { afterAll, beforeAll, describe } from "vitest";
import { until, type Client } from "./client.ts";
import { servers, type ServerName, type ServerUnderTest } from "./servers.ts";
import { widget, widgetDefinition } from "./widget.ts";

/** What a suite's tests work with; filled before the first test. */
export interface Bench {
  /** For what differs on purpose: the test then says why. */
  readonly server: ServerName;
  readonly under: ServerUnderTest;
  readonly client: Client;
  readonly group: string;
  readonly namespace: string;
  /** Path of the suite's widgets, in its namespace. */
  readonly widgets: string;
  readonly widget: (name: string, spec?: object, metadata?: object) => Record<string, unknown>;
}

export function onEachServer(suite: string, tests: (bench: () => Bench) => void): void {
  describe.each(servers)(`${suite} ($name)`, ({ name: server, start }) => {
    let bench: Bench | undefined;
    beforeAll(async () => {
      const under = await start();
      const group = `${suite.replaceAll(/[^a-z]/g, "")}.example.com`;
      const namespace = `suite-${group.split(".")[0]}`;
      const { client } = under;
      await client.post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      await client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition(group));
      const widgets = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
      await until(async () => (await client.get(widgets)).code === 200, "the widgets to be served");
      const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
      // Its controllers make one in each namespace, and no pod is taken before that.
      if (server === "real") await until(async () => (await client.get(account)).code === 200, "the service account");
      bench = {
        server,
        under,
        client,
        group,
        namespace,
        widgets,
        widget: (name, spec, metadata) => widget(group, name, spec, metadata),
      };
    });
    afterAll(async () => {
      await bench?.client.delete(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${bench.group}`);
      await bench?.client.delete(`/api/v1/namespaces/${bench.namespace}`);
      await bench?.under.stop();
    });
    tests(() => {
      if (bench === undefined) throw new Error("the server did not start");
      return bench;
    });
  });
}
