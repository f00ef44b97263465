import { describe, expect, it } from "vitest";
import { Pod, Secret } from "#api/core.ts";
import type { Kind } from "#api/object.ts";
import { systemClock } from "#events/clock.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { uninstall } from "../../../scripts/uninstall.ts";

const NAMESPACE = "virtive";
const Deployment: Kind = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  namespaced: true,
};

describe("an uninstallation", () => {
  it("takes what control made when control has ended: until then it makes it again", async () => {
    const cluster = memoryCluster({ clock: systemClock, collectGarbage: true });
    const metadata = { namespace: NAMESPACE, name: "virtive-control" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { namespace: NAMESPACE, name: "virtive-ca" } };
    const { object: deployment } = await cluster.create(Deployment, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
    });
    await cluster.create(Secret, secret);
    const { object: pod } = await cluster.create(Pod, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...metadata,
        name: "virtive-control-1",
        labels: { "app.kubernetes.io/name": "virtive", "app.kubernetes.io/component": "control" },
        ownerReferences: [
          { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name, uid: deployment.metadata.uid },
        ],
      },
      spec: { containers: [], nodeName: "node-1" },
    });
    // As its rotation does while its pod lives.
    const control = setInterval(() => void cluster.create(Secret, secret).catch(() => undefined), 20);
    setTimeout(() => {
      clearInterval(control);
      void cluster.remove(Pod, pod, { gracePeriodSeconds: 0 });
    }, 700);
    const said: string[] = [];
    await uninstall({
      cluster,
      namespace: NAMESPACE,
      strategy: "BlockUninstallIfWorkloadsExist",
      timeoutMilliseconds: 0,
      say: (line) => said.push(line),
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([...cluster.objects(Secret).keys()]).toEqual([]);
    expect(said).toEqual(["no machine, no definition and nothing that control made is left"]);
  });
});
