/** A whole node on this machine: host, libvirtd, pod network, runtime, and a control plane that only listens. */
import { createServer, request, type Server } from "node:https";
import { mkdir, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { vi } from "vitest";
import { WebSocket } from "ws";
import { parse } from "yaml";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import type { Identity } from "#events/certificates.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { systemClock, wait } from "#events/clock.ts";
import { createIngress } from "#events/ingress.ts";
import { silentLog, type Log } from "#events/log.ts";
import type { MachineOrder, MachineStatus } from "#events/machine.ts";
import { openPki, type Pki } from "#local/pki.ts";
import { realDisk } from "#node-runtime/disk.ts";
import { EMULATOR } from "#node-runtime/host/accelerator.ts";
import { openImageStore } from "#node-runtime/images/store.ts";
import { guestLinks } from "#node-runtime/network/guest-link.ts";
import { openPodNetwork, type PodNetwork } from "#node-runtime/network/pod-network.ts";
import { startRuntime, type Runtime } from "#node-runtime/runtime.ts";
import { demoGuest } from "../../scripts/guest/guest.ts";
import { openLibvirtBench, type LibvirtBench } from "../contract/hypervisor/libvirt-bench.ts";

export const NODE = "runtime";
const INSTANCE = "fee1e6";

interface Vm {
  readonly spec: { readonly template: { readonly spec: VirtualMachineInstanceSpec } };
}
const demo = parse(readFileSync(join(import.meta.dirname, "../../scripts/guest/demo-vm.yaml"), "utf8")) as Vm;

export interface Reply {
  readonly status: number;
  readonly body: string;
}

export interface NodeRig {
  readonly bench: LibvirtBench;
  readonly pods: PodNetwork;
  readonly pki: Pki;
  readonly events: readonly CloudEvent[];
  readonly logged: readonly { readonly fields: object; readonly message: string }[];
  runtime: Runtime;
  startRuntime(): Promise<void>;
  /** An order for the demo guest, on an anchor pod that is made for it. */
  demoOrder(uid: string, changes?: Partial<MachineOrder>): Promise<MachineOrder>;
  ask(method: string, path: string, body?: unknown, identity?: Identity): Promise<Reply>;
  /** As a node sends events to the control plane's ingress. */
  tell(headers: Readonly<Record<string, string>>, body: string, identity?: Identity): Promise<Reply>;
  order(order: MachineOrder): Promise<MachineStatus>;
  status(uid: string): MachineStatus | undefined;
  until(uid: string, state: MachineStatus["state"], seconds?: number): Promise<MachineStatus>;
  console(uid: string, query?: string): WebSocket;
  close(): Promise<void>;
}

export async function openNodeRig(): Promise<NodeRig> {
  const [bench, guest] = await Promise.all([openLibvirtBench({ name: NODE }), demoGuest()]);
  await bench.hypervisor.ready();
  const state = join(bench.stateDirectory, "..", "runtime");
  await mkdir(state, { recursive: true });
  const pki = await openPki(join(state, "pki"));
  const pods = await openPodNetwork({
    instance: INSTANCE,
    directory: join(state, "network"),
    disk: realDisk,
    log: silentLog,
  });
  const images = openImageStore({ directory: join(state, "images"), localLayouts: [guest.layout], log: silentLog });
  const events: CloudEvent[] = [];
  const control = await serveControl(pki, events);
  const logged: { fields: object; message: string }[] = [];
  const note = (fields: object, message: string): void => void logged.push({ fields, message });
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note };
  const node = { ...(await pki.node(NODE)), ca: pki.authority };

  async function start(): Promise<Runtime> {
    return startRuntime({
      node: NODE,
      stateDirectory: join(state, "node"),
      hypervisor: bench.hypervisor,
      hostBootID: bench.host.bootID,
      capacity: { ...bench.host.capacity(), machines: 10 },
      accelerator: "tcg",
      emulator: EMULATOR,
      images,
      network: guestLinks({
        instance: INSTANCE,
        node: NODE,
        hypervisorNamespace: bench.host.networkNamespace,
        directory: join(state, "links"),
        pods,
        log,
      }),
      control: { url: control.url, tls: node },
      listen: { host: "127.0.0.1", port: 0, tls: node },
      log,
    });
  }

  const rig: NodeRig = {
    bench,
    pods,
    pki,
    events,
    logged,
    runtime: await start(),
    async startRuntime() {
      rig.runtime = await start();
    },
    async demoOrder(uid, changes = {}) {
      const podUID = `pod-${uid}`;
      const { podIP } = await pods.ensure(podUID);
      return {
        uid,
        namespace: "default",
        name: `demo-${uid.slice(0, 8)}`,
        claim: { node: NODE, bootID: rig.runtime.bootID, epoch: 1 },
        version: "100",
        desired: "running",
        graceSeconds: 30,
        anchor: { podUID, podName: `virt-launcher-${uid}`, podIP },
        spec: demo.spec.template.spec,
        files: {},
        ...changes,
      };
    },
    ask: (method, path, body, identity = pki.control) => ask(pki, identity, rig.runtime.url + path, method, body),
    tell: async (headers, body, identity) =>
      ask(pki, identity ?? (await pki.node(NODE)), `${control.url}/events`, "POST", body, headers),
    async order(order) {
      const reply = await rig.ask("PUT", `/machines/${order.uid}`, order);
      if (reply.status !== 200) throw new Error(`${reply.status} ${reply.body}`);
      return JSON.parse(reply.body) as MachineStatus;
    },
    status: (uid) => rig.runtime.machines().find((machine) => machine.uid === uid),
    async until(uid, state, seconds = 60) {
      return vi.waitFor(
        () => {
          const status = rig.status(uid);
          if (status?.state !== state) throw new Error(`${uid} is ${JSON.stringify(status)}, not ${state}`);
          return status;
        },
        { timeout: seconds * 1000, interval: 20 },
      );
    },
    console: (uid, query = "") =>
      new WebSocket(`${rig.runtime.url.replace("https", "wss")}/machines/${uid}/console${query}`, {
        ca: pki.authority,
        cert: pki.control.cert,
        key: pki.control.key,
      }),
    async close() {
      try {
        // A test that failed may have left a runtime that is closed: it ends nothing any more, but the bench does.
        await Promise.race([rig.runtime.stopAll(0), wait(systemClock, 20_000)]);
        await rig.runtime.close();
        await control.close();
        await pods.endAll();
        await rm(state, { recursive: true, force: true });
      } finally {
        await bench.close();
      }
    },
  };
  return rig;
}

async function serveControl(pki: Pki, events: CloudEvent[]): Promise<{ url: string; close(): Promise<void> }> {
  const app = createIngress({
    publish: async (event) => void events.push(event),
    identityOf: (context) => {
      const { socket } = (context.env as HttpBindings).incoming;
      const names = "getPeerCertificate" in socket ? peerNames(socket) : "";
      const node = /URI:virtive:\/\/node\/([a-z0-9-]+)/.exec(names)?.[1];
      return node === undefined ? undefined : { node };
    },
    leaseSeconds: 10,
    clock: systemClock,
    log: silentLog,
  });
  const server: Server = createServer({
    cert: pki.control.cert,
    key: pki.control.key,
    ca: pki.authority,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const listener = getRequestListener(app.fetch);
  server.on("request", (incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function peerNames(socket: object): string {
  return (socket as { getPeerCertificate(): { subjectaltname?: string } }).getPeerCertificate().subjectaltname ?? "";
}

function ask(
  pki: Pki,
  identity: Identity,
  url: string,
  method: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { cert, key } = identity;
    const sent = request(url, { method, headers, ca: pki.authority, cert, key, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  });
}
