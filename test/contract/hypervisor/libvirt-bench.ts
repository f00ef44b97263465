/** The contract's bench over the real thing: a node of its own, libvirtd, QEMU processes and the tiny guest. */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { vi } from "vitest";
import { silentLog, type Log } from "#events/log.ts";
import { EMULATOR } from "#node-runtime/host/accelerator.ts";
import { LIBVIRTD } from "#node-runtime/host/daemon.ts";
import { startHost, type Host } from "#node-runtime/host/host.ts";
import { layoutOf } from "#node-runtime/host/layout.ts";
import { guestProcesses } from "#node-runtime/host/namespaces.ts";
import { openLibvirt } from "#node-runtime/libvirt/hypervisor.ts";
import type { Bench } from "./suite.ts";
import { tinyGuestXml, writeTinyGuest } from "./tiny-guest.ts";

/** Why guests cannot run here; undefined when they can. */
export function whyNoLibvirt(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  if (!existsSync(LIBVIRTD)) return "libvirt is not installed";
  if (!existsSync(EMULATOR)) return "QEMU is not installed";
  return undefined;
}

export interface LibvirtBench extends Bench {
  readonly host: Host;
  readonly stateDirectory: string;
  guestPath: string;
  pidOf(name: string): number;
  daemonPid(): number;
}

export async function openLibvirtBench(
  options: { readonly name?: string; readonly log?: Log } = {},
): Promise<LibvirtBench> {
  // In /tmp whatever TMPDIR says: the path of a socket in it is short.
  const root = await mkdtemp("/tmp/vt-");
  const stateDirectory = join(root, "n");
  const guestPath = join(root, "guest");
  await writeTinyGuest(guestPath);
  const log = options.log ?? silentLog;
  const node = { name: options.name ?? "contract", stateDirectory, instance: root };
  const layout = layoutOf(node);
  const host = await startHost({ ...node, log });
  const hypervisor = openLibvirt({ socketPath: host.socketPath, log });
  const pidIn = (path: string): number => Number(readFileSync(path, "utf8").trim());
  const bench: LibvirtBench = {
    hypervisor,
    host,
    stateDirectory,
    guestPath,
    xml: ({ name, uuid }) => tinyGuestXml({ name, uuid, path: guestPath }),
    pidOf: (name) => pidIn(join(stateDirectory, "run/qemu", `${name}.pid`)),
    daemonPid: () => pidIn(join(stateDirectory, "run/libvirtd.pid")),
    // Its words at boot may be over already: it is up when it echoes.
    guestIsUp: (uuid) => echoes(uuid, "?"),
    guestPowersItselfOff: (uuid) => say(uuid, "o"),
    guestPanics: (uuid) => say(uuid, "p"),
    guestOutrunsCopying: (uuid) => echoes(uuid, "d"),
    async processIsKilled(uuid) {
      const domain = await hypervisor.domain(uuid);
      process.kill(bench.pidOf(domain?.name ?? ""), "SIGKILL");
    },
    async daemonRestarts() {
      process.kill(bench.daemonPid(), "SIGKILL");
    },
    async close() {
      try {
        if (hypervisor.connected) for (const { uuid } of await hypervisor.list()) await hypervisor.destroy(uuid);
      } finally {
        await hypervisor.close();
        // After a failed test too: what libvirt could not end is ended here.
        for (const guest of guestProcesses(layout)) {
          process.kill(guest.pid, "SIGKILL");
          await vi.waitUntil(() => !guest.alive(), { timeout: 10_000 });
        }
        await host.stop();
        await rm(root, { recursive: true, force: true });
      }
    },
  };
  async function echoes(uuid: string, letter: string): Promise<void> {
    const console = await hypervisor.console(uuid);
    let heard = "";
    console.on("data", (chunk: Buffer) => (heard += chunk.toString("utf8")));
    await vi.waitUntil(
      () => {
        if (!heard.includes(letter)) console.write(letter);
        return heard.includes(letter);
      },
      { timeout: 20_000, interval: 50 },
    );
    console.destroy();
  }
  async function say(uuid: string, letter: string): Promise<void> {
    const console = await hypervisor.console(uuid);
    console.on("error", () => undefined).resume();
    await new Promise((resolve) => console.write(letter, resolve));
  }
  return bench;
}
