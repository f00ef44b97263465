/** A real node with our runtime on it, and a control plane that only listens: for tests of what happens on the node. */
import { createHash } from "node:crypto";
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import {
  CLIENT_AUTH,
  makeAuthority,
  readRequest,
  SERVER_AUTH,
  type Authority,
  type Identity,
} from "#events/certificates.ts";
import { nodeEvents } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { systemClock } from "#events/clock.ts";
import { CONTROL_URI, nodeOf, nodeURI } from "#events/identities.ts";
import { createIngress } from "#events/ingress.ts";
import { silentLog } from "#events/log.ts";
import { createTlsServer } from "#events/tls-server.ts";
import type { Heartbeat, MachineOrder, MachineStatus } from "#events/machine.ts";
import type { ClaimedVolume } from "#functions/schedule/claims.ts";
import { anchorOf } from "#functions/schedule/anchor.ts";
import { defaultConfig } from "#functions/config.ts";
import type { Instance } from "#functions/instance.ts";
import type { Pod } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import { outputOf } from "#node-runtime/host/command.ts";
import { demoGuest } from "../../scripts/guest/guest.ts";
import { asAdministrator, type Ask } from "../../scripts/kubernetes/api.ts";
import { administratorOf, downCluster, insideNode, loadImage, upCluster } from "../../scripts/kubernetes/cluster.ts";
import { tar } from "../../scripts/guest/archive.ts";
import { bridgeAddress, nodesOf, type Cluster } from "../../scripts/kubernetes/record.ts";

export const NODE = "node-1";
export const ANCHOR_IMAGE = "docker.io/virtive/anchor:test";
const ORDERS_PORT = 8445;
const ROOT = join(import.meta.dirname, "../..");
const ANCHOR_SOURCE = join(ROOT, "scripts/image/anchor.c");
const TOKEN = "a token that only this node's pod has";

export interface Anchor {
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
}

export interface AnchorOptions {
  readonly claims?: readonly ClaimedVolume[];
  /** Others than the instance asks for. */
  readonly resources?: { readonly requests: Record<string, string>; readonly limits: Record<string, string> };
}

export interface ClusterRig {
  readonly cluster: Cluster;
  readonly directory: string;
  readonly ask: Ask;
  readonly heartbeats: readonly Heartbeat[];
  readonly reports: readonly CloudEvent[];
  /** How many times a node has joined. */
  readonly joined: () => number;
  /** Runs the program on the node; what it prints. */
  onNode(argv: readonly string[], milliseconds?: number): Promise<string>;
  /** Starts the runtime; resolves once it takes orders and is heard, by whatever control plane it is told of. */
  startRuntime(environment?: Readonly<Record<string, string>>): Promise<void>;
  /** Kills the runtime and what it has started, as the end of its container does, but for what was put elsewhere. */
  killRuntime(): Promise<void>;
  order(order: MachineOrder): Promise<MachineStatus>;
  status(uid: string): Promise<MachineStatus | undefined>;
  until(uid: string, state: MachineStatus["state"], seconds?: number): Promise<MachineStatus>;
  kubectl(...args: readonly string[]): Promise<string>;
  /** Makes the anchor pod of an instance as `schedule` would, and waits until it is Ready. */
  anchor(vmi: Instance, options?: AnchorOptions): Promise<Anchor>;
  /** An order to run the instance in its pod. */
  orderOf(vmi: Instance, anchor: Anchor, changes?: Partial<MachineOrder>): MachineOrder;
  /** What the address answers on port 80 to who asks from the network of another pod; undefined: nothing. */
  ask80(client: Anchor, address: string, path: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export async function openClusterRig(name: string): Promise<ClusterRig> {
  const guest = await demoGuest();
  const directory = await mkdtemp(join(tmpdir(), "vt-cluster-"));
  await mkdir(join(directory, "layouts"));
  await symlink(guest.layout, join(directory, "layouts", "demo"));
  const cluster = await upCluster({ name, nodes: 1, say: (line) => console.error(`cluster: ${line}`) });
  try {
    return await open(cluster, directory);
  } catch (thrown) {
    await downCluster(cluster);
    await rm(directory, { recursive: true, force: true });
    throw thrown;
  }
}

async function open(cluster: Cluster, directory: string): Promise<ClusterRig> {
  await loadAnchorImage(cluster, directory);
  const ask = asAdministrator(cluster, await administratorOf(cluster));
  const authority = await makeAuthority("test-nodes");
  const orders = await authority.issue({
    commonName: "control",
    names: [{ type: "url", value: CONTROL_URI }],
    usages: [SERVER_AUTH, CLIENT_AUTH],
  });
  const control = await serveControl(bridgeAddress(cluster.number), authority, orders);
  await writeFile(join(directory, "ca.crt"), authority.cert);
  await writeFile(join(directory, "token"), TOKEN);
  const [node] = nodesOf(cluster);
  const url = `https://${node?.address}:${ORDERS_PORT}`;
  let child: ChildProcess | undefined;

  const rig: ClusterRig = {
    cluster,
    directory,
    ask,
    heartbeats: control.heartbeats,
    reports: control.reports,
    joined: control.joined,
    onNode: async (argv, milliseconds = 30_000) => outputOf(await insideNode(cluster, NODE, argv), milliseconds),
    async startRuntime(environment = {}) {
      const variables = {
        NODE_NAME: NODE,
        NODE_IP: node?.address ?? "",
        VIRTIVE_CONTROL_URL: control.url,
        VIRTIVE_CONTROL_CA: join(directory, "ca.crt"),
        VIRTIVE_TOKEN: join(directory, "token"),
        VIRTIVE_IMAGE_LAYOUTS: join(directory, "layouts"),
        VIRTIVE_PORT: String(ORDERS_PORT),
        VIRTIVE_PROGRAMS: "node",
        VIRTIVE_LOG: "debug",
        ...environment,
      };
      const words = Object.entries(variables).map(([key, value]) => `${key}=${value}`);
      const [program = "", ...args] = await insideNode(cluster, NODE, [
        "env",
        ...words,
        process.execPath,
        join(ROOT, "node-runtime/main.ts"),
      ]);
      let said = "";
      child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
      const log = createWriteStream(join(directory, "runtime.log"), { flags: "a" });
      child.stdout?.pipe(log, { end: false });
      child.stdout?.on("data", (text: Buffer) => (said = `${said.slice(-1000)}${text.toString("utf8")}`));
      child.stderr?.pipe(log, { end: false });
      const exited = new Promise<never>((_, reject) => {
        child?.once("exit", (code) =>
          reject(new Error(`the runtime ended with ${code}; see ${join(directory, "runtime.log")}`)),
        );
      });
      exited.catch(() => {});
      // libvirt's first look at QEMU takes up to 20 s.
      await Promise.race([
        waitFor(
          () => {
            if (!said.includes("the control plane answers")) throw new Error(`the runtime is not heard: ${said}`);
          },
          { timeout: 120_000, interval: 20 },
        ),
        exited,
      ]);
    },
    async killRuntime() {
      const ended = new Promise((resolve) => child?.once("exit", resolve));
      // nsenter's child is the runtime; libvirtd and its reaper would go with the container.
      const [runtime] = (await readFile(`/proc/${child?.pid}/task/${child?.pid}/children`, "utf8"))
        .trim()
        .split(" ")
        .map(Number);
      if (runtime === undefined || runtime === 0) throw new Error("the runtime has ended already");
      process.kill(runtime, "SIGKILL");
      await ended;
      await rig.onNode(["sh", "-c", "kill -9 $(cat /run/virtive/libvirt/libvirtd.pid)"]);
    },
    async order(order) {
      const reply = await ask_(url, authority, orders, "PUT", `/machines/${order.uid}`, order);
      if (reply.status !== 200) throw new Error(`${reply.status} ${reply.body}`);
      return JSON.parse(reply.body) as MachineStatus;
    },
    async status(uid) {
      const reply = await ask_(url, authority, orders, "GET", `/machines/${uid}`);
      return reply.status === 200 ? (JSON.parse(reply.body) as MachineStatus) : undefined;
    },
    async until(uid, state, seconds = 90) {
      return waitFor(
        async () => {
          const status = await rig.status(uid);
          if (status?.state !== state) throw new Error(`${uid} is ${JSON.stringify(status)}, not ${state}`);
          return status;
        },
        { timeout: seconds * 1000, interval: 100 },
      );
    },
    kubectl: async (...args) =>
      outputOf(
        [...(await insideNode(cluster, NODE, ["kubectl", "--kubeconfig", cluster.kubeconfig])), ...args],
        60_000,
      ),
    async anchor(vmi, { claims = [], resources } = {}) {
      const pod = anchorOf(vmi, undefined, { ...defaultConfig, anchorImage: ANCHOR_IMAGE }, claims);
      // There is no such owner on this cluster.
      const { ownerReferences: _owner, ...metadata } = pod.metadata;
      const containers = pod.spec.containers.map((one) => (resources === undefined ? one : { ...one, resources }));
      return startPod(ask, { ...pod, metadata, spec: { ...pod.spec, containers } });
    },
    orderOf: (vmi, { name, uid, ip }, changes = {}) => ({
      uid: vmi.metadata.uid,
      namespace: vmi.metadata.namespace ?? "",
      name: vmi.metadata.name,
      claim: { node: NODE, bootID: control.heartbeats.at(-1)?.bootID ?? "", epoch: 1 },
      version: "100",
      desired: "running",
      graceSeconds: 20,
      anchor: { podUID: uid, podName: name, podIP: ip },
      spec: vmi.spec,
      files: {},
      ...changes,
    }),
    async ask80(client, address, path) {
      // From the pod's network, by the node's curl: there is none in the pod.
      const script = `for one in /run/netns/*; do nsenter --net=$one ip -4 -o addr | grep -qF " $1/" || continue
        exec nsenter --net=$one curl -sf --max-time 5 "http://$2/$3"; done; exit 1`;
      return rig.onNode(["sh", "-c", script, "sh", client.ip, address, path]).catch(() => undefined);
    },
    async close() {
      child?.kill("SIGKILL");
      await control.close();
      await downCluster(cluster);
      await rm(directory, { recursive: true, force: true });
    },
  };
  return rig;
}

/** Until it throws no more; then what it threw last. Vitest's own wants a test around it. */
async function waitFor<T>(
  ask: () => T | Promise<T>,
  { timeout, interval }: { readonly timeout: number; readonly interval: number },
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    try {
      return await ask();
    } catch (thrown) {
      if (Date.now() > end) throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}

/** Makes a pod and waits until it is Ready. */
export async function startPod(ask: Ask, pod: Pick<Pod, "metadata" | "spec">): Promise<Anchor> {
  const { name, namespace = "default" } = pod.metadata;
  const made = await ask("POST", `/api/v1/namespaces/${namespace}/pods`, pod);
  if (made.code !== 201) throw new Error(made.text);
  return waitFor(
    async () => {
      const there = JSON.parse((await ask("GET", `/api/v1/namespaces/${namespace}/pods/${name}`)).text) as Stored<Pod>;
      const ready = there.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
      if (ready !== true) throw new Error(`pod ${name} is not Ready: ${JSON.stringify(there.status)}`);
      return { name, uid: there.metadata.uid, ip: there.status?.podIP ?? "" };
    },
    { timeout: 90_000, interval: 100 },
  );
}

/** The anchor's image, made of its source. */
async function loadAnchorImage(cluster: Cluster, directory: string): Promise<void> {
  const program = join(directory, "virtive-anchor");
  await outputOf(["gcc", "-Os", "-static", "-s", "-o", program, ANCHOR_SOURCE], 60_000);
  await chmod(program, 0o755);
  const layer = tar([{ path: "virtive-anchor", mode: 0o755, content: await readFile(program) }]);
  const sum = createHash("sha256").update(layer).digest("hex");
  const config = JSON.stringify({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Cmd: ["/virtive-anchor"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [`sha256:${sum}`] },
  });
  const manifest = JSON.stringify([{ Config: "config.json", RepoTags: [ANCHOR_IMAGE], Layers: ["layer.tar"] }]);
  const image = tar([
    { path: "config.json", mode: 0o644, content: Buffer.from(config) },
    { path: "layer.tar", mode: 0o644, content: layer },
    { path: "manifest.json", mode: 0o644, content: Buffer.from(manifest) },
  ]);
  await writeFile(join(directory, "anchor.tar"), image);
  await loadImage(cluster, join(directory, "anchor.tar"));
}

interface Control {
  readonly url: string;
  readonly heartbeats: Heartbeat[];
  readonly reports: CloudEvent[];
  readonly joined: () => number;
  close(): Promise<void>;
}

/** Signs what nodes ask for, and takes what they report. */
async function serveControl(address: string, authority: Authority, identity: Identity): Promise<Control> {
  const heartbeats: Heartbeat[] = [];
  const reports: CloudEvent[] = [];
  let joined = 0;
  const app = new Hono();
  app.post("/join", async (context) => {
    if (context.req.header("authorization") !== `Bearer ${TOKEN}`)
      return context.json({ message: "who are you?" }, 401);
    const { node, csr } = await context.req.json<{ node: string; csr: string }>();
    const asked = await readRequest(csr);
    const wanted = {
      commonName: node,
      names: [{ type: "url", value: nodeURI(node) } as const, ...asked.names.filter(({ type }) => type === "ip")],
      usages: [SERVER_AUTH, CLIENT_AUTH],
    };
    joined += 1;
    const certificate = await authority.sign(asked, wanted, new Date(Date.now() + 3_600_000));
    return context.json({ certificate, ca: authority.cert, controlURI: CONTROL_URI });
  });
  const ingress = createIngress({
    publish: async (event) => {
      if (event.type === nodeEvents.heartbeat.type) heartbeats.push(event.data as Heartbeat);
      else reports.push(event);
    },
    identityOf: (context) => {
      const socket = (context.env as HttpBindings).incoming.socket as TLSSocket;
      const node = socket.authorized ? nodeOf(socket.getPeerCertificate().subjectaltname) : undefined;
      return node === undefined ? undefined : { node };
    },
    leaseSeconds: 10,
    clock: systemClock,
    log: silentLog,
  });
  app.route("/", ingress);
  const server = createTlsServer({
    cert: identity.cert,
    key: identity.key,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const listener = getRequestListener(app.fetch);
  server.on("request", (incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const bound = server.address();
  return {
    url: `https://${address}:${typeof bound === "object" ? bound?.port : 0}`,
    heartbeats,
    reports,
    joined: () => joined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function ask_(
  url: string,
  { cert: ca }: Authority,
  identity: Identity,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { cert, key } = identity;
    const sent = request(url + path, { method, ca, cert, key, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
