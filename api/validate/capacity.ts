/** Rules for CPUs, memory and resources. Pure. */
import { pageBytes } from "../default/capacity.ts";
import type { Architecture, ClusterConfig } from "../cluster-config.ts";
import { bytesOf, formatBytes, heldQuantity, parseQuantity, type Quantity } from "../quantity.ts";
import type { Domain } from "../schema/instance-spec.ts";
import { gateOff, invalid, missing, shown, type Cause } from "./cause.ts";

const MIN_MEMORY = parseQuantity("1M") ?? 0n;
const WHOLE_CPU = parseQuantity("1") ?? 0n;

/** `at` is the path of the domain. */
export function validateCapacity(
  domain: Domain,
  at: string,
  architecture: Architecture,
  config: ClusterConfig,
): Cause[] {
  return [
    ...validateResources(domain, at),
    ...validateMemory(domain, at, config),
    ...validateCPU(domain, at, architecture),
    ...validateDedicatedCPU(domain, at),
    ...validateTopologyExtras(domain, at),
  ];
}

/** The amount of a resource in requests or limits; undefined when it is not set or no quantity. */
function amount(domain: Domain, part: "requests" | "limits", resource: "cpu" | "memory"): Quantity | undefined {
  const value = domain.resources?.[part]?.[resource];
  return value === undefined ? undefined : parseQuantity(value);
}

function validateResources(domain: Domain, at: string): Cause[] {
  const causes: Cause[] = [];
  for (const resource of ["memory", "cpu"] as const) {
    const request = amount(domain, "requests", resource);
    const limit = amount(domain, "limits", resource);
    for (const part of ["requests", "limits"] as const) {
      const value = amount(domain, part, resource);
      const field = `${at}.resources.${part}.${resource}`;
      if (value !== undefined && value < 0n) {
        causes.push(invalid(field, `must not be negative; it is ${shown(domain.resources?.[part]?.[resource])}`));
      } else if (resource === "memory" && part === "requests" && value !== undefined && value < MIN_MEMORY) {
        causes.push(invalid(field, `must be 1M or more; it is ${shown(domain.resources?.requests?.["memory"])}`));
      }
    }
    if (request !== undefined && limit !== undefined && limit > 0n && request > limit) {
      const limitText = shown(domain.resources?.limits?.[resource]);
      causes.push(invalid(`${at}.resources.requests.${resource}`, `must not be above the limit, ${limitText}`));
    }
  }
  return causes;
}

function validateMemory(domain: Domain, at: string, config: ClusterConfig): Cause[] {
  const causes: Cause[] = [];
  const { guest, hugepages, reservedOverhead } = domain.memory ?? {};
  const parsed = guest === undefined ? undefined : parseQuantity(guest);
  if (parsed !== undefined && parsed <= 0n) {
    causes.push(invalid(`${at}.memory.guest`, `must be above 0, such as 512Mi; it is ${shown(guest)}`));
  }
  const limit = amount(domain, "limits", "memory");
  // With live updates the limit follows the guest.
  if (!config.liveUpdate && parsed !== undefined && limit !== undefined && limit > 0n && parsed > limit) {
    const limitText = shown(domain.resources?.limits?.["memory"]);
    causes.push(
      invalid(
        `${at}.memory.guest`,
        `must not be above ${at}.resources.limits.memory, ${limitText}; it is ${shown(guest)}`,
      ),
    );
  }
  if (reservedOverhead !== undefined && !config.featureGates.has("ReservedOverheadMemlock")) {
    causes.push(gateOff(`${at}.memory.reservedOverhead`, "ReservedOverheadMemlock"));
  }
  if (hugepages !== undefined) causes.push(...validateHugePages(domain, at));
  return causes;
}

function validateHugePages(domain: Domain, at: string): Cause[] {
  const size = domain.memory?.hugepages?.pageSize;
  const page = pageBytes(domain);
  if (size === undefined || page === undefined) {
    return [invalid(`${at}.memory.hugepages.pageSize`, `must be a size such as 2Mi or 1Gi; it is ${shown(size)}`)];
  }
  const { guest } = domain.memory ?? {};
  const memory = guest ?? domain.resources?.requests?.["memory"];
  if (memory === undefined || (heldQuantity(memory) ?? -1n) < 0n) return [];
  const field = guest === undefined ? `${at}.resources.requests.memory` : `${at}.memory.guest`;
  const bytes = bytesOf(memory);
  if (bytes >= page && bytes % page === 0) return [];
  return [invalid(field, `must be a multiple of the huge pages' size, ${formatBytes(page)}; it is ${shown(memory)}`)];
}

function validateCPU(domain: Domain, at: string, architecture: Architecture): Cause[] {
  const causes: Cause[] = [];
  const cpu = domain.cpu ?? {};
  for (const part of ["sockets", "cores", "threads", "maxSockets"] as const) {
    const value = cpu[part];
    if (value !== undefined && value < 0)
      causes.push(invalid(`${at}.cpu.${part}`, `must not be negative; it is ${value}`));
  }
  const { sockets = 1, maxSockets = 0, threads = 1 } = cpu;
  if (maxSockets > 0 && sockets > maxSockets) {
    causes.push(invalid(`${at}.cpu.sockets`, `must not be above maxSockets, ${maxSockets}; it is ${sockets}`));
  }
  if (architecture === "arm64" && threads > 1) {
    causes.push(
      invalid(
        at.replace(/\.domain$/, ".architecture"),
        `arm64 guests have 1 thread a core; ${at}.cpu.threads is ${threads}`,
      ),
    );
  }
  if (cpu.isolateEmulatorThread === true && cpu.dedicatedCpuPlacement !== true) {
    causes.push(invalid(`${at}.cpu.isolateEmulatorThread`, "needs dedicatedCpuPlacement"));
  }
  return causes;
}

function validateDedicatedCPU(domain: Domain, at: string): Cause[] {
  const cpu = domain.cpu ?? {};
  if (cpu.dedicatedCpuPlacement !== true) return [];
  const field = `${at}.cpu.dedicatedCpuPlacement`;
  const causes: Cause[] = [];
  for (const part of ["limits", "requests"] as const) {
    const cpus = amount(domain, part, "cpu");
    if (cpus !== undefined && cpus % WHOLE_CPU !== 0n) {
      causes.push(invalid(`${at}.resources.${part}.cpu`, "must be whole CPUs with dedicatedCpuPlacement"));
    }
  }
  const limit = amount(domain, "limits", "cpu");
  const request = amount(domain, "requests", "cpu");
  const topology = cpu.cores !== undefined || cpu.sockets !== undefined || cpu.threads !== undefined;
  const vcpus = BigInt((cpu.cores ?? 1) * (cpu.sockets ?? 1) * (cpu.threads ?? 1)) * WHOLE_CPU;
  if (limit === undefined && request === undefined && !topology) {
    causes.push(
      invalid(field, `needs a number of CPUs: set ${at}.cpu.cores, or requests.cpu or limits.cpu in ${at}.resources`),
    );
  } else if (limit !== undefined && request !== undefined && limit !== request) {
    causes.push(invalid(field, `needs equal requests.cpu and limits.cpu in ${at}.resources`));
  } else if (topology && [limit, request].some((cpus) => cpus !== undefined && cpus !== vcpus)) {
    causes.push(
      invalid(field, `needs requests.cpu and limits.cpu to be the guest's number of CPUs, ${vcpus / WHOLE_CPU}`),
    );
  }
  if ((cpu.threads ?? 1) > 2)
    causes.push(invalid(field, `allows up to 2 threads a core; ${at}.cpu.threads is ${cpu.threads}`));
  const memoryLimit = amount(domain, "limits", "memory");
  const memoryRequest = amount(domain, "requests", "memory");
  if (memoryLimit !== undefined && memoryRequest !== undefined && memoryLimit !== memoryRequest) {
    causes.push(invalid(`${at}.resources.requests.memory`, "must equal the limit with dedicatedCpuPlacement"));
  }
  return causes;
}

function validateTopologyExtras(domain: Domain, at: string): Cause[] {
  const causes: Cause[] = [];
  const { numa, realtime, dedicatedCpuPlacement } = domain.cpu ?? {};
  const passthrough = `${at}.cpu.numa.guestMappingPassthrough`;
  if (numa?.guestMappingPassthrough !== undefined) {
    if (dedicatedCpuPlacement !== true) causes.push(invalid(passthrough, "needs dedicatedCpuPlacement"));
    if (domain.memory?.hugepages === undefined) causes.push(invalid(passthrough, `needs ${at}.memory.hugepages`));
  }
  if (realtime !== undefined) {
    if (dedicatedCpuPlacement !== true) {
      causes.push(missing(`${at}.cpu.dedicatedCpuPlacement`, "must be true for a real-time guest"));
    }
    if (numa?.guestMappingPassthrough === undefined)
      causes.push(missing(passthrough, "must be set for a real-time guest"));
  }
  return causes;
}
