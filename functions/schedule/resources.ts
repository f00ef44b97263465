/**
 * What the anchor pod of an instance asks for, and what is left on a node. Pure.
 *
 * Memory = guest memory + overhead. The overhead is what QEMU and its companions were measured to need beyond the
 * guest's RAM, with room to spare (74 to 93 MiB measured for a headless guest of one vCPU, independent of its size):
 *
 *   64 MiB QEMU's code, heap and stacks
 * + guest memory / 512, for page tables
 * +  8 MiB a vCPU
 * +  8 MiB for I/O threads
 * + 32 MiB when it has graphics
 * + 32 MiB for translated code, where KVM is not there: a node's accelerator is not known here, so always
 * +  4 MiB for the anchor, DHCP and the kernel's bookkeeping
 */
import type { Node, Pod } from "#api/core.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { label } from "#api/names.ts";
import { bytesOf, milliOf } from "#api/quantity.ts";
import { hasEnded } from "../instance.ts";

const MiB = 1024 * 1024;

export interface Resources {
  readonly milliCPU: number;
  readonly memoryBytes: number;
}

export function vCPUs(spec: VirtualMachineInstanceSpec): number {
  const { cores, sockets, threads } = spec.domain.cpu ?? {};
  if (cores !== undefined || sockets !== undefined || threads !== undefined) {
    return (cores ?? 1) * (sockets ?? 1) * (threads ?? 1);
  }
  const { limits, requests } = spec.domain.resources ?? {};
  return Math.max(1, Math.ceil(milli(limits?.["cpu"] ?? requests?.["cpu"] ?? 1) / 1000));
}

export function guestMemoryBytes(spec: VirtualMachineInstanceSpec): number {
  const { requests, limits } = spec.domain.resources ?? {};
  return bytes(spec.domain.memory?.guest ?? requests?.["memory"] ?? limits?.["memory"] ?? 0);
}

export function overheadBytes(spec: VirtualMachineInstanceSpec): number {
  const graphics = spec.domain.devices.autoattachGraphicsDevice === false ? 0 : 32 * MiB;
  const fixed = (64 + 8 + 32 + 4) * MiB;
  return fixed + Math.ceil(guestMemoryBytes(spec) / 512) + 8 * MiB * vCPUs(spec) + graphics;
}

/** A CPU request of the user's own stands; else the vCPUs share CPUs by the ratio. */
export function requestsOf(spec: VirtualMachineInstanceSpec, cpuAllocationRatio: number): Resources {
  const asked = spec.domain.resources?.requests?.["cpu"];
  const milliCPU = asked === undefined ? (1000 * vCPUs(spec)) / cpuAllocationRatio : milli(asked);
  const memory = Math.max(guestMemoryBytes(spec), bytes(spec.domain.resources?.requests?.["memory"] ?? 0));
  return { milliCPU: Math.ceil(milliCPU), memoryBytes: memory + overheadBytes(spec) };
}

/**
 * Where the user set limits, the pod has them: memory with the overhead, since the kernel ends QEMU at the pod's limit.
 * Undefined where there are none. Never below what is requested, which the API server would refuse.
 */
export function limitsOf(
  spec: VirtualMachineInstanceSpec,
  cpuAllocationRatio: number,
): Readonly<Record<string, string>> | undefined {
  const { memory, cpu } = spec.domain.resources?.limits ?? {};
  if (memory === undefined && cpu === undefined) return undefined;
  const requests = requestsOf(spec, cpuAllocationRatio);
  const memoryBytes = Math.max(bytes(memory ?? 0) + overheadBytes(spec), requests.memoryBytes);
  const milliCPU = Math.max(milli(cpu ?? 0), requests.milliCPU);
  return {
    ...(memory === undefined ? {} : { memory: String(memoryBytes) }),
    ...(cpu === undefined ? {} : { cpu: `${milliCPU}m` }),
  };
}

/** In Kubernetes' quantities. */
export function asQuantities(resources: Resources): { readonly cpu: string; readonly memory: string } {
  return { cpu: `${resources.milliCPU}m`, memory: String(resources.memoryBytes) };
}

export interface Room extends Resources {
  readonly pods: number;
}

/** What the pods of a node ask for. */
export interface Usage extends Resources {
  readonly pods: number;
  /** Those of them that are anchors of virtual machines. */
  readonly machines: number;
}

/**
 * By the list itself: a cache hands out the same one until a pod of the node changes, so that a placement costs by what
 * changed since the last one and not by all the pods there are.
 */
const known = new WeakMap<readonly Pod[], Usage>();

/** Of pods that have not ended. The list must not change afterwards. */
export function usageOf(pods: readonly Pod[]): Usage {
  const there = known.get(pods);
  if (there !== undefined) return there;
  const usage = { milliCPU: 0, memoryBytes: 0, pods: 0, machines: 0 };
  for (const pod of pods) {
    if (hasEnded(pod)) continue;
    usage.pods += 1;
    if (pod.metadata.labels?.[label.component] === "virt-launcher") usage.machines += 1;
    const { milliCPU, memoryBytes } = askedBy(pod);
    usage.milliCPU += milliCPU;
    usage.memoryBytes += memoryBytes;
  }
  known.set(pods, usage);
  return usage;
}

/**
 * As schedulers and kubelets count: what runs side by side, or what runs before that, if it is more. A kubelet turns a pod away
 * that does not fit.
 */
function askedBy({ spec }: Pod): Resources {
  let most = NOTHING;
  let staying = NOTHING;
  for (const { resources, restartPolicy } of spec.initContainers ?? []) {
    const now = sum(staying, amounts(resources?.requests));
    if (restartPolicy === "Always") staying = now;
    most = larger(most, now);
  }
  const running = spec.containers.reduce((all, { resources }) => sum(all, amounts(resources?.requests)), staying);
  const whole = amounts(spec.resources?.requests);
  const { milliCPU, memoryBytes } = larger(most, running);
  const asked = { milliCPU: whole.milliCPU || milliCPU, memoryBytes: whole.memoryBytes || memoryBytes };
  return spec.overhead === undefined ? asked : sum(asked, amounts(spec.overhead));
}

const NOTHING: Resources = { milliCPU: 0, memoryBytes: 0 };

function amounts(quantities: Readonly<Record<string, string>> | undefined): Resources {
  return { milliCPU: milli(quantities?.["cpu"] ?? 0), memoryBytes: bytes(quantities?.["memory"] ?? 0) };
}

function sum(one: Resources, other: Resources): Resources {
  return { milliCPU: one.milliCPU + other.milliCPU, memoryBytes: one.memoryBytes + other.memoryBytes };
}

function larger(one: Resources, other: Resources): Resources {
  return {
    milliCPU: Math.max(one.milliCPU, other.milliCPU),
    memoryBytes: Math.max(one.memoryBytes, other.memoryBytes),
  };
}

/** What the node can give, less what is asked for. */
export function roomOn(node: Node, used: Usage): Room {
  const { allocatable, capacity } = node.status ?? {};
  const of = (name: string): string | number => allocatable?.[name] ?? capacity?.[name] ?? 0;
  return {
    milliCPU: milli(of("cpu")) - used.milliCPU,
    memoryBytes: bytes(of("memory")) - used.memoryBytes,
    pods: bytes(of("pods")) - used.pods,
  };
}

function milli(quantity: string | number): number {
  return orNothing(() => milliOf(quantity));
}

function bytes(quantity: string | number): number {
  return orNothing(() => bytesOf(quantity));
}

/** What is no quantity counts as nothing: the API server lets none through, and a decision never fails. */
function orNothing(amount: () => number): number {
  try {
    return amount();
  } catch {
    return 0;
  }
}
