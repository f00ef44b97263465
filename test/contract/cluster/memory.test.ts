import { systemClock } from "#events/clock.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { clusterContract } from "./suite.ts";

clusterContract("the cluster in memory", async () => {
  const cluster = memoryCluster({ clock: systemClock });
  return {
    cluster,
    disconnect: () => cluster.disconnect(),
    compact: () => cluster.compact(),
    stop: async () => undefined,
  };
});
