/** Objects of Kubernetes' own kinds. */
import { tracked, core, paths, merge, strategic, json, table, type Scenario } from "./scenario.ts";

export const coreObjects: readonly Scenario[] = [
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
];
