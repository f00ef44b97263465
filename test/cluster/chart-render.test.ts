/** The chart without a cluster: both shapes and every option give objects that hang together, and wrong values are refused. */
import { describe, expect, it, beforeAll } from "vitest";
import { compileFilters } from "#events/broker/filters.ts";
import type { Filter } from "#events/broker-types.ts";
import { catalogue } from "#events/catalogue.ts";
import { defaultConfig } from "#functions/config.ts";
import { functions } from "#functions/registry.ts";
import { parseExpression } from "#local/apiserver/cel/language.ts";
import { celValue } from "#local/apiserver/cel/values.ts";
import { helm, ensureHelm } from "../../scripts/kubernetes/helm.ts";
import { asYaml, CHART, manifests, render, type Manifest } from "../../scripts/manifests.ts";
import { MORE_SECONDS } from "../../scripts/uninstall.ts";

beforeAll(async () => {
  await ensureHelm((line) => console.error(line));
}, 1_500_000);

const all = functions(defaultConfig);

function named(list: readonly Manifest[], kind: string, name: string): Manifest {
  const found = list.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name} among ${list.length} objects`);
  return found;
}

function kinds(list: readonly Manifest[]): ReadonlySet<string> {
  return new Set(list.map(({ kind }) => kind));
}

/** Each object that a field of another names, as "Kind name". */
function accounts(list: readonly Manifest[]): readonly string[] {
  return list.flatMap((one) => {
    const subjects = (one["subjects"] ?? []) as readonly { readonly kind: string; readonly name: string }[];
    return subjects.filter(({ kind }) => kind === "ServiceAccount").map(({ name }) => name);
  });
}

/** Every option that changes what is rendered; those of one line at once, where they do not touch each other. */
const options = {
  compact: [
    "control.replicas=1,control.service.clusterIP=10.96.0.99,kubevirt.create=true,rbac.aggregate=false",
    "admission.policies=false,priorityClass.create=false,flowControl.enabled=false,networkPolicy.enabled=false",
    "podDisruptionBudget.enabled=false,uninstall.hook=false,monitoring.serviceMonitor.enabled=true",
    "monitoring.dashboard.enabled=true,uninstall.strategy=RemoveWorkloads,image.pullSecrets[0]=mine",
    "podLabels.team=mine,podAnnotations.note=mine,control.extraEnv[0].name=A,node.extraEnv[0].name=A",
  ],
  knative: [
    "image.pullSecrets[0]=mine,podLabels.team=mine,podAnnotations.note=mine",
    "knative.broker.create=false,knative.delivery.deadLetterSink.uri=http://example.test/",
    "knative.functions.services=one",
  ],
} as const;

describe.each(["compact", "knative"] as const)("the chart, shape %s", (shape) => {
  it("passes helm lint with strict values", async () => {
    expect(await helm(["lint", "--strict", CHART, "--set", `shape=${shape}`])).toContain("0 chart(s) failed");
  });

  it.each(["", ...options[shape]])("gives objects that hang together with %j", async (option) => {
    const rendered = await render({ set: [`shape=${shape}`, option].filter((one) => one !== "") });
    expect(rendered.length).toBeGreaterThan(20);
    for (const { apiVersion, kind, metadata } of rendered) {
      expect([apiVersion, kind, metadata.name].every((text) => typeof text === "string" && text !== "")).toBe(true);
    }
    const names = rendered.map((one) => `${one.apiVersion} ${one.kind} ${one.metadata.name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    // Who is given rights exists; node runtimes are given none.
    const there = rendered.filter(({ kind }) => kind === "ServiceAccount").map(({ metadata }) => metadata.name);
    expect(accounts(rendered).filter((name) => !there.includes(name))).toEqual([]);
    expect(accounts(rendered)).not.toContain("virtive-node");
  });
});

describe("the shape knative", () => {
  let rendered: readonly Manifest[];
  beforeAll(async () => {
    rendered = await render({ set: ["shape=knative"] });
  });

  it("has a Trigger a function, whose filters let through what wakes it", () => {
    for (const definition of all) {
      const { spec } = named(rendered, "Trigger", `virtive-${definition.name}`) as unknown as {
        readonly spec: { readonly filters: readonly Filter[]; readonly subscriber: { readonly uri: string } };
      };
      expect(spec.subscriber.uri).toBe(`/functions/${definition.name}`);
      const matches = compileFilters(spec.filters);
      const wanted = definition.on.map((wake) => compileFilters(wake.filters));
      for (const { type } of catalogue) {
        for (const kind of ["VirtualMachine", "VirtualMachineInstance", "Pod", "Node", "Secret"]) {
          const event = { specversion: "1.0", id: "1", source: "/test", type, extensions: { kind } } as const;
          expect(matches(event), `${definition.name}: ${type} ${kind}`).toBe(wanted.some((one) => one(event)));
        }
      }
    }
  });

  it("says how often a delivery is tried, and where what fails goes", () => {
    for (const { name } of all) {
      expect(named(rendered, "Trigger", `virtive-${name}`)["spec"]).toMatchObject({
        delivery: {
          retry: 11,
          backoffPolicy: "exponential",
          // Knative's periods have tenths of a second and no less.
          backoffDelay: expect.stringMatching(/^PT0\.[1-9]S$/) as unknown,
          timeout: "PT15S",
          deadLetterSink: { uri: "/dead-letters" },
        },
      });
    }
  });

  it("has an EventType for every event", () => {
    const types = rendered.filter(({ kind }) => kind === "EventType").map(({ metadata }) => metadata.name);
    expect(types.sort()).toEqual(catalogue.map(({ type }) => type).sort());
  });

  it("keeps a function that must run alone at one replica, also among all others", async () => {
    const scale = (list: readonly Manifest[], name: string): unknown =>
      (
        named(list, "Service", name) as unknown as {
          readonly spec: { readonly template: { readonly metadata: { readonly annotations: Record<string, string> } } };
        }
      ).spec.template.metadata.annotations["autoscaling.knative.dev/max-scale"];
    expect(scale(rendered, "virtive-schedule")).toBe("1");
    expect(scale(rendered, "virtive-boot")).toBe("4");
    const together = await render({ set: ["shape=knative", "knative.functions.services=one"] });
    expect(scale(together, "virtive-functions")).toBe("1");
  });

  it("wants no more replicas of a function than it may have", async () => {
    const list = await render({ set: ["shape=knative", "knative.functions.minScale=2"] });
    const services = list.filter(({ kind, apiVersion }) => kind === "Service" && apiVersion.includes("knative"));
    const scales = services.map((one) => {
      const { spec } = one as unknown as {
        readonly spec: { readonly template: { readonly metadata: { readonly annotations: Record<string, string> } } };
      };
      const of = (what: string): number =>
        Number(spec.template.metadata.annotations[`autoscaling.knative.dev/${what}`]);
      return { name: one.metadata.name, least: of("min-scale"), most: of("max-scale") };
    });
    expect(scales.filter(({ least, most }) => least > most)).toEqual([]);
    expect(scales.filter(({ least }) => least === 2).length).toBeGreaterThan(5);
  });

  it("leaves control without the functions' rights", () => {
    const rules = named(rendered, "ClusterRole", "virtive-control")["rules"] as {
      resources: string[];
      verbs: string[];
    }[];
    expect(rules.flatMap(({ resources }) => resources)).not.toContain("secrets");
    // A user calls an evacuation off through the gateway: evacuate/cancel.
    const deletes = rules.filter(({ verbs }) => verbs.includes("delete"));
    expect(deletes.flatMap(({ resources }) => resources)).toEqual(["virtualmachineinstancemigrations"]);
  });
});

describe("the node runtime's pod", () => {
  it("is ready where orders are taken, and never ended for being slow", async () => {
    const { spec } = named(await render({ set: ["node.port=9445"] }), "DaemonSet", "virtive-node");
    const { containers } = (spec as { template: { spec: { containers: readonly object[] } } }).template.spec;
    const [container] = containers as readonly [{ readonly env: readonly { name: string; value?: string }[] }];
    expect(container.env).toContainEqual({ name: "VIRTIVE_PORT", value: "9445" });
    expect(container).toHaveProperty("readinessProbe.tcpSocket", { port: 9445 });
    expect(container).not.toHaveProperty("livenessProbe");
    expect(container).not.toHaveProperty("startupProbe");
  });
});

describe("the network policy of control", () => {
  const ingress = async (...set: readonly string[]) => {
    const { spec } = named(await render({ set }), "NetworkPolicy", "virtive-control");
    return (spec as { readonly ingress: readonly { readonly ports: readonly object[]; readonly from?: object }[] })
      .ingress;
  };
  const [api, nodes] = ["api", "nodes"].map((port) => ({ ports: [{ protocol: "TCP", port }] }));

  it("opens its ports to everybody, and no other", async () => {
    expect(await ingress()).toEqual([api, nodes]);
  });

  it("opens the API's port to those who are named and to other replicas alone, where some are", async () => {
    const selector = { "app.kubernetes.io/name": "virtive", "app.kubernetes.io/instance": "virtive" };
    const replicas = { podSelector: { matchLabels: { ...selector, "app.kubernetes.io/component": "control" } } };
    const from = [{ ipBlock: { cidr: "192.0.2.0/28" } }, replicas];
    expect(await ingress("networkPolicy.apiFrom[0].ipBlock.cidr=192.0.2.0/28")).toEqual([{ ...api, from }, nodes]);
  });
});

describe("an upgrade", () => {
  it("lets the control that there still is make anchors of its own version", async () => {
    const { spec } = named(await render({ set: ["image.tag=2.0.0"] }), "ValidatingAdmissionPolicy", "virtive-anchors");
    const { validations } = spec as {
      readonly validations: readonly { readonly expression: string; readonly message: string }[];
    };
    const { expression } = validations.find(({ message }) => message.startsWith("an anchor pod runs")) ?? {};
    const rule = parseExpression(expression ?? "", ["object"]);
    const lets = (image: string): unknown => rule.evaluate({ object: celValue({ spec: { containers: [{ image }] } }) });
    expect(["virtive/anchor:2.0.0", "virtive/anchor:1.9.0"].map(lets)).toEqual([true, true]);
    expect(["busybox", "virtive/anchors:2.0.0", "else.where/virtive/anchor:2.0.0"].map(lets)).not.toContain(true);
  });
});

describe("the hook that uninstalls", () => {
  it("may take as long as the uninstallation may", async () => {
    const job = named(await render({ set: ["uninstall.timeoutSeconds=60"] }), "Job", "virtive-uninstall");
    const { activeDeadlineSeconds } = job["spec"] as { readonly activeDeadlineSeconds: number };
    // Its pod has to start as well.
    expect(activeDeadlineSeconds).toBeGreaterThanOrEqual(60 + MORE_SECONDS + 20);
  });

  it("may end functions' hosts, which mark Nodes", async () => {
    const rules = named(await render({ set: ["shape=knative"] }), "Role", "virtive-uninstall")["rules"];
    expect(rules).toContainEqual({
      apiGroups: ["serving.knative.dev"],
      resources: ["services"],
      verbs: ["list", "delete"],
    });
  });
});

describe("values", () => {
  it.each([
    ["shape=serverless", "shape"],
    ["control.replicas=0", "replicas"],
    ["control.replica=2", "replica"],
    ["node.port=70000", "port"],
    ["node.stateDirectory=relative", "stateDirectory"],
    ["uninstall.strategy=Force", "strategy"],
    ["knative.delivery.backoffDelay=5s", "backoffDelay"],
    ["knative.delivery.backoffDelay=PT0.05S", "backoffDelay"],
    ["image.pullPolicy=Sometimes", "pullPolicy"],
    ["nonsense=1", "nonsense"],
  ])("%s is refused by the name of what is wrong", async (value, name) => {
    await expect(render({ set: [value] })).rejects.toThrow(name);
  });
});

describe("plain manifests", () => {
  it("start with a namespace for privileged pods, then definitions, and have no hooks", async () => {
    const list = await manifests({ namespace: "machines", set: ["kubevirt.create=true"] });
    expect(list[0]).toMatchObject({ kind: "Namespace", metadata: { name: "machines" } });
    expect(list[1]?.kind).toBe("CustomResourceDefinition");
    expect(list.at(-1)?.kind).toBe("KubeVirt");
    expect(asYaml(list)).not.toContain("helm.sh/hook");
    expect(kinds(list)).not.toContain("Job");
  });
});
