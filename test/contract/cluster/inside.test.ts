import { customResourceDefinitions } from "#api/crd.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { ConfigMap } from "#api/core.ts";
import { connectOver } from "#events/kubernetes.ts";
import { AUTHENTICATED, MASTERS } from "#local/apiserver/authentication/user.ts";
import { startEmbedded } from "../kubernetes/servers.ts";
import { clusterContract } from "./suite.ts";

/** Changes that the server keeps for watches; few, so that a test can outlive them. */
const WINDOW = 200;
const USER = { username: "inside", groups: [MASTERS, AUTHENTICATED] };

for (const insider of [true, false]) {
  clusterContract(`the embedded API server, from within its process${insider ? ", before the disk" : ""}`, async () => {
    const window = { changes: WINDOW, characters: 1024 * 1024 };
    const embedded = await startEmbedded({ window, isInsider: () => insider });
    const cluster = connectOver(embedded.server.inside(USER));
    for (const definition of customResourceDefinitions()) await cluster.create(CustomResourceDefinition, definition);
    return {
      cluster,
      disconnect: "within",
      async compact() {
        for (let write = 0; write <= 2 * WINDOW; write += 1) {
          const metadata = { namespace: "default", name: `filler-${write}` };
          await cluster.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
        }
      },
      stop: () => embedded.stop(),
    };
  });
}
