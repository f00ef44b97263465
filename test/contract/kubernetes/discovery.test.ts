import { expect, it } from "vitest";
import { until, type Body } from "./client.ts";
import { onEachServer } from "./suite.ts";

const table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

onEachServer("discovery", (bench) => {
  it("lists groups, versions and resources one by one", async () => {
    const { client, group } = bench();
    expect((await client.get("/api")).body).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
    const groups = (await client.get("/apis")).body;
    const own = groups.groups.find(({ name }) => name === group);
    expect(own).toEqual({
      name: group,
      versions: [
        { groupVersion: `${group}/v1`, version: "v1" },
        { groupVersion: `${group}/v1alpha1`, version: "v1alpha1" },
      ],
      preferredVersion: { groupVersion: `${group}/v1`, version: "v1" },
    });
    expect((await client.get(`/apis/${group}`)).body).toMatchObject({ kind: "APIGroup", name: group });
    // Kubernetes' server collects them from its parts, a moment after a definition came.
    const body = await until(async () => {
      const found = await client.get(`/apis/${group}/v1`);
      return found.code === 200 && found.body;
    }, "the group's resources");
    expect(body).toMatchObject({ kind: "APIResourceList", groupVersion: `${group}/v1` });
    expect(body.resources.map(({ name }) => name).toSorted()).toEqual(["widgets", "widgets/scale", "widgets/status"]);
    expect((await client.get("/apis/none.example.com")).code).toBe(404);
  });

  it("prefers the best version of a group, whichever of its kinds has it", async () => {
    const { client } = bench();
    const group = "versions.example.com";
    const schema = { openAPIV3Schema: { "type": "object", "x-kubernetes-preserve-unknown-fields": true } };
    const definition = (plural: string, kind: string, versions: readonly string[]) => ({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: "Namespaced",
        names: { plural, kind },
        versions: versions.map((name, index) => ({ name, served: true, storage: index === 0, schema })),
      },
    });
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    expect((await client.post(definitions, definition("olds", "Old", ["v1alpha1", "v1"]))).code).toBe(201);
    expect((await client.post(definitions, definition("news", "New", ["v2alpha1", "v10", "v1beta2"]))).code).toBe(201);
    const order = ["v10", "v1", "v1beta2", "v2alpha1", "v1alpha1"];
    const listed = await until(async () => {
      const { body } = await client.get(`/apis/${group}`);
      const versions = (body.versions ?? []) as unknown as readonly { readonly version: string }[];
      return versions.length === order.length
        ? { ...body, versions: versions.map(({ version }) => version) }
        : undefined;
    }, "both kinds");
    expect(listed).toMatchObject({ versions: order, preferredVersion: { version: "v10" } });
    for (const plural of ["olds", "news"]) await client.delete(`${definitions}/${plural}.${group}`);
  });

  it("answers all of discovery at once", async () => {
    const { client, group } = bench();
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    const { body, headers } = await client.get("/apis", { accept });
    expect(headers["content-type"]).toContain("as=APIGroupDiscoveryList");
    expect(body).toMatchObject({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" });
    const own = body.items.find(({ metadata }) => metadata.name === group);
    expect(own?.versions[0]?.resources[0]).toMatchObject({
      resource: "widgets",
      responseKind: { group, version: "v1", kind: "Widget" },
      scope: "Namespaced",
      singularResource: "widget",
      shortNames: ["wd"],
    });
    const core = await client.get("/api", { accept });
    const pods = core.body.items[0]?.versions[0]?.resources.find(({ resource }) => resource === "pods");
    expect(pods?.subresources.map(({ subresource }) => subresource)).toEqual(
      expect.arrayContaining(["binding", "eviction", "status"]),
    );
  });

  it("publishes the schemas of its kinds", async () => {
    const { client, group } = bench();
    // Kubernetes' server publishes them a moment after a definition came.
    const document = await until(
      async () => {
        // Kubernetes calls the list of documents plain text.
        const index = JSON.parse((await client.get("/openapi/v3")).text) as Body;
        const url = index.paths[`apis/${group}/v1`]?.serverRelativeURL;
        const found = url === undefined ? undefined : (await client.get(url)).body;
        return found?.components?.schemas === undefined ? undefined : found;
      },
      "the group's document",
      60_000,
    );
    const schema = Object.values(document.components.schemas).find((one) => {
      const [type] = (one["x-kubernetes-group-version-kind"] ?? []) as { kind?: string; version?: string }[];
      return type?.kind === "Widget" && type.version === "v1";
    });
    expect(schema?.properties?.["spec"]).toMatchObject({
      properties: { size: { type: "integer", minimum: 1, maximum: 100 } },
    });
    const patch = document.paths[`/apis/${group}/v1/namespaces/{namespace}/widgets/{name}`]?.patch;
    expect(patch?.parameters.map(({ name }) => name)).toContain("fieldValidation");
  });

  it("shows objects and lists as tables with the kind's columns", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("shown", { size: 4 }));
    await client.patch(`${widgets}/shown/status`, {
      status: { phase: "Up", conditions: [{ type: "Ready", status: "True" }] },
    });
    const { body } = await client.get(widgets, { accept: table });
    expect(body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    expect(body.columnDefinitions.map(({ name }) => name)).toEqual(["Name", "Size", "Phase", "Ready", "Colour", "Age"]);
    expect(body.rows[0]?.cells.slice(0, 5)).toEqual(["shown", 4, "Up", "True", "red"]);
    expect(body.rows[0]?.object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "shown" } });
    const one = await client.get(`${widgets}/shown?includeObject=Object`, { accept: table });
    expect(one.body.rows[0]?.object.spec.size).toBe(4);
    const watch = await client.watch(widgets, { accept: table });
    expect((await watch.next())?.object.rows[0]?.cells[0]).toBe("shown");
    watch.stop();
  });

  it("leaves cells empty whose values are not of their column's type, and shows the first of several", async () => {
    const { client, namespace } = bench();
    const group = "cells.example.com";
    const columns = [
      ...["integer", "number", "boolean", "date", "string"].map((type) => ({ name: type, type, jsonPath: ".value" })),
      { name: "names", type: "string", jsonPath: ".list[*].name" },
      { name: "sizes", type: "integer", jsonPath: ".list[*].size" },
    ];
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await client.post(definitions, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `cells.${group}` },
      spec: {
        group,
        scope: "Namespaced",
        names: { plural: "cells", kind: "Cell" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
            additionalPrinterColumns: columns,
          },
        ],
      },
    });
    const cells = `/apis/${group}/v1/namespaces/${namespace}/cells`;
    await until(async () => (await client.get(cells)).code === 200, "the cells to be served");
    const list = [
      { name: "a", size: 1 },
      { name: "b", size: 2 },
    ];
    const rows = { text: "3", whole: 3, part: 1.5, truth: true, nothing: undefined } as const;
    for (const [name, value] of Object.entries(rows)) {
      const metadata = { name, namespace };
      await client.post(cells, { apiVersion: `${group}/v1`, kind: "Cell", metadata, value, list });
    }
    const { body } = await client.get(cells, { accept: table });
    expect(Object.fromEntries(body.rows.map(({ cells: [name, ...rest] }) => [name, rest]))).toEqual({
      text: [null, null, null, "<invalid>", "3", "a", 1],
      whole: [3, 3, null, null, "3", "a", 1],
      part: [1, 1.5, null, null, "1.5", "a", 1],
      truth: [null, null, true, null, "true", "a", 1],
      nothing: [null, null, null, null, null, "a", 1],
    });
    await client.delete(`${definitions}/cells.${group}`);
  });

  it("shows metadata alone, and YAML, when asked", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("partial"));
    const one = await client.get(`${widgets}/partial`, {
      accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    });
    expect(one.body).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "partial" } });
    expect(one.body.spec).toBeUndefined();
    const all = await client.get(widgets, {
      accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    });
    expect(all.body.kind).toBe("PartialObjectMetadataList");
    const yaml = await client.get(`${widgets}/partial`, { accept: "application/yaml" });
    expect(yaml.headers["content-type"]).toBe("application/yaml");
    expect(yaml.text).toContain("kind: Widget");
  });

  it("says when it can't write what a client accepts", async () => {
    const { client, widgets } = bench();
    const { code, body } = await client.get(widgets, { accept: "image/png" });
    expect(code).toBe(406);
    expect(body.reason).toBe("NotAcceptable");
  });
});
