/** Defaults of CPUs, memory and resources: what the guest gets when it says only a part of it. Pure. */
import type { Architecture, ClusterConfig } from "../cluster-config.ts";
import { bytesOf, formatBytes, heldQuantity, isHeld, milliOf } from "../quantity.ts";
import type { CPU } from "../schema/cpu.ts";
import type { Domain } from "../schema/instance-spec.ts";
import type { Memory, Resources } from "../schema/memory.ts";
import { told } from "./told.ts";

/** A guest with more virtual CPUs is refused by the machine models. */
const MAX_VCPUS = 512;
const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** Requests follow limits, as Kubernetes does for containers. */
export function defaultResources(domain: Domain, config: ClusterConfig): Resources {
  const { requests = {}, limits = {} } = domain.resources ?? {};
  const cpu =
    requests["cpu"] ?? limits["cpu"] ?? (domain.cpu?.dedicatedCpuPlacement === true ? undefined : config.cpuRequest);
  const memory = requests["memory"] ?? limits["memory"];
  const filled = {
    ...requests,
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
  };
  return { ...domain.resources, ...(Object.keys(filled).length === 0 ? {} : { requests: filled }) };
}

/** Sockets for an amount of CPU: whole CPUs, at least one. Undefined for what is no positive amount. */
function socketsFor(amount: string | number | undefined): number | undefined {
  const held = amount === undefined ? undefined : heldQuantity(amount);
  if (amount === undefined || held === undefined || held <= 0n) return undefined;
  return Math.max(1, Math.ceil(milliOf(amount) / 1000));
}

/** KubeVirt takes 0 for "not set". */
function withoutZeros({ sockets, cores, threads, maxSockets, ...rest }: CPU): CPU {
  const counts = Object.entries({ sockets, cores, threads, maxSockets }).filter(([, count]) => (count ?? 0) !== 0);
  return { ...rest, ...(Object.fromEntries(counts) as Pick<CPU, "sockets" | "cores" | "threads" | "maxSockets">) };
}

export function defaultCPU(domain: Domain, architecture: Architecture, config: ClusterConfig): CPU {
  const cpu = withoutZeros(domain.cpu ?? {});
  const topology =
    cpu.sockets === undefined && cpu.cores === undefined && cpu.threads === undefined
      ? {
          cores: 1,
          threads: 1,
          sockets:
            socketsFor(domain.resources?.limits?.["cpu"]) ?? socketsFor(domain.resources?.requests?.["cpu"]) ?? 1,
        }
      : {};
  const full = { ...cpu, ...topology };
  const maxSockets = full.maxSockets ?? growableSockets(full, architecture, config);
  return {
    ...full,
    model: told(cpu.model) ?? config.cpuModel ?? (architecture === "arm64" ? "host-passthrough" : "host-model"),
    ...(maxSockets === undefined ? {} : { maxSockets }),
  };
}

/** Up to how many sockets CPUs can be plugged in: arm64 machines cannot at all. */
function growableSockets(cpu: CPU, architecture: Architecture, config: ClusterConfig): number | undefined {
  if (!config.liveUpdate || architecture === "arm64") return undefined;
  const sockets = cpu.sockets ?? 1;
  const perSocket = (cpu.cores ?? 1) * (cpu.threads ?? 1);
  if (config.maxCpuSockets !== undefined) return Math.max(sockets, config.maxCpuSockets);
  const most = Math.floor(MAX_VCPUS / Math.max(1, perSocket));
  return Math.max(sockets, Math.min(sockets * config.maxHotplugRatio, most));
}

export function defaultMemory(domain: Domain, architecture: Architecture, config: ClusterConfig): Memory {
  const memory = domain.memory ?? {};
  const guest = memory.guest ?? guestMemory(domain, config);
  const maxGuest = memory.maxGuest ?? growableMemory({ ...domain, memory: { ...memory, guest } }, architecture, config);
  return { ...memory, ...(guest === undefined ? {} : { guest }), ...(maxGuest === undefined ? {} : { maxGuest }) };
}

/** Memory that the guest sees when only its pod's is given. */
function guestMemory(domain: Domain, config: ClusterConfig): string | number | undefined {
  const asked = domain.resources?.requests?.["memory"] ?? domain.resources?.limits?.["memory"];
  if (asked === undefined) return domain.memory?.hugepages?.pageSize;
  if (config.memoryOvercommitPercent === 100 || !isHeld(asked)) return asked;
  // Whole MiB, so that the amount stays a memory size that machines take.
  return formatBytes(Math.floor((bytesOf(asked) * config.memoryOvercommitPercent) / 100 / MIB) * MIB);
}

function growableMemory(
  domain: Domain,
  architecture: Architecture,
  config: ClusterConfig,
): string | number | undefined {
  const guest = domain.memory?.guest;
  if (!config.liveUpdate || architecture !== "amd64" || guest === undefined) return undefined;
  if (whyMemoryCannotGrow(domain, guest) !== undefined) return undefined;
  const most =
    config.maxGuest !== undefined && isHeld(config.maxGuest)
      ? bytesOf(config.maxGuest)
      : bytesOf(guest) * config.maxHotplugRatio;
  return most > bytesOf(guest) && Number.isSafeInteger(most) ? formatBytes(most) : undefined;
}

/** Why memory cannot be plugged into this guest, for people; undefined when it can. */
export function whyMemoryCannotGrow(domain: Domain, guest: string | number): string | undefined {
  if (!isHeld(guest)) return "its memory is no quantity";
  if (domain.cpu?.realtime !== undefined) return "it is a real-time guest";
  if (domain.launchSecurity !== undefined) return "its memory is encrypted";
  if (domain.cpu?.numa?.guestMappingPassthrough !== undefined) return "its NUMA nodes are passed through";
  const bytes = bytesOf(guest);
  if (bytes < GIB) return "it has less than 1Gi of memory";
  const unit = pageBytes(domain) ?? 2 * MIB;
  if (bytes % unit !== 0) return `its memory is not a multiple of ${formatBytes(unit)}`;
  return undefined;
}

/** Bytes of the huge pages that back the guest; undefined without. */
export function pageBytes(domain: Domain): number | undefined {
  const size = domain.memory?.hugepages?.pageSize;
  const held = size === undefined ? undefined : heldQuantity(size);
  return size === undefined || held === undefined || held <= 0n ? undefined : bytesOf(size);
}
