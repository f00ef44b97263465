/** What requests may ask: lists, deletes, patches, and whose the fields are. */
import { widget } from "../widget.ts";
import { tracked, core, paths, merge, strategic, json, apply, table, type Scenario } from "./scenario.ts";

export const requests: readonly Scenario[] = [
  {
    name: "lists: versions, limits, selectors",
    without: tracked,
    async run({ send }, ground) {
      const { widgets, configMaps } = paths(ground);
      for (const name of ["list-1", "list-2", "list-3"]) {
        await send("POST", widgets, { body: widget(ground.group, name, {}, { labels: { set: "lists" } }) });
      }
      const query = "labelSelector=set%3Dlists";
      const page = await send("GET", `${widgets}?${query}&limit=2`);
      await send("GET", `${widgets}?${query}&limit=2&continue=${page.body.metadata["continue"] as string}`);
      await send("GET", `${widgets}?limit=2&continue=nonsense`);
      await send("GET", `${widgets}?limit=-1`);
      await send("GET", `${widgets}?limit=x`);
      await send("GET", `${widgets}?${query}&resourceVersion=0`);
      await send("GET", `${widgets}?${query}&resourceVersion=1&resourceVersionMatch=NotOlderThan`);
      await send("GET", `${widgets}?${query}&resourceVersionMatch=Exact`);
      await send("GET", `${widgets}?${query}&resourceVersion=0&resourceVersionMatch=Exact`);
      await send("GET", `${widgets}?${query}&resourceVersion=1&resourceVersionMatch=Sometimes`);
      await send("GET", `${widgets}?resourceVersion=abc`);
      await send("GET", `${widgets}?resourceVersion=-1`);
      await send("GET", `${widgets}?labelSelector=a%20b`);
      await send("GET", `${widgets}?labelSelector=a%3D%21`);
      await send("GET", `${widgets}?fieldSelector=spec.size%3D1`);
      await send("GET", `${widgets}?fieldSelector=nonsense`);
      await send("GET", `${widgets}/list-1?resourceVersion=0`);
      await send("GET", `${widgets}/list-1?resourceVersion=99999999`);
      await send("GET", `${configMaps}?fieldSelector=data%3D1`);
      await send(
        "GET",
        `${widgets}?watch=true&resourceVersion=abc`,
        undefined,
        "500 says that the server is at fault; it is the client: 400",
      );
      await send("GET", `${widgets}?watch=true&sendInitialEvents=true`);
      await send(
        "GET",
        `${widgets}?watch=true&limit=1&timeoutSeconds=1&resourceVersionMatch=Exact`,
        undefined,
        "one of Kubernetes' two causes says it all",
      );
      await send("GET", `/apis/${ground.group}/v1/widgets?${query}`);
      await send("GET", `${widgets}?${query}`, table);
      await send("GET", `${widgets}/list-1`, table);
      await send(
        "GET",
        `${configMaps}`,
        table,
        "the controllers put a config map with a certificate into each namespace",
      );
      await send("DELETE", `${widgets}?${query}`);
    },
  },
  {
    name: "deletes: options, finalizers, preconditions",
    without: tracked,
    async run({ send }, ground) {
      const { widgets } = paths(ground);
      await send("POST", widgets, { body: widget(ground.group, "held", {}, { finalizers: ["example.com/a"] }) });
      await send(
        "DELETE",
        `${widgets}/held`,
        {
          body: { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } },
        },
        "the details name the resource, as in every other conflict",
      );
      await send(
        "DELETE",
        `${widgets}/held`,
        { body: { preconditions: { resourceVersion: "1" } } },
        "the details name the resource, as in every other conflict",
      );
      await send("DELETE", `${widgets}/held`, { body: { propagationPolicy: "Sideways" } });
      await send("DELETE", `${widgets}/held`, { body: { propagationPolicy: "Orphan", orphanDependents: true } });
      await send("DELETE", `${widgets}/held`, { body: { gracePeriodSeconds: -1, dryRun: ["All"] } });
      await send("DELETE", `${widgets}/held?dryRun=All`);
      await send("DELETE", `${widgets}/held?dryRun=Some`);
      await send("DELETE", `${widgets}/held`, { body: "nonsense" });
      await send("DELETE", `${widgets}/held`, { body: { kind: "Other", apiVersion: "v1" } });
      await send("DELETE", `${widgets}/held`);
      await send("DELETE", `${widgets}/held`);
      await send("PATCH", `${widgets}/held`, merge({ metadata: { finalizers: ["example.com/a", "example.com/b"] } }));
      await send("PATCH", `${widgets}/held`, merge({ spec: { size: 3 } }));
      await send("PATCH", `${widgets}/held`, merge({ metadata: { finalizers: null } }));
      await send("GET", `${widgets}/held`);
      await send("POST", widgets, { body: widget(ground.group, "bad", {}, { finalizers: ["no slash"] }) });
      await send("POST", widgets, {
        body: widget(ground.group, "bad", {}, { ownerReferences: [{ kind: "Widget", name: "a" }] }),
      });
    },
  },
  {
    name: "patches that do not fit",
    without: tracked,
    async run({ send }, ground) {
      const { widgets, configMaps } = paths(ground);
      await send("POST", widgets, { body: widget(ground.group, "patched", { tags: ["a"] }) });
      await send("PATCH", `${widgets}/patched`, { body: "nonsense", contentType: "application/merge-patch+json" });
      await send("PATCH", `${widgets}/patched`, merge([1]));
      await send("PATCH", `${widgets}/patched`, merge({ spec: { size: 500 } }));
      await send("PATCH", `${widgets}/patched`, merge({ metadata: { name: "other" } }));
      await send("PATCH", `${widgets}/patched`, merge({ metadata: { namespace: "other" } }));
      await send("PATCH", `${widgets}/patched`, merge({ metadata: { resourceVersion: "1" } }));
      await send("PATCH", `${widgets}/patched`, merge({ metadata: { uid: "00000000-0000-0000-0000-000000000000" } }));
      await send("PATCH", `${widgets}/patched`, merge({ kind: "Other" }));
      await send("PATCH", `${widgets}/patched`, merge({ spec: { shape: "round" } }));
      await send("PATCH", `${widgets}/patched?fieldValidation=Strict`, merge({ spec: { shape: "round" } }));
      await send("PATCH", `${widgets}/patched`, json([{ op: "remove", path: "/spec/none" }]));
      await send("PATCH", `${widgets}/patched`, json([{ op: "explode", path: "/spec" }]));
      await send("PATCH", `${widgets}/patched`, json([{ op: "test", path: "/spec/size", value: 9 }]));
      await send("PATCH", `${widgets}/patched`, json({ op: "test" }));
      await send("PATCH", `${widgets}/patched`, { body: {}, contentType: "text/plain" });
      await send("PATCH", `${widgets}/patched`, apply(widget(ground.group, "patched")));
      await send("PATCH", `${widgets}/patched?fieldManager=m`, apply(widget(ground.group, "other")));
      await send("PATCH", `${widgets}/patched?force=true`, merge({ spec: { size: 1 } }));
      await send("PATCH", configMaps, strategic({}), "the details name the resource");
      await send("PATCH", `${configMaps}/none`, strategic({}));
    },
  },
  {
    name: "who owns which field",
    async run({ send }, ground) {
      const { widgets, configMaps } = paths(ground);
      const { group } = ground;
      await send("POST", `${widgets}?fieldManager=maker`, {
        body: widget(group, "owned", { parts: [{ name: "a", weight: 1 }] }),
      });
      await send(
        "PATCH",
        `${widgets}/owned?fieldManager=patcher`,
        merge({ spec: { size: 2 }, metadata: { labels: { l: "1" } } }),
      );
      await send("PATCH", `${widgets}/owned/status?fieldManager=teller`, merge({ status: { phase: "Up" } }));
      await send("PATCH", `${widgets}/owned?fieldManager=applier`, apply(widget(group, "owned", { size: 3 })));
      await send(
        "PATCH",
        `${widgets}/owned?fieldManager=applier&force=true`,
        apply(widget(group, "owned", { size: 3, tags: ["t"] })),
      );
      await send("PATCH", `${widgets}/owned?fieldManager=applier`, apply(widget(group, "owned", { size: 3 })));
      await send("PATCH", `${widgets}/owned?fieldManager=patcher`, merge({ spec: { size: 4 } }));
      await send("PATCH", `${widgets}/owned?fieldManager=applier`, apply(widget(group, "owned", { size: 3 })));
      await send("PATCH", `${widgets}/fresh?fieldManager=applier`, apply(widget(group, "fresh")));
      await send(
        "PATCH",
        `${configMaps}/owned?fieldManager=one`,
        apply(core("ConfigMap", "owned", { data: { a: "1", b: "1" } })),
      );
      await send(
        "PATCH",
        `${configMaps}/owned?fieldManager=two`,
        apply(core("ConfigMap", "owned", { data: { a: "2" } })),
      );
      await send(
        "PATCH",
        `${configMaps}/owned?fieldManager=one`,
        apply(core("ConfigMap", "owned", { data: { b: "1" } })),
      );
      await send("PATCH", `${configMaps}/owned`, merge({ metadata: { managedFields: [{}] } }));
    },
  },
];
