/**
 * Knative on a cluster with nodes: Eventing's ingress, channel and filter in a pod, and, of what the chart makes, what Knative's
 * controllers and Serving would make of it. They themselves need images and a cluster's DNS, which there are none of.
 */
import { realpath } from "node:fs/promises";
import { stringify } from "yaml";
import type { KubeObject, Stored } from "#api/object.ts";
import { connectAs } from "#events/kubernetes.ts";
import { administratorOf } from "../../../scripts/kubernetes/cluster.ts";
import { BUSYBOX_IMAGE } from "../../../scripts/kubernetes/images.ts";
import { ensureKnative } from "../../../scripts/kubernetes/knative.ts";
import { asYaml, type Manifest } from "../../../scripts/manifests.ts";
import { NAMESPACE, type ChartRig } from "../chart-rig.ts";
import {
  ACCOUNT,
  API_SERVER,
  commonEnvironment,
  environmentOf,
  knativeDefinitions,
  knativeSettings,
  PORTS,
  PROGRAMS,
  SYSTEM,
} from "./objects.ts";
import { brokerAudience, makeReady } from "./statuses.ts";
import { bindingToken, ownedBy } from "./tokens.ts";

const BROKER = "virtive";
const PARTS = ["ingress", "channel", "filter"] as const;
/** Where a host listens when it is told nothing else, as Serving tells it. */
const HOST_PORT = 8080;
const SERVICES = "services.serving.knative.dev";
/** All of Knative's kinds that the chart or Knative's controllers use. */
export const KNATIVE_KINDS = [
  "brokers.eventing.knative.dev,triggers.eventing.knative.dev,eventtypes.eventing.knative.dev",
  "eventpolicies.eventing.knative.dev,inmemorychannels.messaging.knative.dev,subscriptions.messaging.knative.dev",
  `sinkbindings.sources.knative.dev,${SERVICES}`,
].join(",");

type Variable = object & { readonly name: string };

interface FunctionService extends Stored<KubeObject> {
  readonly spec: { readonly template: Template };
}
interface Template {
  readonly metadata: { readonly labels: object; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: readonly [Container]; readonly volumes: readonly object[] };
}
interface Container {
  readonly env: readonly Variable[];
  readonly readinessProbe: { readonly httpGet: object };
  readonly volumeMounts: readonly object[];
}
interface Binding extends Stored<KubeObject> {
  readonly spec: { readonly subject: { readonly kind: string; readonly name: string } };
}

/** Kinds, settings and programs; ready when this resolves. What is at the URL takes events. */
export async function installKnative(rig: ChartRig): Promise<void> {
  const definitions = `${await knativeDefinitions()}---\n${stringify(serving())}`;
  await applied(rig, definitions);
  await rig.must(["wait", "--for=condition=established", "crd", "--all", "--timeout=60s"]);
  const programs = await realpath(await ensureKnative((line) => console.error(`cluster: ${line}`)));
  const apiServer = await rig.value("service", "kubernetes", ".spec.clusterIP");
  await applied(rig, asYaml([...knativeSettings(), ...eventing(programs, apiServer)]));
  await rig.must(["rollout", "status", "deployment/eventing", "-n", SYSTEM, "--timeout=100s"]);
}

/** Of the objects that the release has now: hosts that run, senders that know where to send, a Broker and Triggers that are ready. */
export async function standIn(rig: ChartRig): Promise<void> {
  const { ask, cluster: kubernetes } = rig;
  const cluster = connectAs(kubernetes.url, await administratorOf(kubernetes));
  try {
    const eventingAt = await addressOf(rig, SYSTEM, "eventing");
    const audience = brokerAudience(NAMESPACE, BROKER);
    const sink = `http://${eventingAt}:${PORTS.ingress}/${NAMESPACE}/${BROKER}`;
    const inNamespace = ["-n", NAMESPACE];
    const services = (await rig.json<List<FunctionService>>(["get", SERVICES, ...inNamespace])).items;
    await applied(rig, asYaml(services.map(behind)));
    const addresses = new Map<string, string>();
    for (const { metadata } of services) addresses.set(metadata.name, await addressOf(rig, NAMESPACE, metadata.name));
    await makeReady(
      { cluster },
      { namespace: NAMESPACE, name: BROKER, system: SYSTEM },
      {
        ingress: `http://${eventingAt}:${PORTS.ingress}`,
        // They are in one pod.
        filter: `http://127.0.0.1:${PORTS.filter}`,
        channel: `http://127.0.0.1:${PORTS.channel}`,
        service: (name) => `http://${addresses.get(name) ?? ""}`,
      },
    );
    // As SinkBindings do: the sink and a token for it, in each pod of their subject.
    const bindings = (await rig.json<List<Binding>>(["get", "sinkbindings", ...inNamespace])).items;
    for (const binding of bindings) {
      const { name } = binding.metadata;
      const token = await bindingToken(
        { ask, cluster },
        { namespace: NAMESPACE, binding: name, audience },
        ownedBy(binding),
      );
      const metadata = { name: tokenSecret(name), namespace: NAMESPACE, ...ownedBy(binding) };
      await applied(rig, asYaml([{ apiVersion: "v1", kind: "Secret", metadata, stringData: { token } }]));
      const { subject } = binding.spec;
      const service = services.find((one) => one.metadata.name === subject.name);
      const deployment = service === undefined ? undefined : deploymentOf(service, sink, tokenSecret(name));
      if (deployment === undefined) await patchControl(rig, injected(sink, tokenSecret(name)));
      else await applied(rig, asYaml([deployment]));
    }
  } finally {
    cluster.close();
  }
}

/** As a SinkBinding that is deleted leaves its subject, which is not the chart's to know. */
export async function unbindControl(rig: ChartRig): Promise<void> {
  const gone = { $patch: "delete" };
  await patchControl(rig, {
    containers: [
      { name: "control", env: [{ name: "K_SINK", ...gone }], volumeMounts: [{ mountPath: "/oidc", ...gone }] },
    ],
    volumes: [{ name: "oidc-token", ...gone }],
  });
}

/** Knative goes, with its kinds. */
export async function removeKnative(rig: ChartRig): Promise<void> {
  await rig.must(["delete", "namespace", SYSTEM, "--wait=false"]);
  await rig.must(["delete", "clusterrolebinding", ACCOUNT]);
  await rig.must(["delete", "crd", ...KNATIVE_KINDS.split(","), "--timeout=60s"]);
}

interface List<T> {
  readonly items: readonly T[];
}

async function applied(rig: ChartRig, text: string): Promise<void> {
  await rig.must(["apply", "--server-side", "--force-conflicts", "-f", "-"], text);
}

const addressOf = (rig: ChartRig, namespace: string, name: string): Promise<string> =>
  rig.must(["get", "service", name, "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"]);

const tokenSecret = (binding: string): string => `${binding}-oidc-token`;

async function patchControl(rig: ChartRig, spec: object): Promise<void> {
  const patch = JSON.stringify({ spec: { template: { spec } } });
  await rig.must(["patch", "deployment", "virtive-control", "-n", NAMESPACE, "-p", patch]);
}

const injected = (sink: string, secretName: string) => ({
  containers: [
    {
      name: "control",
      env: [{ name: "K_SINK", value: sink }],
      volumeMounts: [{ name: "oidc-token", mountPath: "/oidc", readOnly: true }],
    },
  ],
  volumes: [{ name: "oidc-token", secret: { secretName } }],
});

/** What Serving makes of a Knative Service, without its proxy and autoscaler: as many pods of the template as it keeps at least. */
function deploymentOf(service: FunctionService, sink: string, secretName: string): Manifest {
  const { name } = service.metadata;
  const { metadata, spec } = service.spec.template;
  const { timeoutSeconds: _, ...kept } = spec as typeof spec & { readonly timeoutSeconds?: number };
  const [container] = spec.containers;
  const labels = { ...metadata.labels, "serving.knative.dev/service": name };
  const [sends] = injected(sink, secretName).containers;
  const told = { PORT: String(HOST_PORT), K_SERVICE: name };
  const env = [
    ...container.env,
    ...Object.entries(told).map(([key, value]) => ({ name: key, value })),
    ...(sends?.env ?? []),
  ];
  const host = {
    ...container,
    name: "user-container",
    env,
    readinessProbe: { httpGet: { ...container.readinessProbe.httpGet, port: HOST_PORT }, periodSeconds: 1 },
    volumeMounts: [...container.volumeMounts, ...(sends?.volumeMounts ?? [])],
  };
  const volumes = [...spec.volumes, ...injected(sink, secretName).volumes];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: NAMESPACE, ...ownedBy(service) },
    spec: {
      replicas: Number(metadata.annotations["autoscaling.knative.dev/min-scale"]),
      selector: { matchLabels: { "serving.knative.dev/service": name } },
      template: { metadata: { ...metadata, labels }, spec: { ...kept, containers: [host], volumes } },
    },
  };
}

/** Where the Knative Service is reached. */
function behind(service: FunctionService): Manifest {
  const { name } = service.metadata;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: NAMESPACE, ...ownedBy(service) },
    spec: { selector: { "serving.knative.dev/service": name }, ports: [{ port: 80, targetPort: HOST_PORT }] },
  };
}

function eventing(programs: string, apiServer: string): readonly Manifest[] {
  const labels = { app: "eventing" };
  const containers = PARTS.map((part) => {
    const env = { ...commonEnvironment(part), ...environmentOf(part) };
    return {
      name: part,
      image: BUSYBOX_IMAGE,
      command: [`/programs/${PROGRAMS[part]}`],
      env: Object.entries(env).map(([name, value]) => ({ name, value })),
      readinessProbe: { httpGet: { path: "/healthz", port: PORTS[part] }, periodSeconds: 1, failureThreshold: 100 },
      volumeMounts: [{ name: "programs", mountPath: "/programs", readOnly: true }],
    };
  });
  const spec = {
    serviceAccountName: ACCOUNT,
    hostAliases: [{ ip: apiServer, hostnames: [API_SERVER] }],
    containers,
    volumes: [{ name: "programs", hostPath: { path: programs, type: "Directory" } }],
  };
  const metadata = { name: "eventing", namespace: SYSTEM };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: labels, ports: [{ name: "ingress", port: PORTS.ingress }] },
    },
  ];
}

/** Serving's kind, of which anything is taken. */
function serving(): Manifest {
  const names = { kind: "Service", listKind: "ServiceList", plural: "services", singular: "service" };
  const schema = { openAPIV3Schema: { "type": "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: SERVICES },
    spec: {
      group: "serving.knative.dev",
      scope: "Namespaced",
      names,
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}
