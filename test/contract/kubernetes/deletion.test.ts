import { expect, it } from "vitest";
import { until } from "./client.ts";
import { onEachServer } from "./suite.ts";

/** Kubernetes' collector looks for new kinds every 30 seconds, and only then at their objects. */
const COLLECTED_MILLISECONDS = 60_000;

onEachServer("deletion", (bench) => {
  it("answers a Status with the uid for what is gone at once", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.post(widgets, widget("plain"));
    const removed = await client.delete(`${widgets}/plain`);
    expect(removed.code).toBe(200);
    expect(removed.body).toMatchObject({
      kind: "Status",
      status: "Success",
      details: { name: "plain", uid: body.metadata.uid },
    });
    expect((await client.delete(`${widgets}/plain`)).code).toBe(404);
  });

  it("keeps an object until its last finalizer is gone", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("held", {}, { finalizers: ["example.com/hold"] }));
    const deleted = await client.delete(`${widgets}/held`);
    expect(deleted.body.metadata.deletionTimestamp).toBeDefined();
    expect(deleted.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2 });
    const added = await client.patch(`${widgets}/held`, {
      metadata: { finalizers: ["example.com/hold", "example.com/new"] },
    });
    expect(added.code).toBe(422);
    const released = await client.patch(`${widgets}/held`, { metadata: { finalizers: null } });
    expect(released.code).toBe(200);
    expect((await client.get(`${widgets}/held`)).code).toBe(404);
  });

  it("honours preconditions", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.post(widgets, widget("conditional"));
    const wrong = {
      kind: "DeleteOptions",
      apiVersion: "v1",
      preconditions: { uid: "00000000-0000-0000-0000-000000000000" },
    };
    expect((await client.delete(`${widgets}/conditional`, wrong)).code).toBe(409);
    const stale = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { resourceVersion: "1" } };
    expect((await client.delete(`${widgets}/conditional`, stale)).code).toBe(409);
    const right = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: body.metadata.uid } };
    expect((await client.delete(`${widgets}/conditional`, right)).code).toBe(200);
    expect((await client.delete(`${widgets}/x`, { propagationPolicy: "Sideways" })).code).toBe(422);
  });

  it("deletes a collection by selector", async () => {
    const { client, widgets, widget } = bench();
    for (const name of ["all-1", "all-2"]) await client.post(widgets, widget(name, {}, { labels: { set: "all" } }));
    await client.post(widgets, widget("stays"));
    expect((await client.delete(`${widgets}?labelSelector=set%3Dall`)).code).toBe(200);
    expect((await client.get(`${widgets}?labelSelector=set%3Dall`)).body.items).toEqual([]);
    expect((await client.get(`${widgets}/stays`)).code).toBe(200);
  });

  it("lets a bound pod go with grace, and at once when asked without", async () => {
    const { client, namespace } = bench();
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const pod = (name: string) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { schedulerName: "nobody", containers: [{ name: "c", image: "i:1" }] },
    });
    await client.post(pods, pod("free"));
    await client.delete(`${pods}/free`);
    expect((await client.get(`${pods}/free`)).code).toBe(404);
    await client.post(pods, pod("bound"));
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "bound" },
      target: { kind: "Node", name: "n1" },
    };
    expect((await client.post(`${pods}/bound/binding`, binding)).code).toBe(201);
    expect((await client.post(`${pods}/bound/binding`, binding)).code).toBe(409);
    const bound = await client.get(`${pods}/bound`);
    expect(bound.body.spec.nodeName).toBe("n1");
    expect(bound.body.status.conditions.find(({ type }) => type === "PodScheduled")?.status).toBe("True");
    const deleted = await client.delete(`${pods}/bound`, { gracePeriodSeconds: 20 });
    expect(deleted.body.metadata.deletionGracePeriodSeconds).toBe(20);
    expect((await client.get(`${pods}/bound`)).code).toBe(200);
    await client.delete(`${pods}/bound`, { gracePeriodSeconds: 0 });
    expect((await client.get(`${pods}/bound`)).code).toBe(404);
  });

  it("evicts a pod", async () => {
    const { client, namespace } = bench();
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "evicted" },
      spec: { containers: [{ name: "c", image: "i:1" }] },
    };
    await client.post(pods, pod);
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "evicted", namespace } };
    // As `kubectl drain --dry-run=server` asks.
    const onlyAsked = { ...eviction, deleteOptions: { dryRun: ["All"] } };
    expect((await client.post(`${pods}/evicted/eviction`, onlyAsked)).code).toBe(201);
    expect((await client.get(`${pods}/evicted`)).code).toBe(200);
    expect((await client.post(`${pods}/evicted/eviction`, eviction)).code).toBe(201);
    expect((await client.get(`${pods}/evicted`)).code).toBe(404);
  });

  it("deletes dependents once all their owners are gone", async () => {
    const { client, group, widgets, widget } = bench();
    const owners = await Promise.all(["owner-1", "owner-2"].map((name) => client.post(widgets, widget(name))));
    const ownerReferences = owners.map(({ body }) => ({
      apiVersion: `${group}/v1`,
      kind: "Widget",
      name: body.metadata.name,
      uid: body.metadata.uid,
    }));
    await client.post(widgets, widget("dependent", {}, { ownerReferences }));
    await client.delete(`${widgets}/owner-1`);
    const left = await until(
      async () => {
        const { body } = await client.get(`${widgets}/dependent`);
        return body.metadata.ownerReferences.length === 1 ? body : undefined;
      },
      "the lost owner to be taken off",
      COLLECTED_MILLISECONDS,
    );
    expect(left.metadata.ownerReferences[0]?.name).toBe("owner-2");
    await client.delete(`${widgets}/owner-2`);
    await until(
      async () => (await client.get(`${widgets}/dependent`)).code === 404,
      "the dependent to be deleted",
      COLLECTED_MILLISECONDS,
    );
  });

  it("waits for dependents in the foreground, and lets them go as orphans", async () => {
    const { client, group, widgets, widget } = bench();
    const family = async (name: string, finalizers: string[]) => {
      const { body } = await client.post(widgets, widget(name));
      const owner = {
        apiVersion: `${group}/v1`,
        kind: "Widget",
        name,
        uid: body.metadata.uid,
        blockOwnerDeletion: true,
      };
      await client.post(widgets, widget(`${name}-child`, {}, { ownerReferences: [owner], finalizers }));
    };
    await family("front", ["example.com/hold"]);
    const deleted = await client.delete(`${widgets}/front`, { propagationPolicy: "Foreground" });
    expect(deleted.body.metadata.finalizers).toEqual(["foregroundDeletion"]);
    await until(
      async () => (await client.get(`${widgets}/front-child`)).body.metadata.deletionTimestamp !== undefined,
      "the child to be deleted",
      COLLECTED_MILLISECONDS,
    );
    expect((await client.get(`${widgets}/front`)).code).toBe(200);
    await client.patch(`${widgets}/front-child`, { metadata: { finalizers: null } });
    await until(
      async () => (await client.get(`${widgets}/front`)).code === 404,
      "the owner to follow",
      COLLECTED_MILLISECONDS,
    );
    await family("orphaner", []);
    await client.delete(`${widgets}/orphaner`, { propagationPolicy: "Orphan" });
    await until(
      async () => (await client.get(`${widgets}/orphaner`)).code === 404,
      "the owner to go",
      COLLECTED_MILLISECONDS,
    );
    expect((await client.get(`${widgets}/orphaner-child`)).body.metadata.ownerReferences).toBeUndefined();
  });

  it("empties a namespace before it goes, and takes nothing new in the meantime", async () => {
    const { client, group, widget } = bench();
    const namespaces = "/api/v1/namespaces";
    await client.post(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "leaving" } });
    const widgets = `/apis/${group}/v1/namespaces/leaving/widgets`;
    await client.post(widgets, widget("held", {}, { finalizers: ["example.com/hold"] }));
    await client.post(`${namespaces}/leaving/configmaps`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c" },
    });
    const deleted = await client.delete(`${namespaces}/leaving`);
    expect(deleted.body.status.phase).toBe("Terminating");
    const refused = await client.post(widgets, widget("late"));
    expect(refused.code).toBe(403);
    expect(refused.body.details.causes[0]?.reason).toBe("NamespaceTerminating");
    await until(
      async () => (await client.get(`${namespaces}/leaving/configmaps/c`)).code === 404,
      "the config map to go",
    );
    expect((await client.get(`${namespaces}/leaving`)).code).toBe(200);
    await client.patch(`${widgets}/held`, { metadata: { finalizers: null } });
    await until(
      async () => (await client.get(`${namespaces}/leaving`)).code === 404,
      "the namespace to go",
      COLLECTED_MILLISECONDS,
    );
    expect((await client.delete(`${namespaces}/default`)).code).toBe(403);
  });
});
