/** Custom objects: their life, their refusals, their definitions, and what discovery says of them. */
import { widget, widgetDefinition } from "../widget.ts";
import { DEFINITIONS, tracked, paths, merge, strategic, type Scenario } from "./scenario.ts";

export const customObjects: readonly Scenario[] = [
  {
    name: "a custom object's life",
    without: tracked,
    async run({ send }, ground) {
      const { widgets } = paths(ground);
      const one = (spec: object = {}, metadata: object = {}) => widget(ground.group, "life", spec, metadata);
      await send("POST", widgets, { body: one({ parts: [{ name: "a" }], replicas: 2 }, { labels: { a: "b" } }) });
      await send("GET", `${widgets}/life`);
      await send("GET", widgets);
      await send("POST", widgets, { body: one() });
      await send("PATCH", `${widgets}/life`, merge({ spec: { size: 2 } }));
      await send("PATCH", `${widgets}/life/status`, merge({ status: { phase: "Up", replicas: 1 } }));
      await send("GET", `${widgets}/life/scale`);
      await send("GET", `${widgets}/life/status`);
      await send("DELETE", `${widgets}/life`);
      await send("GET", `${widgets}/life`);
    },
  },
  {
    name: "refusals of custom objects",
    without: tracked,
    async run({ send }, ground) {
      const { widgets } = paths(ground);
      const { group } = ground;
      await send("POST", widgets, { body: widget(group, "Bad_Name") });
      await send("POST", widgets, { body: widget(group, "wrong", { size: 500 }) });
      await send("POST", widgets, { body: widget(group, "wrong", { size: 0 }) });
      await send(
        "POST",
        widgets,
        { body: widget(group, "wrong", { size: 1.5 }) },
        "Kubernetes tells a wrong type more than once, by each of its checkers",
      );
      await send("POST", widgets, { body: widget(group, "wrong", { size: "x" }) });
      await send("POST", widgets, { body: widget(group, "wrong", { colour: "pink" }) });
      await send("POST", widgets, { body: widget(group, "wrong", { note: "x".repeat(201) }) });
      await send("POST", widgets, { body: widget(group, "wrong", { tags: ["a", "a"] }) });
      await send("POST", widgets, { body: widget(group, "wrong", { parts: [{ name: "a" }, { name: "a" }] }) });
      await send("POST", widgets, { body: widget(group, "wrong", { parts: [{}] }) });
      await send(
        "POST",
        widgets,
        { body: widget(group, "wrong", { limits: { cpu: 1.5 } }) },
        "Kubernetes tells a wrong type more than once, by each of its checkers",
      );
      await send(
        "POST",
        widgets,
        { body: { ...widget(group, "wrong"), spec: null } },
        "Kubernetes tells a wrong type more than once, by each of its checkers",
      );
      await send(
        "POST",
        widgets,
        { body: { ...widget(group, "wrong"), spec: [] } },
        "Kubernetes tells a wrong type more than once, by each of its checkers",
      );
      await send("POST", widgets, { body: { ...widget(group, "wrong"), metadata: null } });
      await send("POST", widgets, { body: { ...widget(group, "wrong"), kind: "Gadget" } });
      await send("POST", widgets, { body: { ...widget(group, "wrong"), apiVersion: "v1" } });
      await send("POST", widgets, { body: { ...widget(group, "wrong"), apiVersion: undefined } });
      await send("POST", widgets, { body: widget(group, "x", {}, { namespace: "elsewhere" }) });
      await send(
        "POST",
        widgets,
        { body: widget(group, "x", {}, { resourceVersion: "5" }) },
        "500 says that the server is at fault; it is the client: 400",
      );
      await send("POST", `/apis/${group}/v1/namespaces/nowhere/widgets`, { body: widget(group, "x") });
      await send("POST", widgets, { body: "{}" });
      await send("PUT", `${widgets}/none`, { body: widget(group, "none") });
      await send("PUT", `${widgets}/none`, { body: widget(group, "other") });
      await send("PATCH", `${widgets}/none`, merge({ spec: {} }));
      await send("PATCH", `${widgets}/none`, strategic({ spec: {} }));
      await send("DELETE", `${widgets}/none`);
      await send("GET", `${widgets}/none/scale`);
      await send("GET", `${widgets}/none/nothing`, undefined, "it is the subresource that is not there");
    },
  },
  {
    name: "discovery of one group, and paths that are not there",
    async run({ send }, { group, namespace }) {
      await send("GET", `/apis/${group}`);
      await send("GET", `/apis/${group}/v1`);
      await send("GET", `/apis/${group}/v1alpha1`);
      await send("GET", "/api");
      await send(
        "GET",
        "/apis/none.example.com",
        undefined,
        "what is not there is refused with a Status; Kubernetes answers a bare text",
      );
      await send(
        "GET",
        "/apis/none.example.com/v1",
        undefined,
        "what is not there is refused with a Status; Kubernetes answers a bare text",
      );
      await send(
        "GET",
        `/apis/${group}/v9`,
        undefined,
        "what is not there is refused with a Status; Kubernetes answers a bare text",
      );
      await send(
        "GET",
        `/apis/${group}/v1/namespaces/${namespace}/gadgets`,
        undefined,
        "what is not there is refused with a Status; Kubernetes answers a bare text",
      );
      await send(
        "GET",
        "/nothing/at/all",
        undefined,
        "what is not there is refused with a Status; Kubernetes answers a bare text",
      );
      await send("GET", "/api/v2");
      await send("GET", "/apis/coordination.k8s.io");
      await send("GET", "/apis/coordination.k8s.io/v1");
      await send("GET", "/apis/events.k8s.io/v1");
      await send("GET", "/api/");
      await send("GET", `/apis/${group}/`);
      await send("GET", `/apis/${group}/v1/`);
      await send("GET", "/livez");
      await send("GET", "/readyz");
      await send("POST", "/readyz", { body: "{}" });
    },
  },
  {
    name: "definitions",
    without: tracked,
    async run({ send }) {
      const definition = (change: (spec: Record<string, unknown>) => void = () => {}) => {
        const made = structuredClone(widgetDefinition("defined.example.com")) as { spec: Record<string, unknown> };
        change(made.spec);
        return made;
      };
      await send("POST", DEFINITIONS, { body: definition((spec) => (spec["scope"] = "Sometimes")) });
      await send("POST", DEFINITIONS, { body: definition((spec) => (spec["group"] = "other.example.com")) });
      await send(
        "POST",
        DEFINITIONS,
        { body: definition((spec) => (spec["versions"] = [])) },
        "Kubernetes also blames the status, which the client has not sent",
      );
      await send(
        "POST",
        DEFINITIONS,
        { body: definition((spec) => delete spec["names"]) },
        "the whole of names is missing; Kubernetes blames each name",
      );
      await send(
        "POST",
        `${DEFINITIONS}?dryRun=All`,
        { body: definition() },
        "a definition is established at once, not by a controller later",
      );
      await send("GET", `${DEFINITIONS}/widgets.defined.example.com`);
    },
  },
];
