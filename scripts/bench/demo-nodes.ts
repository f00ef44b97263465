/** The local shape with nodes of its own and the demo guest's image, for as long as it is measured. */
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { openInstance, type Instance } from "#local/instance.ts";
import { startLocal, type Local } from "#local/process.ts";
import { teardown } from "#local/teardown.ts";
import { Client } from "../../cli/client.ts";
import { demoGuest } from "../guest/guest.ts";
import type { Trace } from "./trace.ts";

export interface Subject {
  readonly local: Local;
  readonly instance: Instance;
  readonly trace: Trace;
  readonly client: Client;
  /** The demo's manifest. */
  readonly demo: VirtualMachine;
}

export interface DemoNodesOptions {
  readonly nodes: number;
  /** Guests move through TLS, as between machines. */
  readonly tunnels?: boolean;
  readonly trace: Trace;
  readonly say: (line: string) => void;
}

/** Leaves nothing behind, also when `use` fails. */
export async function withDemoNodes<T>(
  { nodes, tunnels = false, trace, say }: DemoNodesOptions,
  use: (subject: Subject) => Promise<T>,
): Promise<T> {
  const guest = await demoGuest({ say });
  const instance = await openInstance(await mkdtemp(join(tmpdir(), "vt-")));
  await mkdir(instance.paths.layouts);
  await symlink(guest.layout, join(instance.paths.layouts, "demo-guest"));
  let local: Local | undefined;
  try {
    local = await startLocal({ instance, nodes, tunnels, port: 0, log: trace.log, progress: say });
    const client = await Client.open(instance.paths.kubeconfig);
    const demo = parse(await readFile(join(import.meta.dirname, "../guest/demo-vm.yaml"), "utf8")) as VirtualMachine;
    return await use({ local, instance, trace, client, demo });
  } finally {
    try {
      await local?.close();
    } finally {
      await teardown(instance, { graceSeconds: 0, progress: say });
      await rm(instance.directory, { recursive: true, force: true });
    }
  }
}
