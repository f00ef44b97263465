import {
  KubeConfig,
  ListWatch,
  Watch,
  type KubernetesListObject,
  type KubernetesObject,
} from "@kubernetes/client-node";
import { expect, it } from "vitest";
import { until } from "./client.ts";
import { onEachServer } from "./suite.ts";

onEachServer("informers", (bench) => {
  it("keeps an informer of @kubernetes/client-node in step", async () => {
    const { under, client, widgets, widget } = bench();
    await client.post(widgets, widget("before"));
    const config = new KubeConfig();
    config.loadFromFile(under.kubeconfig);
    const list = async () => (await client.get(widgets)).body as unknown as KubernetesListObject<KubernetesObject>;
    const informer = new ListWatch(widgets, new Watch(config), list, false);
    const seen: string[] = [];
    informer.on("add", (object) => void seen.push(`add ${object.metadata?.name}`));
    informer.on("update", (object) => void seen.push(`update ${object.metadata?.name}`));
    informer.on("delete", (object) => void seen.push(`delete ${object.metadata?.name}`));
    await informer.start();
    try {
      await client.post(widgets, widget("during"));
      await client.patch(`${widgets}/during`, { spec: { size: 2 } });
      await client.delete(`${widgets}/during`);
      await until(async () => seen.length >= 4, "the informer to see all");
      expect(seen).toEqual(["add before", "add during", "update during", "delete during"]);
      expect(informer.list().map((object) => object.metadata?.name)).toEqual(["before"]);
    } finally {
      await informer.stop();
    }
  });
});
