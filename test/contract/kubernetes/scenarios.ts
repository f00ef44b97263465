/** What comparison.test.ts runs on both servers: requests that clients send, each scenario in the same fresh namespace. */
import { widget, widgetDefinition } from "./widget.ts";
import type { Transcript } from "./transcript.ts";

export interface Ground {
  readonly namespace: string;
  readonly group: string;
}

export interface Scenario {
  readonly name: string;
  /** Fields that differ on purpose, with the reason. */
  readonly without?: Readonly<Record<string, string>>;
  readonly run: (transcript: Transcript, ground: Ground) => Promise<void>;
}

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const tracked = {
  managedFields: "compared by a scenario of its own",
} as const;

const core = (kind: string, name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: "v1",
  kind,
  metadata: { name, ...metadata },
  ...more,
});

const paths = ({ namespace, group }: Ground) => ({
  widgets: `/apis/${group}/v1/namespaces/${namespace}/widgets`,
  configMaps: `/api/v1/namespaces/${namespace}/configmaps`,
  secrets: `/api/v1/namespaces/${namespace}/secrets`,
  pods: `/api/v1/namespaces/${namespace}/pods`,
  services: `/api/v1/namespaces/${namespace}/services`,
  claims: `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
  accounts: `/api/v1/namespaces/${namespace}/serviceaccounts`,
  events: `/api/v1/namespaces/${namespace}/events`,
  newEvents: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  leases: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
});

const merge = (body: unknown) => ({ body, contentType: "application/merge-patch+json" });
const strategic = (body: unknown) => ({ body, contentType: "application/strategic-merge-patch+json" });
const json = (body: unknown) => ({ body, contentType: "application/json-patch+json" });
const apply = (body: unknown) => ({ body, contentType: "application/apply-patch+yaml" });
const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

export const scenarios: readonly Scenario[] = [
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
    name: "config maps and secrets",
    without: tracked,
    async run({ send }, ground) {
      const { configMaps, secrets } = paths(ground);
      await send("POST", configMaps, { body: core("ConfigMap", "c", { data: { a: "1" }, binaryData: { b: "AA==" } }) });
      await send("GET", `${configMaps}/c`);
      await send("POST", configMaps, { body: { metadata: { name: "untyped" } } });
      await send("PATCH", `${configMaps}/c`, strategic({ data: { a: null, b2: "2" } }));
      await send("PATCH", `${configMaps}/c`, json([{ op: "replace", path: "/data/none", value: "1" }]));
      await send("PATCH", `${configMaps}/c`, json([{ op: "test", path: "/data/b2", value: "3" }]));
      await send("PUT", `${configMaps}/c`, { body: core("ConfigMap", "c", { data: { only: "this" } }) });
      await send("POST", configMaps, { body: core("ConfigMap", "wrong", { data: { "no/slash": "1" } }) });
      await send("POST", configMaps, { body: core("ConfigMap", "wrong", { data: { a: 1 } }) });
      await send("POST", configMaps, { body: core("ConfigMap", "fixed", { data: { a: "1" }, immutable: true }) });
      await send("PATCH", `${configMaps}/fixed`, merge({ data: { a: "2" } }));
      await send("POST", secrets, { body: core("Secret", "s", { stringData: { a: "b" } }) });
      await send("PATCH", `${secrets}/s`, merge({ type: "other" }));
      await send(
        "POST",
        secrets,
        { body: core("Secret", "wrong", { data: { a: "not base64!" } }) },
        "422 names the field; Kubernetes answers 400",
      );
      await send("DELETE", `${secrets}/s`);
      await send("DELETE", `${configMaps}/c`, { body: { propagationPolicy: "Foreground" } });
    },
  },
  {
    name: "pods",
    without: {
      ...tracked,
      // The pod's own, made by controllers and admission that the embedded server does not have.
      volumes: "no projected token is mounted: there are no service account tokens in pods",
      volumeMounts: "as above",
      preemptionPolicy: "no pod makes another go",
      priority: "as above",
      tolerations: "no taint makes a pod go",
      podIPs: "what reports a pod's addresses reports both fields",
      type: "the age's column is a date",
    },
    async run({ send }, ground) {
      const { pods } = paths(ground);
      const pod = (name: string, spec: object = {}) =>
        core("Pod", name, {
          spec: { containers: [{ name: "c", image: "image:1" }], schedulerName: "nobody", ...spec },
        });
      await send("POST", pods, { body: pod("plain") });
      await send("PATCH", `${pods}/plain`, strategic({ metadata: { labels: { a: "b" } } }));
      await send("PATCH", `${pods}/plain`, merge({ spec: { schedulerName: "other" } }));
      await send("PATCH", `${pods}/plain`, strategic({ spec: { containers: [{ name: "c", image: "image:2" }] } }));
      await send("PATCH", `${pods}/plain/status`, strategic({ status: { phase: "Running", podIP: "10.0.0.1" } }));
      await send("GET", `${pods}?fieldSelector=status.phase%3DRunning`, table);
      await send("DELETE", `${pods}/plain`, { body: { gracePeriodSeconds: 0 } });
      await send("POST", pods, { body: pod("wrong", { containers: [] }) });
      await send("POST", pods, { body: pod("wrong", { containers: [{ name: "c" }] }) });
      await send("POST", pods, { body: pod("wrong", { restartPolicy: "Sometimes" }) });
      await send("GET", `${pods}/none/log`, undefined, "there are no logs, of whichever pod");
    },
  },
  {
    name: "services, claims, leases, service accounts",
    without: {
      ...tracked,
      clusterIP: "services get no addresses: nothing routes",
      clusterIPs: "as above",
      internalTrafficPolicy: "as above",
      ipFamilies: "as above",
      ipFamilyPolicy: "as above",
      finalizers: "nothing holds a claim that a pod uses",
    },
    async run({ send }, ground) {
      const { services, claims, leases, accounts } = paths(ground);
      await send("POST", services, {
        body: core("Service", "web", { spec: { ports: [{ port: 80 }], selector: { a: "b" } } }),
      });
      await send("POST", services, { body: core("Service", "9bad", { spec: { ports: [{ port: 80 }] } }) });
      await send("POST", services, { body: core("Service", "bad", { spec: {} }) });
      await send("POST", services, {
        body: core("Service", "none", { spec: { clusterIP: "None", ports: [{ port: 80 }] } }),
      });
      await send("POST", claims, {
        body: core("PersistentVolumeClaim", "claim", {
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        }),
      });
      await send("POST", claims, { body: core("PersistentVolumeClaim", "bad", { spec: {} }) });
      await send("POST", leases, {
        body: {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata: { name: "l" },
          spec: { holderIdentity: "me", leaseDurationSeconds: 5 },
        },
      });
      await send("POST", accounts, { body: core("ServiceAccount", "robot") });
      await send("DELETE", `${accounts}/robot`);
    },
  },
  {
    name: "events in both groups",
    without: tracked,
    async run({ send }, ground) {
      const { events, newEvents } = paths(ground);
      const { namespace } = ground;
      const involvedObject = { kind: "Pod", name: "a", namespace, apiVersion: "v1" };
      await send("POST", events, {
        body: core("Event", "old.1", {
          involvedObject,
          reason: "R",
          message: "m",
          type: "Normal",
          source: { component: "c" },
        }),
      });
      await send("GET", `${newEvents}/old.1`);
      await send("POST", newEvents, {
        body: {
          apiVersion: "events.k8s.io/v1",
          kind: "Event",
          metadata: { name: "new.1" },
          regarding: involvedObject,
          reason: "R",
          note: "n",
          type: "Warning",
          action: "Acting",
          reportingController: "example.com/c",
          reportingInstance: "c-1",
          eventTime: "2030-01-01T00:00:00.000000Z",
        },
      });
      await send("GET", `${events}/new.1`);
      await send("POST", events, { body: core("Event", "bad.1", { involvedObject: { namespace: "elsewhere" } }) });
      await send(
        "POST",
        newEvents,
        {
          body: { apiVersion: "events.k8s.io/v1", kind: "Event", metadata: { name: "bad.2" } },
        },
        "Kubernetes asks more of the newer API's events",
      );
      await send("GET", `${events}?fieldSelector=reason%3DR,type%3DWarning`);
      await send("GET", `${events}?fieldSelector=nothing%3DR`);
    },
  },
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
