/**
 * Anchor pods on a real node, as the runtime finds them: by the pod's uid, from control groups and processes of the
 * machine. Neither the kubelet nor the container runtime is asked.
 */
import { readFile, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { Fault } from "#events/fault.ts";
import type { Disk } from "../disk.ts";
import { inside, ip } from "../network/command.ts";
import { parseResolver } from "../network/dhcp.ts";
import type { PodPlace } from "../network/pod-network.ts";
import { podGroups, type PodGroups } from "./cgroup.ts";

/** The anchor's program; scripts/image has its source. */
export const ANCHOR_PROGRAM = "virtive-anchor";
/** What every network plugin calls a pod's first link. */
const POD_LINK = "eth0";

export interface AnchorPodsOptions {
  /** Root directory of the machine as its first process sees it: /proc/1/root. */
  readonly machine: string;
  /** For what must be known of a pod's network after it was given to the guest. Empty after a boot. */
  readonly directory: string;
  readonly disk: Disk;
}

export interface AnchorPod {
  readonly groups: PodGroups;
  /** One of its processes, in the pod's network namespace. */
  readonly pid: number;
  /** The anchor itself; undefined once it has ended. */
  readonly anchor: number | undefined;
}

/** A pod's own network, before a guest takes its address over. */
const Own = z.strictObject({ podIP: z.string(), prefix: z.int(), gateway: z.string(), mtu: z.int() });
type Own = z.infer<typeof Own>;

export class AnchorPods {
  readonly #options: AnchorPodsOptions;

  constructor(options: AnchorPodsOptions) {
    this.#options = options;
  }

  groups(podUID: string): Promise<PodGroups | undefined> {
    return podGroups(join(this.#options.machine, "sys/fs/cgroup"), podUID);
  }

  /** Undefined when no process of it lives on this machine. */
  async pod(podUID: string): Promise<AnchorPod | undefined> {
    const groups = await this.groups(podUID);
    if (groups === undefined) return undefined;
    const outside = await networkOf(1);
    const pids = await groups.processes();
    const networks = await Promise.all(pids.map(networkOf));
    // A container runtime may keep a process of its own in the pod's group.
    const own = pids.filter((_, index) => networks[index] !== undefined && networks[index] !== outside);
    const programs = await Promise.all(own.map(programOf));
    const anchor = own.find((_, index) => programs[index] === ANCHOR_PROGRAM);
    const pid = anchor ?? own[0];
    return pid === undefined ? undefined : { groups, pid, anchor };
  }

  /** Its network, where a guest's link is to lead. Undefined when the pod is not there. @throws Fault later */
  async find(podUID: string): Promise<PodPlace | undefined> {
    const pod = await this.pod(podUID);
    if (pod === undefined) return undefined;
    const namespace = `/proc/${pod.pid}/ns/net`;
    const [own, resolver] = await Promise.all([
      this.#own(podUID, namespace),
      readFile(`/proc/${pod.pid}/root/etc/resolv.conf`, "utf8").then(parseResolver, () => undefined),
      // Traffic between the guest's link and the pod's is routed in the pod.
      inside(namespace, "tee", ["/proc/sys/net/ipv4/ip_forward"], "1\n"),
    ]);
    return { ...own, namespace, ...(resolver === undefined ? {} : { resolver }) };
  }

  /** Ends the anchor's process, which nothing else does while the guest lives. Gone already: nothing to do. */
  async end(podUID: string): Promise<void> {
    const anchor = (await this.pod(podUID))?.anchor;
    if (anchor !== undefined) endIfThere(anchor);
    await this.#options.disk.remove(this.#path(podUID));
  }

  async #own(podUID: string, namespace: string): Promise<Own> {
    const seen = await ownOf(namespace);
    const path = this.#path(podUID);
    if (seen !== undefined) {
      await this.#options.disk.replace(path, JSON.stringify(seen), { lasting: false });
      return seen;
    }
    const noted = await this.#options.disk.read(path);
    if (noted !== undefined) return Own.parse(JSON.parse(noted));
    throw new Fault("later", "PodNetworkMissing", `${POD_LINK} of pod ${podUID} has no IPv4 address`);
  }

  #path(podUID: string): string {
    return join(this.#options.directory, `${podUID}.json`);
  }
}

interface Address {
  readonly mtu: number;
  readonly addr_info: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

/** Undefined when its link has no address: a guest has it. */
async function ownOf(namespace: string): Promise<Own | undefined> {
  const [links, routes] = await Promise.all([
    ip(namespace, ["-j", "-4", "addr", "show", "dev", POD_LINK]),
    ip(namespace, ["-j", "-4", "route", "show", "default"]),
  ]);
  const [link] = list<Address>(links);
  const address = link?.addr_info?.[0];
  if (link === undefined || address?.local === undefined) return undefined;
  const [route] = list<{ readonly gateway?: string }>(routes);
  return {
    podIP: address.local,
    prefix: address.prefixlen ?? 32,
    gateway: route?.gateway ?? address.local,
    mtu: link.mtu,
  };
}

/** `ip -j` says nothing at all where there is nothing to tell. */
function list<T>(text: string): readonly T[] {
  return text.trim() === "" ? [] : (JSON.parse(text) as T[]);
}

async function networkOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/net`).catch(() => undefined);
}

async function programOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/exe`).then(basename, () => undefined);
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
