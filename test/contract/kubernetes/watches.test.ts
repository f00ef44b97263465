import { expect, it } from "vitest";
import { onEachServer } from "./suite.ts";

onEachServer("watches", (bench) => {
  it("lists in chunks that show one state, in order of name", async () => {
    const { client, widgets, widget } = bench();
    for (const name of ["c", "a", "d", "b"])
      await client.post(widgets, widget(`chunk-${name}`, {}, { labels: { set: "chunk" } }));
    const first = await client.get(`${widgets}?limit=2`);
    expect(first.body.items.map(({ metadata }) => metadata.name)).toEqual(["chunk-a", "chunk-b"]);
    expect(first.body.metadata.remainingItemCount).toBe(2);
    await client.delete(`${widgets}/chunk-d`);
    await client.post(widgets, widget("chunk-bb"));
    const second = await client.get(`${widgets}?limit=2&continue=${first.body.metadata.continue}`);
    expect(second.body.items.map(({ metadata }) => metadata.name)).toEqual(["chunk-c", "chunk-d"]);
    expect(second.body.metadata.continue ?? "").toBe("");
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    expect((await client.get(`${widgets}?limit=2&continue=nonsense`)).code).toBe(400);
  });

  it("selects by labels and fields", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("sel-1", { colour: "blue" }, { labels: { tier: "web", env: "a" } }));
    await client.post(widgets, widget("sel-2", {}, { labels: { tier: "db", env: "a" } }));
    const names = async (query: string) =>
      (await client.get(`${widgets}?${query}`)).body.items.map(({ metadata }) => metadata.name);
    expect(await names("labelSelector=tier%3Dweb")).toEqual(["sel-1"]);
    expect(await names("labelSelector=env%3Da,tier%21%3Dweb")).toEqual(["sel-2"]);
    expect(await names("labelSelector=tier%20in%20(web,db),env")).toEqual(["sel-1", "sel-2"]);
    expect(await names("labelSelector=tier%20notin%20(web),tier")).toEqual(["sel-2"]);
    expect(await names("labelSelector=tier,!nothing")).toEqual(["sel-1", "sel-2"]);
    expect(await names("fieldSelector=metadata.name%3Dsel-2")).toEqual(["sel-2"]);
    expect(await names("fieldSelector=spec.colour%3Dblue")).toEqual(["sel-1"]);
    expect((await client.get(`${widgets}?labelSelector=a%20b%20c`)).code).toBe(400);
    expect((await client.get(`${widgets}?fieldSelector=spec.size%3D1`)).code).toBe(400);
  });

  it("watches from a version on: what was added, changed and removed since, in order", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.get(widgets);
    await client.post(widgets, widget("watched"));
    const watch = await client.watch(`${widgets}?resourceVersion=${body.metadata.resourceVersion}`);
    await client.patch(`${widgets}/watched`, { spec: { size: 2 } });
    const removed = await client.delete(`${widgets}/watched`);
    expect(removed.body).toMatchObject({ kind: "Status", status: "Success" });
    const events = [await watch.next(), await watch.next(), await watch.next()];
    watch.stop();
    expect(events.map((event) => event?.type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    expect(events.map((event) => event?.object.spec.size)).toEqual([1, 2, 2]);
    const versions = events.map((event) => Number(event?.object.metadata.resourceVersion));
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(3);
  });

  it("starts a watch without a version with what is there", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("already", {}, { labels: { only: "this" } }));
    const watch = await client.watch(`${widgets}?labelSelector=only%3Dthis`);
    expect(await watch.names(1)).toEqual(["ADDED already"]);
    watch.stop();
  });

  it("sends initial events and a bookmark that ends them when asked", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("initial", {}, { labels: { set: "initial" } }));
    const query =
      "labelSelector=set%3Dinitial&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const watch = await client.watch(`${widgets}?${query}`);
    expect(await watch.names(1)).toEqual(["ADDED initial"]);
    const bookmark = await watch.next();
    expect(bookmark).toMatchObject({
      type: "BOOKMARK",
      object: { kind: "Widget", metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
    });
    await client.patch(`${widgets}/initial`, { spec: { size: 2 } });
    expect(await watch.names(1)).toEqual(["MODIFIED initial"]);
    watch.stop();
    await expect(client.watch(`${widgets}?sendInitialEvents=true`)).rejects.toThrow("422");
  });

  it("tells objects that come to match a selector as added, and those that cease to as deleted", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("moving", {}, { labels: { in: "no" } }));
    const { body } = await client.get(widgets);
    const watch = await client.watch(
      `${widgets}?labelSelector=in%3Dyes&resourceVersion=${body.metadata.resourceVersion}`,
    );
    await client.patch(`${widgets}/moving`, { metadata: { labels: { in: "yes" } } });
    await client.patch(`${widgets}/moving`, { spec: { size: 5 } });
    await client.patch(`${widgets}/moving`, { metadata: { labels: { in: "no" } } });
    expect(await watch.names(3)).toEqual(["ADDED moving", "MODIFIED moving", "DELETED moving"]);
    watch.stop();
  });

  it("watches one object by its name, and all namespaces", async () => {
    const { client, group, widgets, widget } = bench();
    const { body } = await client.get(widgets);
    const since = `resourceVersion=${body.metadata.resourceVersion}`;
    const one = await client.watch(`${widgets}?fieldSelector=metadata.name%3Dnamed&${since}`);
    const all = await client.watch(`/apis/${group}/v1/widgets?${since}`);
    await client.post(widgets, widget("other"));
    await client.post(widgets, widget("named"));
    expect(await one.names(1)).toEqual(["ADDED named"]);
    expect(await all.names(2)).toEqual(["ADDED other", "ADDED named"]);
    one.stop();
    all.stop();
  });

  it("ends a watch after its timeout", async () => {
    const { client, widgets } = bench();
    const { body } = await client.get(widgets);
    const watch = await client.watch(`${widgets}?timeoutSeconds=1&resourceVersion=${body.metadata.resourceVersion}`);
    expect(await watch.next()).toBeUndefined();
  });

  it("refuses versions that are not numbers", async () => {
    const { client, widgets, server } = bench();
    expect((await client.get(`${widgets}?resourceVersion=abc`)).code).toBe(400);
    // Kubernetes calls this its own fault on a watch; it is the client's, as it is on a list.
    const refused = client.watch(`${widgets}?resourceVersion=abc`);
    await expect(refused).rejects.toThrow(server === "embedded" ? "400" : "500");
  });
});
