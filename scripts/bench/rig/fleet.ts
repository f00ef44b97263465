/** The rig's nodes: real runtimes over modelled hypervisors, many in one process. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "#events/chance.ts";
import { systemClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { CONTROL_URI } from "#events/identities.ts";
import { silentLog } from "#events/log.ts";
import type { MachineOrder } from "#events/machine.ts";
import { openInstance } from "#local/instance.ts";
import { openPki } from "#local/pki.ts";
import type { DomainDescription } from "#node-runtime/driver/ports.ts";
import { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import { startRuntime, type Runtime } from "#node-runtime/runtime.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { timeNow, type Changed, type FleetOptions } from "./messages.ts";
import { optionsOf, serve } from "./serve.ts";

const { directory, stateDirectory: states, ingressURL, nodes, orders } = optionsOf<FleetOptions>();
const instance = await openInstance(directory);
const pki = await openPki(instance.paths.pki);
const random = seededRandom(1);
const starts = new Map<string, number>();
/** Machines whose vCPUs run, with the hypervisor that has them. */
const running = new Map<string, ModelHypervisor>();
/** Machines whose guest agent is connected. */
const agents = new Set<string>();
let changes = 0;

const domain: DomainDescription = {
  uuid: ({ uid }) => uid,
  xml: ({ uid, namespace, name, claim }) =>
    `<domain><name>${namespace}_${name}</name><uuid>${uid}</uuid><mark>${uid}/${claim.epoch}</mark></domain>`,
  targets: () => [],
  interfaces: () => [{ name: "default", mac: "02:00:00:00:00:01", ipAddresses: ["10.0.0.2"], ipAddress: "10.0.0.2" }],
  copied: () => [],
  incoming: (xml) => xml,
  name: ({ namespace, name }) => `${namespace}_${name}`,
  claimOf: (xml) => {
    const found = /<mark>(.*)\/(\d+)<\/mark>/.exec(xml);
    return found === null ? undefined : { uid: found[1] ?? "", epoch: Number(found[2]) };
  },
};

const noImages = {
  pull: async (reference: string) => {
    throw new Fault("refused", "ImageRefused", `the model has no image ${reference}`);
  },
  extractFile: async () => {
    throw new Fault("refused", "DiskNotFound", "the model has no images");
  },
  prune: async () => 0,
};

const there = orders === undefined ? [] : (JSON.parse(await readFile(orders, "utf8")) as MachineOrder[]);
const byNode = Map.groupBy(there, ({ claim }) => claim.node);
const runtimes: Runtime[] = [];
for (const node of nodes) runtimes.push(await startNode(node, byNode.get(node) ?? []));
serve({}, { change, starts: () => [...starts] }, async () => {
  await Promise.all(runtimes.map((runtime) => runtime.close()));
});

async function startNode(node: string, already: readonly MachineOrder[]): Promise<Runtime> {
  const hypervisor = new ModelHypervisor({ clock: systemClock, random, latency: { least: 0, most: 2 } });
  hypervisor.onEvent(({ uuid, event }) => {
    if (event === "resumed") {
      if (!starts.has(uuid)) starts.set(uuid, timeNow());
      running.set(uuid, hypervisor);
    } else if (event === "stopped") running.delete(uuid);
  });
  const stateDirectory = join(states, node);
  await mkdir(stateDirectory, { recursive: true });
  const disk = new MemoryDisk();
  // It has been here before, and so have its machines.
  const boot = { host: bootIDOf(node), bootID: bootIDOf(node) };
  await disk.replace(join(stateDirectory, "boot.json"), JSON.stringify(boot));
  await Promise.all(
    already.map(async (order) => {
      const notes = { order, acceptedAt: new Date().toISOString(), mayHaveRun: true, sequenceCeiling: 64 };
      await disk.replace(join(stateDirectory, "machines", order.uid, "record.json"), JSON.stringify(notes));
      await hypervisor.createPaused(
        domain.xml(order, { volumes: { disks: [], directory: "" }, links: [], accelerator: "tcg", emulator: "" }),
      );
      await hypervisor.resume(order.uid);
    }),
  );
  const tls = { ...(await pki.node(node)), ca: pki.authority };
  return startRuntime({
    node,
    stateDirectory,
    hypervisor,
    hostBootID: bootIDOf(node),
    capacity: { cpus: 256, memoryBytes: 2 ** 40, machines: 10_000 },
    accelerator: "tcg",
    emulator: "/usr/bin/model",
    images: noImages,
    network: { up: async () => ({ links: [], serve: async () => undefined }), down: async () => undefined },
    control: { url: ingressURL, tls },
    listen: { host: "127.0.0.1", port: 0, tls, mayOrder: (uris) => uris.includes(CONTROL_URI) },
    versions: { qemu: "0.0.0", kernel: "0.0.0" },
    log: silentLog,
    random,
    disk,
    domain,
  });
}

function bootIDOf(node: string): string {
  return `00000000-0000-4000-8000-${node.replace(/\D/g, "").padStart(12, "0")}`;
}

/**
 * One of the machines, each before any a second time: its guest agent connects, or where it is connected already, goes.
 * (An agent that comes and goes at once need never be seen: what is, is told, not what was.)
 */
function change(): Changed {
  const all = [...running];
  changes += 1;
  const [uid, hypervisor] = all[changes % all.length] ?? [];
  if (uid === undefined || hypervisor === undefined) throw new Error("no machine runs");
  const agent = !agents.has(uid);
  if (agent) agents.add(uid);
  else agents.delete(uid);
  const at = timeNow();
  if (agent) hypervisor.startAgent(uid);
  else hypervisor.stopAgent(uid);
  return { uid, agent, at };
}
