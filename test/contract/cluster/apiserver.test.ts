import { customResourceDefinitions } from "#api/crd.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { ConfigMap } from "#api/core.ts";
import { connect } from "#events/kubernetes.ts";
import { startEmbedded } from "../kubernetes/servers.ts";
import { clusterContract } from "./suite.ts";

/** Changes that the server keeps for watches; few, so that a test can outlive them. */
const WINDOW = 200;

clusterContract("the embedded API server, by its kubeconfig", async () => {
  const server = await startEmbedded({ window: { changes: WINDOW, characters: 1024 * 1024 } });
  const cluster = await connect(server.kubeconfig);
  for (const definition of customResourceDefinitions()) await cluster.create(CustomResourceDefinition, definition);
  return {
    cluster,
    // Closes all connections; the next request opens new ones.
    disconnect: () => cluster.close(),
    async compact() {
      for (let write = 0; write <= 2 * WINDOW; write += 1) {
        const name = `filler-${write}`;
        await cluster.create(ConfigMap, {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { namespace: "default", name },
        });
      }
    },
    async stop() {
      cluster.close();
      await server.stop();
    },
  };
});
