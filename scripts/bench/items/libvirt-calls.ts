/**
 * Calls a second of our libvirt client on one connection, one after the other, beside `virsh` started for each, on the
 * same libvirtd: what a list of all domains takes.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { silentLog } from "#events/log.ts";
import { openInstance } from "#local/instance.ts";
import { teardown } from "#local/teardown.ts";
import { startHost } from "#node-runtime/host/host.ts";
import { openLibvirt } from "#node-runtime/libvirt/hypervisor.ts";
import { sampled, type FigureSpec } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { summarize } from "../samples.ts";

const run = promisify(execFile);
const CALLS_A_ROUND = 50;

export const libvirtCalls: BenchItem = {
  name: "libvirt-calls",
  about: "a call of our libvirt client beside `virsh` started for each call",
  quick: true,
  mostSeconds: 300,
  needsNode: true,
  run: bench,
};

async function bench({ quick, rounds = quick ? 10 : 30, say, signal }: BenchContext): Promise<readonly FigureSpec[]> {
  const instance = await openInstance(await mkdtemp(join(tmpdir(), "vt-")));
  const name = "node-1";
  try {
    const host = await startHost({
      name,
      stateDirectory: instance.paths.host(name),
      instance: instance.id,
      log: silentLog,
    });
    const hypervisor = openLibvirt({ socketPath: host.socketPath, log: silentLog });
    const uri = `qemu+unix:///system?socket=${host.socketPath}`;
    const ours: number[] = [];
    const virsh: number[] = [];
    try {
      await hypervisor.ready();
      // In turns; the first round warms both.
      for (let round = -1; round < rounds; round += 1) {
        signal.throwIfAborted();
        const begun = performance.now();
        for (let call = 0; call < CALLS_A_ROUND; call += 1) await hypervisor.list();
        const between = performance.now();
        await run("virsh", ["-q", "-c", uri, "list", "--all"]);
        if (round < 0) continue;
        ours.push((between - begun) / CALLS_A_ROUND);
        virsh.push(performance.now() - between);
      }
    } finally {
      await hypervisor.close();
      await host.detach();
    }
    const baseline = summarize(virsh);
    return [
      sampled(
        {
          name: "list",
          title: `all domains, a call (mean of ${CALLS_A_ROUND})`,
          unit: "ms",
          better: "less",
          baseline: { title: "virsh list --all", value: baseline.median, samples: baseline },
          promise: { of: "ratio", at: "most", limit: 0.1 },
        },
        summarize(ours),
      ),
    ];
  } finally {
    await teardown(instance, { graceSeconds: 0, progress: say });
    await rm(instance.directory, { recursive: true, force: true });
  }
}
