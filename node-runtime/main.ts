/**
 * The node runtime as a process: virtive-node, in a privileged pod of each node of a cluster. environment.ts says what
 * it is told. It needs the node's PID and network namespaces.
 *
 * SIGTERM: it lets go. Guests go on, and the next runtime of the node takes them up.
 */
import { mkdir, readdir } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { asFault } from "#events/fault.ts";
import { isMissing } from "#events/file-fault.ts";
import { GUEST_USER } from "#events/machine.ts";
import type { Log } from "#events/log.ts";
import { logLevel } from "#events/log-level.ts";
import { Gates } from "./anchor/gate.ts";
import { claimedVolumes } from "./anchor/claims.ts";
import { machineAnchor } from "./anchor/machine-anchor.ts";
import { AnchorPods } from "./anchor/pods.ts";
import { installWrapper } from "./anchor/wrapper.ts";
import { realDisk } from "./disk.ts";
import { readEnvironment, type Environment } from "./environment.ts";
import { EMULATOR, emulatorVersion, probeAccelerator } from "./host/accelerator.ts";
import { startOwnMachine } from "./host/own-machine.ts";
import { openImageStore } from "./images/store.ts";
import { cpuHash } from "./libvirt/cpu-facts.ts";
import { openLibvirt } from "./libvirt/hypervisor.ts";
import { joinCluster } from "./membership.ts";
import { guestLinks } from "./network/guest-link.ts";
import { readyPrograms, useProgramsOf } from "./programs.ts";
import { startRuntime } from "./runtime.ts";

/** KubeVirt's default for machines a node. */
const MOST_MACHINES = 110;
/** The machine's first process: by it the machine's own files and control groups are seen. */
const FIRST_PROCESS = 1;
/** For names that must differ between installations on one machine. */
const INSTALLATION = "node";

async function start(environment: Environment, log: Log, ended: AbortSignal): Promise<() => Promise<void>> {
  const { node, stateDirectory, runDirectory } = environment;
  if (environment.programs === "node") useProgramsOf(FIRST_PROCESS);
  readyPrograms();
  // Guests must get through to what is theirs in there; each folder in them has its own mode.
  for (const directory of [stateDirectory, runDirectory]) await mkdir(directory, { recursive: true, mode: 0o755 });
  const [probe, version] = await Promise.all([
    probeAccelerator({ cacheDirectory: join(stateDirectory, "cache") }),
    emulatorVersion(),
  ]);
  log.info({ qemu: version, accelerator: probe.accelerator }, probe.because);
  const machine = await startOwnMachine({
    name: node,
    stateDirectory: join(stateDirectory, "libvirt"),
    runDirectory: join(runDirectory, "libvirt"),
    user: GUEST_USER,
    kvm: probe.accelerator === "kvm",
    disk: realDisk,
    log,
  });
  const gatesDirectory = join(runDirectory, "gates");
  const gates = await Gates.open({ directory: gatesDirectory, pidFile: machine.pidFile });
  const emulator = await installWrapper({
    directory: join(stateDirectory, "bin"),
    gates: gatesDirectory,
    emulator: EMULATOR,
  });
  const pods = new AnchorPods({
    machine: `/proc/${FIRST_PROCESS}/root`,
    directory: join(runDirectory, "pods"),
    disk: realDisk,
  });
  const hypervisor = openLibvirt({ socketPath: machine.socketPath, log });
  await hypervisor.ready();
  const cpu = await hypervisor.learn(emulator);
  const membership = await joinCluster({ ...environment, directory: stateDirectory, disk: realDisk, log }, ended);
  const { imageLayouts } = environment;
  const runtime = await startRuntime({
    node,
    stateDirectory: join(stateDirectory, "runtime"),
    hypervisor,
    hostBootID: machine.bootID,
    capacity: { ...machine.capacity(), machines: MOST_MACHINES },
    accelerator: probe.accelerator,
    emulator,
    guestUser: GUEST_USER,
    images: openImageStore({
      directory: join(stateDirectory, "images"),
      localLayouts: imageLayouts === undefined ? [] : () => layoutsIn(imageLayouts),
      log,
    }),
    network: guestLinks({
      instance: INSTALLATION,
      node,
      hypervisorNamespace: undefined,
      directory: join(runDirectory, "links"),
      pods,
      adopt: async (podUID, pid) => (await pods.groups(podUID))?.adopt(pid),
      log,
    }),
    anchor: machineAnchor(pods, gates),
    claims: claimedVolumes({
      directory: join(runDirectory, "volumes"),
      devices: "/dev/virtive",
      pods,
      owner: GUEST_USER,
    }),
    control: { url: environment.controlURL, tls: membership.tls },
    listen: {
      host: environment.bind,
      port: environment.port,
      tls: membership.tls,
      mayOrder: (uris) => uris.includes(membership.controlURI),
    },
    versions: { qemu: version, kernel: release(), cpu: cpuHash(cpu) },
    cpu,
    log,
  });
  membership.onRenewed((tls) => runtime.renew(tls));
  return async () => {
    membership.close();
    await runtime.close();
    await hypervisor.close();
    await machine.stop();
  };
}

/** Each folder, or link to one, is a layout; looked up at each pull. */
async function layoutsIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).map((name) => join(directory, name));
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}

const log = pino({ base: null });
const ended = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ended.abort());
try {
  log.level = logLevel();
  const stop = await start(readEnvironment(process.env), log, ended.signal);
  if (!ended.signal.aborted) await new Promise((resolve) => ended.signal.addEventListener("abort", resolve));
  log.info({}, "lets go; guests go on");
  await stop();
  process.exit(0);
} catch (thrown) {
  const { reason, message } = asFault(thrown);
  log.error({ reason }, message);
  process.exit(1);
}
