/**
 * A node of the local shape as a process of its own: the real host, libvirt and runtime. At points of a move that the test
 * has armed it stands still until the test lets it go on, so that something can be killed at that very moment.
 */
import { join } from "node:path";
import { CONTROL_URI } from "#events/identities.ts";
import { openInstance } from "#local/instance.ts";
import { openPki } from "#local/pki.ts";
import { realDisk, type Disk } from "#node-runtime/disk.ts";
import { EMULATOR } from "#node-runtime/host/accelerator.ts";
import { startHost } from "#node-runtime/host/host.ts";
import type { Hypervisor } from "#node-runtime/hypervisor.ts";
import { openImageStore } from "#node-runtime/images/store.ts";
import { openLibvirt } from "#node-runtime/libvirt/hypervisor.ts";
import { guestLinks } from "#node-runtime/network/guest-link.ts";
import type { PodPlace } from "#node-runtime/network/pod-network.ts";
import { startRuntime } from "#node-runtime/runtime.ts";
import { linkToTest, optionsOf } from "./link.ts";
import { logTo } from "./log.ts";

export interface NodeOptions {
  readonly directory: string;
  readonly name: string;
  readonly controlURL: string;
  readonly layouts: readonly string[];
}

/**
 * - target: `incoming`: asked to prepare, and has not; `prepared`: its domain waits; `finishing`: on disk that it may run;
 *   `finished`: it runs, and nobody was told
 * - source: `copying`; `copied`: halted, and nothing was asked; `asked`: on disk that it asks; `confirming`: the target runs it
 */
export type Point = "incoming" | "prepared" | "finishing" | "finished" | "copying" | "copied" | "asked" | "confirming";

const { directory, name, controlURL, layouts } = optionsOf<NodeOptions>();
let armed: Point | undefined;
const test = linkToTest({
  arm: (point: Point | undefined) => void (armed = point),
});

async function pass(point: Point): Promise<void> {
  if (armed !== point) return;
  armed = undefined;
  await test.ask("at", point);
}

/** A node's own clocks keep no process alive. */
setInterval(() => undefined, 60_000);
const instance = await openInstance(directory);
const pki = await openPki(instance.paths.pki);
const log = logTo(instance.paths.log, name);
const host = await startHost({ name, stateDirectory: instance.paths.host(name), instance: instance.id, log });
const hypervisor = openLibvirt({ socketPath: host.socketPath, log });
await hypervisor.ready();
const tls = { ...(await pki.node(name)), ca: pki.authority };
const runtime = await startRuntime({
  node: name,
  stateDirectory: instance.paths.runtime(name),
  hypervisor: held(hypervisor),
  hostBootID: host.bootID,
  capacity: { ...host.capacity(), machines: 10 },
  accelerator: "tcg",
  emulator: EMULATOR,
  images: openImageStore({ directory: join(instance.paths.node(name), "images"), localLayouts: layouts, log }),
  network: guestLinks({
    instance: instance.id,
    node: name,
    hypervisorNamespace: host.networkNamespace,
    directory: join(instance.paths.node(name), "links"),
    pods: {
      find: async (podUID) => (await test.ask<PodPlace | null>("find", podUID)) ?? undefined,
      hold: (podUID) => test.ask("hold", podUID),
    },
    log,
  }),
  control: { url: controlURL, tls },
  listen: { host: "127.0.0.1", port: 0, tls, mayOrder: (uris) => uris.includes(CONTROL_URI) },
  disk: heldDisk(realDisk),
  log,
});
await test.ask("ready", { url: runtime.url, networkNamespace: host.networkNamespace });

function held(real: Hypervisor): Hypervisor {
  return new Proxy(real, {
    get(target, property) {
      if (property === "outgoing") return outgoing;
      if (property === "incoming") return incoming;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });

  async function outgoing(uuid: string): ReturnType<Hypervisor["outgoing"]> {
    const one = await real.outgoing(uuid);
    return {
      begin: (parameters) => one.begin(parameters),
      async copy(cookie, wire, parameters) {
        const copied = one.copy(cookie, wire, parameters);
        copied.catch(() => undefined); // awaited below
        await pass("copying");
        const handed = await copied;
        await pass("copied");
        return handed;
      },
      async confirm(cookie, moved, parameters) {
        if (moved) await pass("confirming");
        return one.confirm(cookie, moved, parameters);
      },
      figures: () => one.figures(),
      tune: (tuning) => one.tune(tuning),
      halt: () => one.halt(),
      startPostCopy: () => one.startPostCopy(),
      abort: () => one.abort(),
      close: () => one.close(),
    };
  }

  async function incoming(): ReturnType<Hypervisor["incoming"]> {
    const one = await real.incoming();
    return {
      async prepare(xml, cookie, wire, parameters) {
        await pass("incoming");
        const prepared = await one.prepare(xml, cookie, wire, parameters);
        await pass("prepared");
        return prepared;
      },
      async finish(cookie, domain, arrived, parameters) {
        if (arrived) await pass("finishing");
        const finished = await one.finish(cookie, domain, arrived, parameters);
        if (arrived) await pass("finished");
        return finished;
      },
      close: () => one.close(),
    };
  }
}

function heldDisk(real: Disk): Disk {
  return {
    ...real,
    async replace(path, text, options) {
      await real.replace(path, text, options);
      if (text.includes('"state":"asked"')) await pass("asked");
    },
  };
}
