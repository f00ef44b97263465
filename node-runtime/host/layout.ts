/** Where a node keeps what, and what it is called. Pure but for `prepare`. */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { Fault } from "#events/fault.ts";
import { checkSocketPath } from "../libvirt/transport.ts";

export interface Layout {
  readonly name: string;
  readonly stateDirectory: string;
  readonly networkNamespace: string;
  /** libvirt's directories: what the daemon finds at the place on the left lies at the one on the right. */
  readonly mounts: readonly { readonly at: string; readonly from: string }[];
  readonly etc: string;
  /** Empty after a boot, as /run is. */
  readonly run: string;
  readonly log: string;
  readonly cache: string;
  readonly socketPath: string;
  readonly hosts: string;
  /** What outlives our process: see record.ts. */
  readonly record: string;
}

/** Of a network namespace: as long as a link's name may be, so that links can be named after it. */
const MAX_NAMESPACE_CHARACTERS = 15;
const NAME = /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/;

export function layoutOf(options: {
  readonly name: string;
  readonly stateDirectory: string;
  readonly instance: string;
  readonly cacheDirectory?: string;
}): Layout {
  const { name, stateDirectory, instance } = options;
  if (!NAME.test(name)) {
    const message = `node name "${name}": 1 to 63 of a-z, 0-9, "-" and "." are allowed, a letter or digit at both ends`;
    throw new Fault("refused", "InvalidNodeName", message);
  }
  // A colon or a blank would need quoting in mount tables and libvirt's URIs; nobody needs them.
  if (!isAbsolute(stateDirectory) || !/^[\w/.@+-]+$/.test(stateDirectory)) {
    const message = `state directory "${stateDirectory}": an absolute path of letters, digits and _ / . @ + - is wanted`;
    throw new Fault("refused", "InvalidStateDirectory", message);
  }
  const run = join(stateDirectory, "run");
  const socketPath = join(run, "libvirt-sock");
  checkSocketPath(socketPath);
  const cache = options.cacheDirectory ?? sharedCache();
  const etc = join(stateDirectory, "etc");
  const log = join(stateDirectory, "log");
  return {
    name,
    stateDirectory,
    networkNamespace: namespaceName(instance, name),
    etc,
    run,
    log,
    cache,
    mounts: libvirtMounts({ stateDirectory, etc, run, log, cache }),
    socketPath,
    hosts: join(stateDirectory, "hosts"),
    record: join(stateDirectory, "host.json"),
  };
}

/** Where libvirt looks, and what is there for this node. */
export function libvirtMounts(at: Pick<Layout, "stateDirectory" | "etc" | "run" | "log" | "cache">): Layout["mounts"] {
  return [
    { at: "/etc/libvirt", from: at.etc },
    { at: "/var/lib/libvirt", from: join(at.stateDirectory, "lib") },
    { at: "/run/libvirt", from: at.run },
    { at: "/var/log/libvirt", from: at.log },
    { at: "/var/cache/libvirt", from: at.cache },
  ];
}

/** `vt<5 of the instance's hash>-<node>`; a long node name becomes its hash. */
export function namespaceName(instance: string, node: string): string {
  const prefix = `vt${hash(instance, 5)}-`;
  const room = MAX_NAMESPACE_CHARACTERS - prefix.length;
  return prefix + (node.length <= room ? node : hash(node, room));
}

function hash(text: string, characters: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, characters);
}

/**
 * libvirt's probe of QEMU takes seconds and its result holds for the machine: all nodes and runs of a user share it.
 * libvirt itself notices another QEMU, kernel or libvirt and probes again.
 */
export function sharedCache(): string {
  return join(userCache(), "libvirt");
}

export function userCache(): string {
  const base = process.env["XDG_CACHE_HOME"];
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache"), "virtive");
}
