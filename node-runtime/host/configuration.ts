/** The files that a node's own libvirtd starts from. Written at each start: nobody's hand edits are kept. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Layout } from "./layout.ts";

/** Requests of one client that the daemon reads ahead; our connections keep below it. */
export const MAX_CLIENT_REQUESTS = 20;

/**
 * - auth none: the socket's directory is the lock (0700, our user's).
 * - max_clients bounds consoles, which have a connection each.
 */
function daemonConfiguration(hostUUID: string): string {
  return `# Written by Virtive at each start.
unix_sock_dir = "/run/libvirt"
unix_sock_rw_perms = "0700"
unix_sock_ro_perms = "0700"
auth_unix_rw = "none"
auth_unix_ro = "none"
listen_tls = 0
listen_tcp = 0
host_uuid = "${hostUUID}"
max_clients = 500
max_anonymous_clients = 50
max_workers = 20
max_client_requests = ${MAX_CLIENT_REQUESTS}
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
`;
}

/** Whose QEMU's processes are. */
export interface GuestUser {
  readonly uid: number;
  readonly gid: number;
}

const ROOT: GuestUser = { uid: 0, gid: 0 };

/**
 * - user: root in the local shape, where disks and taps are root's; QEMU's seccomp sandbox stays on in any case.
 * - stdio_handler file: QEMU writes its log itself, so that no virtlogd is needed and none can be lost.
 * - cgroups, mount namespaces, labels: ours, not libvirt's.
 */
function qemuConfiguration({ uid, gid }: GuestUser): string {
  return `# Written by Virtive at each start.
user = "+${uid}"
group = "+${gid}"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
seccomp_sandbox = 1
vnc_listen = "127.0.0.1"
spice_listen = "127.0.0.1"
`;
}

/** The node's own name must resolve: libvirt asks for it, and a name that does not costs ten seconds a start. */
function hostsFile(name: string): string {
  return `127.0.0.1 localhost\n127.0.0.1 ${name}\n::1 localhost ip6-localhost ip6-loopback\n`;
}

export async function writeConfiguration(layout: Layout, hostUUID: string, user = ROOT): Promise<void> {
  await mkdir(layout.stateDirectory, { recursive: true, mode: 0o700 });
  for (const { from } of layout.mounts) await mkdir(from, { recursive: true, mode: 0o755 });
  // Log files of QEMU go here; it is not made by whoever writes them.
  await mkdir(join(layout.log, "qemu"), { recursive: true });
  await mkdir(dirname(layout.hosts), { recursive: true });
  await Promise.all([
    writeFile(join(layout.etc, "libvirtd.conf"), daemonConfiguration(hostUUID)),
    writeFile(join(layout.etc, "qemu.conf"), qemuConfiguration(user)),
    writeFile(layout.hosts, hostsFile(layout.name)),
  ]);
}
