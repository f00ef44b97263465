/** The rig's nodes: real runtimes over modelled hypervisors, many in one process. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "#events/chance.ts";
import { systemClock } from "#events/clock.ts";
import type { MachineOrder } from "#events/machine.ts";
import { openInstance } from "#local/instance.ts";
import { openPki } from "#local/pki.ts";
import { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import type { Runtime } from "#node-runtime/runtime.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { bootIDOf, modelDomain, startModelNode } from "./model-node.ts";
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
        modelDomain.xml(order, { volumes: { disks: [], directory: "" }, links: [], accelerator: "tcg", emulator: "" }),
      );
      await hypervisor.resume(order.uid);
    }),
  );
  const tls = { ...(await pki.node(node)), ca: pki.authority };
  return startModelNode({ node, stateDirectory, hypervisor, controlURL: ingressURL, tls, random, disk });
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
