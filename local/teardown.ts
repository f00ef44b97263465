/**
 * Ends what an instance has on the machine, whoever left it: guests by ACPI and then by force, libvirtd, namespaces, the
 * pod network. Works without the process that started it, so that `down` cleans up after kill -9 as well.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "#events/file-fault.ts";
import { silentLog } from "#events/log.ts";
import { realDisk } from "#node-runtime/disk.ts";
import { hostRuns, startHost } from "#node-runtime/host/host.ts";
import type { Hypervisor } from "#node-runtime/hypervisor.ts";
import { openLibvirt } from "#node-runtime/libvirt/hypervisor.ts";
import { openPodNetwork } from "#node-runtime/network/pod-network.ts";
import type { Instance } from "./instance.ts";

export interface TeardownOptions {
  /** Seconds that guests get to shut down by themselves. */
  readonly graceSeconds: number;
  readonly progress: (line: string) => void;
}

const LOOK_EVERY_MILLISECONDS = 200;
/** A guest that is still booting misses the button: it is pressed again. */
const PRESS_EVERY_MILLISECONDS = 3_000;

export async function teardown(instance: Instance, options: TeardownOptions): Promise<void> {
  const failures: unknown[] = [];
  // One node that can't be ended must not keep the others and the network.
  for (const node of await entries(join(instance.directory, "nodes"))) {
    await endNode(instance, node, options).catch((failure: unknown) => failures.push(failure));
  }
  if ((await entries(instance.paths.network)).length > 0) {
    const network = await openPodNetwork({
      instance: instance.id,
      directory: instance.paths.network,
      disk: realDisk,
      log: silentLog,
    });
    await network.endAll();
  }
  if (failures.length > 0) throw failures[0];
}

async function endNode(instance: Instance, name: string, options: TeardownOptions): Promise<void> {
  const place = { name, stateDirectory: instance.paths.host(name), instance: instance.id };
  if (!(await hostRuns(place))) return;
  const host = await startHost({ ...place, log: silentLog });
  const hypervisor = openLibvirt({ socketPath: host.socketPath, log: silentLog });
  try {
    await hypervisor.ready();
    await endGuests(hypervisor, options.graceSeconds, (line) => options.progress(`${name}: ${line}`));
  } finally {
    await hypervisor.close();
  }
  options.progress(`${name}: ending the node`);
  await host.stop();
}

async function endGuests(
  hypervisor: Hypervisor,
  graceSeconds: number,
  progress: (line: string) => void,
): Promise<void> {
  let guests = await hypervisor.list();
  if (guests.length > 0) progress(`ending ${guests.length} guests: ${guests.map((guest) => guest.name).join(", ")}`);
  const end = Date.now() + graceSeconds * 1000;
  let pressed = 0;
  while (guests.length > 0 && Date.now() < end) {
    if (Date.now() - pressed >= PRESS_EVERY_MILLISECONDS) {
      pressed = Date.now();
      // A paused guest can't shut down; one that ends in this moment refuses the call: the next look tells.
      for (const { uuid } of guests) await hypervisor.resume(uuid).catch(() => undefined);
      for (const { uuid } of guests) await hypervisor.shutdown(uuid).catch(() => undefined);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MILLISECONDS));
    guests = await hypervisor.list();
  }
  for (const { uuid, name } of guests) {
    if (graceSeconds > 0) progress(`${name} did not shut down in ${graceSeconds} s: it is ended`);
    await hypervisor.destroy(uuid);
  }
}

async function entries(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
