/**
 * A DHCP server for one guest, in its pod's namespace: dnsmasq with DNS turned off. It outlives the runtime, as the
 * guest does. Its pid file is proof of identity together with its command line, which names that very file: a reused
 * pid belongs to a process that does not.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import { inside } from "./command.ts";
import type { GuestInterface } from "./guest-interface.ts";

/** Long enough that a guest whose server is gone for a while keeps its address; bounded, so that changes arrive. */
const LEASE = "24h";

export interface DhcpOptions {
  /** Where pid and lease files of the node live. */
  readonly directory: string;
  readonly uid: string;
  readonly namespace: string;
  readonly interface: GuestInterface;
  /** The link that it serves. */
  readonly link: string;
  readonly address: string;
  readonly netmask: string;
  readonly gateway: string;
  readonly mtu: number;
  readonly resolver: Resolver;
}

export interface Resolver {
  readonly servers: readonly string[];
  readonly search: readonly string[];
}

/** Runs and serves when it resolves, with its pid; running already: nothing to do. @throws Fault later */
export async function serveDhcp(options: DhcpOptions): Promise<number> {
  const { directory, uid } = options;
  const before = await runningDhcp(directory, uid);
  if (before !== undefined) return before;
  await mkdir(directory, { recursive: true, mode: 0o755 });
  await inside(options.namespace, "dnsmasq", dnsmasqArguments(options));
  const pid = await runningDhcp(directory, uid);
  if (pid === undefined) throw new Fault("later", "DhcpServerEnded", `dnsmasq of machine ${uid} ended at once`);
  return pid;
}

export async function endDhcp(directory: string, uid: string): Promise<void> {
  const pid = await runningDhcp(directory, uid);
  if (pid !== undefined) {
    // Nothing in it is worth a graceful end, and its namespace must be free when this returns.
    kill(pid, "SIGKILL");
    for (let look = 0; (await runningDhcp(directory, uid)) !== undefined; look += 1) {
      if (look > 200) throw new Fault("later", "DhcpServerStays", `dnsmasq ${pid} of machine ${uid} does not end`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  await Promise.all([rm(pidFile(directory, uid), { force: true }), rm(leaseFile(directory, uid), { force: true })]);
}

export function dnsmasqArguments(options: DhcpOptions): readonly string[] {
  const { address, netmask, resolver } = options;
  const dhcp = options.interface.dhcp;
  const option = (name: string | number, value: string): string => `--dhcp-option=${name},${value}`;
  return [
    "--conf-file=/dev/null",
    "--port=0", // no DNS: the guest asks the node's servers
    `--interface=${options.link}`,
    "--except-interface=lo",
    "--bind-interfaces",
    "--dhcp-authoritative",
    // Firmware, boot loader and system call themselves differently: the card decides, not the client's id.
    "--dhcp-ignore-clid",
    `--dhcp-range=${address},static,${netmask},${LEASE}`,
    `--dhcp-host=${options.interface.mac},${address},${LEASE}`,
    ...(options.interface.binding.kind === "bridge" ? [`--shared-network=${options.link},${address}`] : []),
    option("option:router", options.gateway),
    option("option:mtu", String(options.mtu)),
    resolver.servers.length === 0
      ? option("option:dns-server", "")
      : option("option:dns-server", resolver.servers.join(",")),
    ...(resolver.search.length === 0
      ? []
      : [
          option("option:domain-search", resolver.search.join(",")),
          option("option:domain-name", resolver.search[0] ?? ""),
        ]),
    ...(dhcp?.bootFileName === undefined ? [] : [option("option:bootfile-name", dhcp.bootFileName)]),
    ...(dhcp?.tftpServerName === undefined ? [] : [option("option:tftp-server", dhcp.tftpServerName)]),
    ...((dhcp?.ntpServers ?? []).length === 0 ? [] : [option("option:ntp-server", (dhcp?.ntpServers ?? []).join(","))]),
    ...(dhcp?.privateOptions ?? []).map(({ option: number, value }) => option(number, value)),
    `--dhcp-leasefile=${leaseFile(options.directory, options.uid)}`,
    `--pid-file=${pidFile(options.directory, options.uid)}`,
    "--user=root", // it must write its lease file in the node's own directory
    "--log-facility=/dev/null",
    "--quiet-dhcp",
  ];
}

/** The node's resolvers as a guest can use them: a stub on the node's loopback is out of its reach. */
export async function hostResolver(): Promise<Resolver> {
  for (const path of ["/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"]) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return parseResolver(text);
  }
  return { servers: [], search: [] };
}

export function parseResolver(text: string): Resolver {
  const words = text.split("\n").map((line) => line.trim().split(/\s+/));
  const servers = words.filter(([key]) => key === "nameserver").map(([, server = ""]) => server);
  const search = words.findLast(([key]) => key === "search")?.slice(1) ?? [];
  return {
    servers: servers.filter((server) => /^\d+(\.\d+){3}$/.test(server) && !server.startsWith("127.")).slice(0, 3),
    search: search.filter((domain) => /^[A-Za-z0-9.-]{1,253}$/.test(domain)).slice(0, 6),
  };
}

async function runningDhcp(directory: string, uid: string): Promise<number | undefined> {
  const path = pidFile(directory, uid);
  const pid = Number((await readFile(path, "utf8").catch(() => "")).trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  // Empty for a zombie, absent for a pid that is free.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return commandLine.split("\0").includes(`--pid-file=${path}`) ? pid : undefined;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in the meantime: what was wanted.
  }
}

function pidFile(directory: string, uid: string): string {
  return join(directory, `${uid}.pid`);
}

function leaseFile(directory: string, uid: string): string {
  return join(directory, `${uid}.leases`);
}
