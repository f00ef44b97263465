/** The whole local shape as it is run (`virtive serve`), with one node and no machine: memory, and CPU while nothing happens. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openInstance, runningProcess } from "#local/instance.ts";
import type { FigureSpec } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { sleep } from "../rig/rig.ts";

const run = promisify(execFile);
const VIRTIVE = join(import.meta.dirname, "../../../bin/virtive");
const START_MILLISECONDS = 120_000;
/** Work of the start ends, and garbage is collected. */
const SETTLE_MILLISECONDS = 10_000;
const TICKS_A_SECOND = 100;

export const idle: BenchItem = {
  name: "idle",
  about: "the local shape with one node and no machine: memory and CPU at rest",
  quick: true,
  mostSeconds: 300,
  needsNode: true,
  run: bench,
};

async function bench({ quick, signal }: BenchContext): Promise<readonly FigureSpec[]> {
  const directory = await mkdtemp(join(tmpdir(), "vt-"));
  const seconds = quick ? 10 : 60;
  const begun = performance.now();
  const child = spawn(VIRTIVE, ["--state", directory, "serve", "--port", "0"], { stdio: ["ignore", 2, 2] });
  try {
    const instance = await openInstance(directory);
    while ((await runningProcess(instance))?.url === undefined) {
      signal.throwIfAborted();
      if (child.exitCode !== null) throw new Error(`virtive serve ended with ${child.exitCode}`);
      if (performance.now() - begun > START_MILLISECONDS) throw new Error("virtive serve did not come up");
      await sleep(50);
    }
    const ready = performance.now() - begun;
    const pid = child.pid ?? 0;
    await sleep(SETTLE_MILLISECONDS);
    const before = await cpuSeconds(pid);
    await sleep(seconds * 1000);
    signal.throwIfAborted();
    const cpu = (await cpuSeconds(pid)) - before;
    return [
      {
        name: "ready",
        title: "from its start until the API serves and the node takes orders",
        unit: "ms",
        better: "less",
        value: ready,
      },
      {
        name: "memory",
        title: "memory of the process (RSS)",
        unit: "MiB",
        better: "less",
        value: await rssMiB(pid),
        promise: { of: "value", at: "most", limit: 150 },
      },
      { name: "cpu", title: "CPU of one core at rest", unit: "%", better: "less", value: (cpu / seconds) * 100 },
    ];
  } finally {
    await run(VIRTIVE, ["--state", directory, "down", "--grace", "0", "--purge"]);
    child.kill("SIGTERM");
    await rm(directory, { recursive: true, force: true });
  }
}

async function rssMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** User and system time of all threads. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
