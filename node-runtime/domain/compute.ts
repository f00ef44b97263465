/** The guest's processors and memory. Pure. */
import { quantityOf } from "./quantity.ts";
import { element, type Element } from "./element.ts";
import type { DomainParts } from "./parts.ts";
import type { Domain } from "./spec.ts";

export interface Topology {
  /** Sockets that the guest has room for; `vcpus` of them (times cores and threads) are plugged at its start. */
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
  readonly vcpus: number;
}

/** From spec.domain.cpu; without a topology there, one socket for each CPU of the limits, else of the requests. */
export function topologyOf(domain: Domain): Topology {
  const { cpu, resources } = domain;
  const cores = positive(cpu?.cores);
  const threads = positive(cpu?.threads);
  const told = cpu?.cores ?? cpu?.threads ?? cpu?.sockets;
  const asked = resources?.limits?.["cpu"] ?? resources?.requests?.["cpu"];
  const sockets = positive(cpu?.sockets ?? (told === undefined && asked !== undefined ? cpusOf(asked) : undefined));
  const room = Math.max(sockets, cpu?.maxSockets ?? 0);
  return { sockets: room, cores, threads, vcpus: sockets * cores * threads };
}

function positive(count: number | undefined): number {
  return count === undefined || count < 1 ? 1 : count;
}

function cpusOf(quantity: string | number): number {
  return quantityOf(quantity, "spec.domain.resources");
}

export function vcpuElement(topology: Topology): Element {
  const most = topology.sockets * topology.cores * topology.threads;
  return element(
    "vcpu",
    { placement: "static", current: topology.vcpus < most ? topology.vcpus : undefined },
    String(most),
  );
}

/**
 * Under TCG there is no host CPU to pass through or to model, so both become `maximum`: all that the emulator can do.
 * A named model is taken as it is, without libvirt's check that the host has it; what TCG lacks, QEMU leaves out.
 */
export function cpuElement(domain: Domain, topology: Topology, accelerator: DomainParts["accelerator"]): Element {
  const model = domain.cpu?.model ?? "host-model";
  const features = featureElements(domain, accelerator);
  const shape = element("topology", {
    sockets: topology.sockets,
    cores: topology.cores,
    threads: topology.threads,
  });
  if (model === "host-model" || model === "host-passthrough") {
    const attributes =
      accelerator === "kvm"
        ? { mode: model, check: model === "host-model" ? "partial" : "none" }
        : { mode: "maximum", check: "none" };
    return element("cpu", attributes, shape, features);
  }
  const check = accelerator === "kvm" ? "partial" : "none";
  return element(
    "cpu",
    { mode: "custom", match: "exact", check },
    element("model", { fallback: "forbid" }, model),
    shape,
    features,
  );
}

/**
 * Besides what the spec says: Intel's MPX is off, since newer kernels and hosts have dropped it and a guest that saw it
 * could not move to one of them. Who names host-model gets the host's CPU as it is.
 */
function featureElements(domain: Domain, accelerator: DomainParts["accelerator"]): Element[] {
  const { cpu } = domain;
  const features = (cpu?.features ?? []).map(({ name, policy }) => ({ name, policy: policy ?? "require" }));
  const asTheHost = cpu === undefined || cpu.model === "host-model" || cpu.model === "host-passthrough";
  if (accelerator === "kvm" && !asTheHost && !features.some(({ name }) => name === "mpx")) {
    features.push({ name: "mpx", policy: "disable" });
  }
  return features.map(({ name, policy }) => element("feature", { policy, name }));
}

/** Bytes of guest memory: memory.guest, else what was requested, else the limit. */
export function guestMemoryBytes(domain: Domain): number {
  const { memory, resources } = domain;
  if (memory?.guest !== undefined) return quantityOf(memory.guest, "spec.domain.memory.guest");
  const requested = resources?.requests?.["memory"];
  if (requested !== undefined) return quantityOf(requested, "spec.domain.resources.requests.memory");
  const limit = resources?.limits?.["memory"];
  if (limit !== undefined) return quantityOf(limit, "spec.domain.resources.limits.memory");
  if (memory?.hugepages?.pageSize !== undefined) {
    return quantityOf(memory.hugepages.pageSize, "spec.domain.memory.hugepages.pageSize");
  }
  return 0;
}

export function memoryElements(domain: Domain): Element[] {
  const pageSize = domain.memory?.hugepages?.pageSize;
  return [
    element("memory", { unit: "b" }, String(guestMemoryBytes(domain))),
    ...(pageSize === undefined
      ? []
      : [
          element(
            "memoryBacking",
            {},
            element(
              "hugepages",
              {},
              element("page", { size: quantityOf(pageSize, "spec.domain.memory.hugepages.pageSize"), unit: "b" }),
            ),
            element("source", { type: "memfd" }),
            element("allocation", { mode: "immediate" }),
          ),
        ]),
  ];
}
