/**
 * The control plane in one process: the embedded API server, source, broker, journal, functions and the ingress for
 * node reports. What a cluster has in Deployments stands here side by side; the parts are the same.
 */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { stringify } from "yaml";
import { Namespace, PersistentVolumeClaim } from "#api/core.ts";
import { customResourceDefinitions } from "#api/crd.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { KubeVirt } from "#api/kubevirt.ts";
import { SCHEDULER_NAME } from "#api/names.ts";
import type { Kind, KubeObject } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { createBroker, type LocalBroker } from "#events/broker/broker.ts";
import { systemRandom } from "#events/chance.ts";
import { systemClock } from "#events/clock.ts";
import type { Cluster, Reader } from "#events/cluster.ts";
import type { Identity } from "#events/certificates.ts";
import { asFault } from "#events/fault.ts";
import { diskFailed } from "#events/file-fault.ts";
import { nodeOf } from "#events/identities.ts";
import { createIngress, type Identity as Sender } from "#events/ingress.ts";
import { openJournal } from "#events/journal.ts";
import { connectOver } from "#events/kubernetes.ts";
import type { Log } from "#events/log.ts";
import { startSource } from "#events/source/source.ts";
import { createTlsServer, ofConnection } from "#events/tls-server.ts";
import { createAdmission, type Admission } from "#functions/admit/admit.ts";
import { heartbeatNews } from "#functions/attend.ts";
import { defaultConfig } from "#functions/config.ts";
import { createDispatcher } from "#functions/dispatcher.ts";
import { isNews } from "#functions/news.ts";
import { createRollCall, deadlinesHeard } from "#functions/roll-call.ts";
import { createEvictor, type Evictor } from "#functions/evict.ts";
import { createGateway } from "#functions/gateway/gateway.ts";
import { createNodes, type NodeDoors } from "#functions/nodes.ts";
import { functions, watchedKinds } from "#functions/registry.ts";
import { startApiServer, type ApiServer } from "./apiserver/server.ts";
import { AUTHENTICATED, MASTERS } from "./apiserver/authentication/user.ts";
import type { Instance } from "./instance.ts";
import { CONTROL_USER, type Pki } from "./pki.ts";
import { controlWithin, nodesWithin, type RuntimeHere, type WithinEnv } from "./within.ts";
import type { ControlClient } from "#node-runtime/control-client.ts";
import { orUndo, type Undo } from "#events/undo.ts";
import { ClusterRole, ClusterRoleBinding, defaultBinding, userRoles } from "./user-roles.ts";

/** Seconds between comparisons of what nodes hold with what objects say. Events bring changes at once; this finds what was lost. */
const RESYNC_SECONDS = 60;
/** The lease that a heartbeat's reply carries; heartbeats come every 2 s. */
const LEASE_SECONDS = 10;

export interface ControlPlaneOptions {
  readonly instance: Instance;
  readonly pki: Pki;
  /** Of the API, on loopback; 0: any free one. */
  readonly port: number;
  /** The runtime of a node that lives in this process. */
  readonly here?: (node: string) => RuntimeHere | undefined;
  readonly log: Log;
}

export interface ControlPlane {
  readonly api: ApiServer;
  /** Where node runtimes report. */
  readonly ingressURL: string;
  /** Where the runtime of this node reports when it lives in this process. */
  controlFor(node: string): ControlClient;
  readonly broker: LocalBroker;
  readonly reader: Reader;
  readonly cluster: Cluster;
  /** Resolves once all that the control plane has decided so far would outlive a power cut. @throws Fault later */
  onDisk(): Promise<void>;
  /** To be called once, when all triggers are with the broker: what exists is told from now on. */
  run(): Promise<void>;
  close(): Promise<void>;
}

export function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  return orUndo((undo) => start(options, undo));
}

async function start(options: ControlPlaneOptions, undo: Undo): Promise<ControlPlane> {
  const { instance, pki, log } = options;
  const clock = systemClock;
  await mkdir(instance.paths.journal, { recursive: true, mode: 0o700 });
  const journal = openJournal({ file: join(instance.paths.journal, "journal.db"), log });
  undo.add(async () => journal.close());
  const broker = createBroker({ journal, clock, random: systemRandom, log });
  const known: { reader?: Reader; evictor?: Evictor } = {};
  // Admission looks at the KubeVirt object, which is read through the API itself once that serves.
  const admission = createAdmission({
    reader: () => known.reader,
    around: { defaultSchedulerName: SCHEDULER_NAME },
    evictor: () => known.evictor,
  });
  const api = await startApiServer({
    directory: instance.paths.api,
    port: options.port,
    tls: { ...pki.server, clientCA: pki.authority },
    admission,
    isInsider: ({ username }) => username === CONTROL_USER,
    log,
  });
  undo.add(() => api.close());
  await writeKubeconfig(instance.paths.kubeconfig, api.url, pki.authority, pki.admin);
  // They live in one process: a connection between them would be half of what a write costs.
  const cluster = connectOver(api.inside({ username: CONTROL_USER, groups: [MASTERS, AUTHENTICATED] }));
  await Promise.all([install(cluster), warmUp(admission)]);
  const listening = Promise.withResolvers<void>();
  const rollCall = createRollCall(clock);
  undo.add(async () => rollCall.close());
  const source = startSource({
    cluster,
    // KubeVirt objects are no function's business, but admission asks for them at every write; claims are `claims.ts`'.
    kinds: [...watchedKinds, KubeVirt, PersistentVolumeClaim],
    // What exists is told once: everybody who wakes on it must be known to the broker by then.
    publish: (event) => listening.promise.then(() => broker.publish(event)),
    deadlineOf: deadlinesHeard(() => rollCall),
    isNews,
    resyncSeconds: RESYNC_SECONDS,
    clock,
    sourceName: "/virtive/source",
    log,
  });
  known.reader = source.reader;
  known.evictor = createEvictor({ reader: source.reader, writer: source.writer });
  const doors = createNodes({ reader: source.reader, tls: { ca: pki.authority, ...pki.control } });
  undo.add(() => doors.close());
  const here = options.here ?? (() => undefined);
  const onDisk = (): Promise<void> => api.onDisk().catch(diskFails);
  const nodes = onceOnDisk(nodesWithin(doors, here), onDisk, (node) => here(node) !== undefined);
  const gateway = createGateway({
    reader: source.reader,
    present: cluster,
    writer: source.writer,
    nodes,
    journal,
    clock,
    log,
  });
  for (const served of gateway.apis) api.addAggregated(served);
  const config = { ...defaultConfig, ownNodes: true };
  const dispatcher = createDispatcher({
    functions: functions(config),
    reader: source.reader,
    present: cluster,
    writer: source.writer,
    nodes,
    journal,
    broker,
    clock,
    log,
    rollCall,
  });
  dispatcher.start();
  // Only now: a node's report that no function hears would be lost.
  const reports = createIngress({
    publish: (event) => broker.publish(event),
    isNews: heartbeatNews(config, source, rollCall),
    identityOf,
    leaseSeconds: LEASE_SECONDS,
    clock,
    log,
  });
  const ingress = await serveIngress(reports, pki);
  undo.add(() => ingress.close());
  undo.add(() => broker.close());
  undo.add(() => source.close());
  undo.add(async () => listening.resolve()); // or the source would wait for it
  return {
    api,
    ingressURL: ingress.url,
    controlFor: (node) => controlWithin(reports, node),
    broker,
    reader: source.reader,
    cluster,
    onDisk,
    async run() {
      listening.resolve();
      await source.synced();
    },
    close: () => undo.run(),
  };
}

/**
 * Functions are the API server's insiders: what they decide rests on objects that may not be on disk yet. A node outlives
 * this process, so it hears of nothing that a power cut could take back; but a node that is `here` is told at once what to
 * start, and waits for the disk itself before it lets vCPUs run.
 */
function onceOnDisk(doors: NodeDoors, onDisk: () => Promise<void>, here: (node: string) => boolean): NodeDoors {
  return {
    ...doors,
    async order(order) {
      const { desired, move, settled, claim } = order;
      const starts = desired === "running" && move === undefined && settled === undefined;
      if (!starts || !here(claim.node)) await onDisk();
      return doors.order(order);
    },
    async forget(node, uid, epoch) {
      await onDisk();
      return doors.forget(node, uid, epoch);
    },
    async act(node, uid, epoch, action) {
      await onDisk();
      return doors.act(node, uid, epoch, action);
    },
  };
}

function diskFails(thrown: unknown): never {
  throw diskFailed("what the API server has taken is not on disk", asFault(thrown).message, thrown);
}

/** The schemas are compiled at their first use, which takes a third of a second: better now than at a user's first VM. */
async function warmUp(admission: Admission): Promise<void> {
  const template = { spec: { domain: { devices: {}, memory: { guest: "128Mi" } } } };
  const object = {
    apiVersion: "kubevirt.io/v1",
    kind: VirtualMachine.kind,
    metadata: { name: "warm-up", namespace: "default" },
    spec: { runStrategy: "Halted", template },
  };
  const request = { operation: "CREATE", namespace: "default", name: "warm-up", dryRun: true } as const;
  const user = { username: CONTROL_USER, groups: [] };
  await admission.review({ ...request, kind: VirtualMachine, object, user });
}

/** Kinds, roles, namespaces and the KubeVirt object, each only if missing or different. */
async function install(cluster: Cluster): Promise<void> {
  for (const definition of customResourceDefinitions()) await apply(cluster, CustomResourceDefinition, definition);
  for (const role of userRoles) await apply(cluster, ClusterRole, role);
  await apply(cluster, ClusterRoleBinding, defaultBinding);
  const namespace = "kubevirt";
  await apply(cluster, Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await apply(cluster, KubeVirt, {
    apiVersion: "kubevirt.io/v1",
    kind: "KubeVirt",
    metadata: { name: "kubevirt", namespace },
    spec: {},
  });
}

const followed: ReadonlySet<string> = new Set([CustomResourceDefinition.plural, ClusterRole.plural]);

async function apply<T extends KubeObject>(cluster: Cluster, kind: Kind<T>, wanted: T): Promise<void> {
  const { created, object } = await cluster.create(kind, wanted);
  // What a user has set on the KubeVirt object stays; definitions and roles follow the version of Virtive that runs.
  if (created || !followed.has(kind.plural)) return;
  await cluster.patch(kind, object, { ...object, ...wanted, metadata: object.metadata }, "object");
}

async function writeKubeconfig(path: string, server: string, authority: string, user: Identity): Promise<void> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const name = "virtive";
  const config = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": name,
    "clusters": [{ name, cluster: { server, "certificate-authority-data": base64(authority) } }],
    "users": [{ name, user: { "client-certificate-data": base64(user.cert), "client-key-data": base64(user.key) } }],
    "contexts": [{ name, context: { cluster: name, user: name, namespace: "default" } }],
  };
  await writeFile(`${path}.new`, stringify(config), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function serveIngress(
  app: ReturnType<typeof createIngress>,
  pki: Pki,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const listener = getRequestListener(app.fetch);
  const server = createTlsServer(
    { ...pki.control, ca: pki.authority, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" },
    (request, response) => void listener(request, response),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function identityOf(context: Context): Sender | undefined {
  const { node, incoming } = context.env as WithinEnv & Partial<HttpBindings>;
  if (node !== undefined) return { node };
  return incoming === undefined ? undefined : identityBy(incoming.socket as TLSSocket);
}

/** By the certificate that the connection proved: a node's URI name, else the subject's common name. */
const identityBy = ofConnection((socket: TLSSocket): Sender | undefined => {
  const certificate = socket.getPeerCertificate();
  const node = nodeOf(certificate.subjectaltname);
  if (node !== undefined) return { node };
  const user = certificate.subject?.CN;
  return typeof user === "string" ? { user } : undefined;
});
