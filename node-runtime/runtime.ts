/**
 * The node runtime: one object a node, which takes orders, has one driver a machine, and tells what became of it.
 * It holds no credentials of the cluster. Guests do not depend on it: it can go and come back at any moment, and finds
 * them as they are. Several can live in one process.
 */
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ReportName } from "#events/catalogue.ts";
import { systemRandom, type Random } from "#events/chance.ts";
import { systemClock, type Clock } from "#events/clock.ts";
import type { Log } from "#events/log.ts";
import type { Heartbeat, MachineStatus, NodeCpu } from "#events/machine.ts";
import { openOutbox } from "#events/outbox.ts";
import { sqliteOutboxStore } from "#events/outbox-store.ts";
import { openBootIdentity } from "./boot-identity.ts";
import { openConsoles } from "./console/consoles.ts";
import { controlClient, type ClientTls, type ControlClient } from "./control-client.ts";
import { realDisk, type Disk } from "./disk.ts";
import { describedDomains } from "./driver/description.ts";
import type { DomainDescription, MachineAnchor, MachineNetwork, MachineVolumes } from "./driver/ports.ts";
import type { GuestUser } from "./host/configuration.ts";
import { mayHandlePageFaults } from "./host/page-faults.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { ImageStore } from "./images/image.ts";
import { Machines } from "./machines.ts";
import { peerClient } from "./migration/peer-client.ts";
import type { PeerServerOptions } from "./migration/peer-server.ts";
import { peersWithin } from "./migration/peers-within.ts";
import { openWires } from "./migration/wires.ts";
import { Records } from "./records.ts";
import { sendEvent, startReporter, type Reporter } from "./reporter.ts";
import { serveOrders, type Listen, type Served, type ServerTls } from "./server.ts";
import type { ClaimedVolumes } from "./volumes/claimed.ts";
import { prepareVolumes, removeVolumes } from "./volumes/prepare.ts";

export interface RuntimeOptions {
  /** The node's name in the cluster. */
  readonly node: string;
  /** This node's alone: records, disks, console history, outbox. */
  readonly stateDirectory: string;
  readonly hypervisor: Hypervisor;
  /** Identity of this boot of the machine. */
  readonly hostBootID: string;
  readonly capacity: Heartbeat["capacity"];
  readonly accelerator: "kvm" | "tcg";
  /** Path of QEMU, or of the wrapper that becomes it. */
  readonly emulator: string;
  /** Whose QEMU's processes are; root's when unset. */
  readonly guestUser?: GuestUser;
  readonly images: ImageStore;
  readonly network: MachineNetwork;
  readonly anchor?: MachineAnchor;
  readonly claims?: ClaimedVolumes;
  /** Where reports and heartbeats go, and who we are there. */
  readonly control: {
    readonly url: string;
    readonly tls: ClientTls;
    /** The way there when it is another than HTTPS, such as within this process. */
    readonly client?: ControlClient;
  };
  /** As DriverPorts says. */
  readonly orderLasts?: () => Promise<void>;
  readonly listen: Listen;
  /** What other runtimes of this process serve their peers; undefined for a node that is elsewhere. */
  readonly peersHere?: (node: string) => PeerServerOptions | undefined;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly disk?: Disk;
  readonly domain?: DomainDescription;
  /** Where machines' disks come from; by default made in each machine's own directory, out of `images`. */
  readonly volumes?: MachineVolumes;
  /** For the heartbeat: names and versions of what runs here. */
  readonly versions?: Readonly<Record<string, string>>;
  /** What guests can have here; `versions.cpu` is its hash. */
  readonly cpu?: NodeCpu;
}

export interface Runtime {
  /** Where it takes orders. */
  readonly url: string;
  readonly node: string;
  /** Identity of this life of the node, which orders must name. */
  readonly bootID: string;
  /** What its server serves, for callers in this process. */
  readonly served: Served;
  /** What it serves other nodes' runtimes, for those in this process. */
  readonly peers: PeerServerOptions;
  machines(): readonly MachineStatus[];
  /** True while a machine that has not stopped has this anchor pod. */
  usesPod(podUID: string): boolean;
  /** Whether the control plane's lease for this node holds. */
  leaseValid(): boolean;
  /** Another certificate, or other authorities, for connections that are made from now on. */
  renew(tls: ServerTls): void;
  /** Resolves when no machine lives here any more. */
  drained(): Promise<void>;
  /** Ends all guests, gracefully within the time; resolves when they are gone, disks and network too. */
  stopAll(graceSeconds: number): Promise<void>;
  /** Lets go: guests go on, and the next runtime on this state directory takes them up. */
  close(): Promise<void>;
}

/** How long orders and questions wait for what the hypervisor says of the machines that were here before. */
const FIRST_LOOK_MILLISECONDS = 2_000;

async function withinFirstLook(machines: Machines, clock: Clock): Promise<void> {
  const over = new AbortController();
  const cancel = clock.schedule(FIRST_LOOK_MILLISECONDS, () => over.abort());
  await machines.looked(over.signal);
  cancel();
}

/** @throws Fault refused, later: it can't run here so, or not now */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { node, stateDirectory, hypervisor, log, images } = options;
  const { clock = systemClock, random = systemRandom, disk = realDisk, domain = describedDomains } = options;
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const files = { directory: stateDirectory, disk, log };
  const bootID = await openBootIdentity({
    ...files,
    hostBootID: options.hostBootID,
    hypervisor,
    domain,
    uuid: randomUUID,
    begins: () => Records.dropUnreadable(files),
    clock,
  });
  const records = await Records.open({ ...files, node, bootID, clock });
  const client = options.control.client ?? controlClient(options.control);
  const outbox = openOutbox({
    store: sqliteOutboxStore(join(stateDirectory, "outbox.db"), log),
    send: (event, signal) => sendEvent(client, event, signal),
    clock,
    random,
    log,
  });
  const { guestUser } = options;
  const wires = await openWires(stateDirectory, guestUser);
  const peers = peerClient({ tls: options.control.tls, departureWire: wires.departure, guestUser, log });
  const consoles = openConsoles({
    hypervisor,
    pathOf: (uid) => join(records.directoryOf(uid), "console.log"),
    clock,
    log,
  });
  // Machines tell before it is known where orders are taken, which the reporter needs: their reports wait for it.
  const early: { report: ReportName; status: MachineStatus }[] = [];
  const line: { tell: Reporter["tell"] } = { tell: (report, status) => void early.push({ report, status }) };
  const machines = new Machines({
    node,
    hypervisor,
    records,
    ports: {
      volumes: options.volumes ?? {
        prepare: (order, signal) =>
          prepareVolumes({
            order,
            directory: records.directoryOf(order.uid),
            images,
            owner: options.guestUser,
            claims: options.claims,
            log,
            signal,
          }),
        async remove(uid) {
          await options.claims?.remove(uid);
          await removeVolumes(records.directoryOf(uid));
        },
      },
      network: options.network,
      anchor: options.anchor,
      domain,
      consoles,
      peers: options.peersHere === undefined ? peers : peersWithin(peers, node, options.peersHere),
      directoryOf: (uid) => records.directoryOf(uid),
      arrivalWire: wires.arrival,
      orderLasts: options.orderLasts,
      clock,
      random,
      log,
      facts: {
        postCopy: mayHandlePageFaults(guestUser === undefined),
        node,
        accelerator: options.accelerator,
        emulator: options.emulator,
        addressesFollow: options.network.addressesFollow,
      },
    },
    tell: (report, status) => {
      log.info({ uid: status.uid, report, state: status.state, sequence: status.sequence }, "report");
      line.tell(report, status);
    },
  });
  await withinFirstLook(machines, clock);
  const arriving: PeerServerOptions = { arrivals: machines, wireOf: wires.arrival };
  const server = await serveOrders({
    listen: options.listen,
    identity: { node, bootID, ...(options.cpu === undefined ? {} : { cpu: options.cpu }) },
    machines,
    consoles,
    peers: arriving,
    log,
  });
  const reporter = startReporter({
    client,
    outbox,
    clock,
    log,
    monotonic: () => performance.now(),
    machines: () => machines.all(),
    hypervisorReady: () => hypervisor.connected,
    node: {
      node,
      bootID,
      url: server.url,
      capacity: options.capacity,
      accelerator: options.accelerator,
      versions: { ...options.versions },
    },
  });
  line.tell = (report, status) => reporter.tell(report, status);
  for (const { report, status } of early) reporter.tell(report, status);
  log.info({ node, url: server.url, machines: machines.all().length }, "node runtime takes orders");

  return {
    url: server.url,
    node,
    bootID,
    served: machines,
    peers: arriving,
    machines: () => machines.all(),
    usesPod: (podUID) => machines.usesPod(podUID),
    leaseValid: () => reporter.leaseValid(),
    renew(tls) {
      server.renew(tls);
      client.renew(tls);
      peers.renew(tls);
    },
    drained: () => machines.drained(),
    stopAll: (graceSeconds) => machines.stopAll(graceSeconds),
    async close() {
      await server.close();
      await machines.close();
      await consoles.close();
      await reporter.close();
      await outbox.close();
      peers.close();
      client.close();
    },
  };
}
