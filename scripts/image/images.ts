/**
 * Virtive's images. What changes least lies lowest: Debian's packages, Node, our bundle. They are for this machine's
 * architecture; on another, run the same there.
 */
import { createRequire } from "node:module";
import { mkdtemp, readFile, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { GUEST_USER } from "#events/machine.ts";
import { bundle, type Bundle } from "../bundle.ts";
import { run } from "../guest/run.ts";
import { writeImage, type Image } from "./archive.ts";
import { debianTree, isWanted } from "./debian.ts";
import { entriesUnder, type TarEntry } from "./tar.ts";

export const IMAGES = ["control", "functions", "node", "anchor"] as const;
export type ImageName = (typeof IMAGES)[number];

export interface BuildOptions {
  readonly names: readonly ImageName[];
  /** Before /control and so on. */
  readonly repository: string;
  readonly tag: string;
  readonly directory: string;
  readonly gzip?: boolean;
  readonly say: (line: string) => void;
}

const ROOT = join(import.meta.dirname, "../..");
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const UNPRIVILEGED = 65_532;

/** Of Node: its libraries, and whom it trusts. The rest of their closure is for their installation. */
const BASE = ["libc6", "libstdc++6", "libgcc-s1", "ca-certificates"];
const ONLY_TO_INSTALL = ["debconf", "openssl", "libssl3"];

/** What the node runtime starts, and a shell for its wrapper. QEMU for this architecture only. */
const NODE_PACKAGES = [
  ...BASE,
  "libvirt-daemon",
  "libvirt-daemon-driver-qemu",
  "libvirt-clients",
  process.arch === "arm64" ? "qemu-system-arm" : "qemu-system-x86",
  "qemu-utils",
  process.arch === "arm64" ? "qemu-efi-aarch64" : "ovmf",
  "iproute2",
  "nftables",
  "dnsmasq-base",
  "bash",
  "dash",
  "coreutils",
  "mount",
  "util-linux",
  "perl-base",
  "procps",
];

const folder = (path: string, mode = 0o755): TarEntry => ({ path, mode, content: { directory: true } });
const text = (path: string, content: string, mode = 0o644): TarEntry => ({
  path,
  mode,
  content: Buffer.from(content),
});

const accounts: readonly TarEntry[] = [
  text(
    "etc/passwd",
    [
      "root:x:0:0:root:/root:/bin/sh",
      `virtive:x:${UNPRIVILEGED}:${UNPRIVILEGED}::/:/usr/sbin/nologin`,
      `libvirt-qemu:x:${GUEST_USER.uid}:${GUEST_USER.gid}::/var/lib/libvirt:/usr/sbin/nologin`,
      "",
    ].join("\n"),
  ),
  text(
    "etc/group",
    [
      "root:x:0:",
      `virtive:x:${UNPRIVILEGED}:`,
      `kvm:x:${GUEST_USER.gid}:`,
      // libvirt looks for it by its name when it starts.
      `libvirt-qemu:x:${GUEST_USER.uid}:`,
      "",
    ].join("\n"),
  ),
];

/** Where programs of the node expect folders that their packages' scripts would make. */
const nodeFolders: readonly TarEntry[] = [
  folder("root", 0o700),
  folder("run"),
  ...["lib", "log", "cache"].map((place) => folder(`var/${place}/libvirt`)),
  folder("etc/libvirt"),
  folder("run/libvirt"),
  folder("run/virtive"),
  folder("var/lib/kubelet"),
];

/**
 * @returns name → file. The same sources and packages make the same bytes.
 */
export async function buildImages(options: BuildOptions): Promise<ReadonlyMap<ImageName, string>> {
  const { names, repository, tag, directory, gzip = false, say } = options;
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) throw new Error(`no images for ${process.arch}: x64 and arm64 are known`);
  const needsBundles = names.some((name) => name !== "anchor");
  // Inside the repository, one level deep: what bundles know of their sources' places is relative.
  const dist = join(ROOT, "dist", "image");
  const built: Built = { dist, bundles: needsBundles ? await bundle(dist) : [] };
  const files = new Map<ImageName, string>();
  try {
    for (const name of names) {
      const file = join(directory, `virtive-${name}.tar`);
      const parts = await PARTS[name](built, say);
      const image: Image = { name: `${repository}/${name}:${tag}`, architecture, ...parts };
      await writeImage(image, file, { gzip });
      files.set(name, file);
      say(`${image.name}: ${Math.round((await stat(file)).size / 1e6)} MB, ${file}`);
    }
  } finally {
    if (needsBundles) await rm(dist, { recursive: true, force: true });
  }
  return files;
}

type Parts = Omit<Image, "name" | "architecture">;

interface Built {
  readonly dist: string;
  readonly bundles: readonly Bundle[];
}

const PARTS = {
  control: (built, say) => unprivileged(built, ["control", "uninstall"], say),
  functions: (built, say) => unprivileged(built, ["functions"], say),
  async node(built, say) {
    const tree = await debianTree("node", NODE_PACKAGES, [], say);
    const debian = withShell(await entriesUnder(tree, "", isWanted));
    return {
      layers: [complete([...debian, ...accounts, ...nodeFolders]), await node(), await programs(built, ["node"])],
      config: {
        Entrypoint: entrypoint(built, "node"),
        Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"],
      },
    };
  },
  async anchor() {
    const work = await mkdtemp(join(tmpdir(), "virtive-anchor-"));
    try {
      const program = join(work, "anchor");
      await run("gcc", ["-Os", "-static", "-s", "-o", program, join(import.meta.dirname, "anchor.c")]);
      const content = await readFile(program);
      return {
        layers: [[{ path: "virtive-anchor", mode: 0o755, content }, folder("etc"), ...accounts]],
        config: { Entrypoint: ["/virtive-anchor"], User: `${GUEST_USER.uid}:${GUEST_USER.gid}` },
      };
    } finally {
      await rm(work, { recursive: true });
    }
  },
} as const satisfies Readonly<Record<ImageName, (built: Built, say: BuildOptions["say"]) => Promise<Parts>>>;

/** The first of the bundles is what the image runs. */
async function unprivileged(
  built: Built,
  names: readonly [Bundle["name"], ...Bundle["name"][]],
  say: BuildOptions["say"],
): Promise<Parts> {
  const tree = await debianTree("base", BASE, ONLY_TO_INSTALL, say);
  const base = await entriesUnder(tree, "", (path) => isWanted(path) && !path.startsWith("usr/share/ca-certificates"));
  const places = [folder("tmp", 0o1777), folder("var/lib/virtive")];
  return {
    layers: [complete([...base, ...accounts, ...places]), await node(), await programs(built, names)],
    config: {
      Entrypoint: entrypoint(built, names[0]),
      Env: ["PATH=/usr/bin:/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", ...environment(built, names[0])],
      User: `${UNPRIVILEGED}:${UNPRIVILEGED}`,
    },
  };
}

function bundleNamed({ bundles }: Built, name: Bundle["name"]): Bundle {
  const found = bundles.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no bundle ${name}`);
  return found;
}

/** As the bundle says, with its files where the image has them. */
function entrypoint(built: Built, name: Bundle["name"]): readonly string[] {
  const { dist } = built;
  const { start } = bundleNamed(built, name);
  return ["/usr/bin/node", ...start.map((argument) => argument.replace(dist, "/opt/virtive/dist"))];
}

function environment(built: Built, name: Bundle["name"]): readonly string[] {
  const { env } = bundleNamed(built, name);
  return Object.entries(env).map(([variable, value]) => `${variable}=${value}`);
}

/** The Node that runs this, out of its npm package. */
async function node(): Promise<readonly TarEntry[]> {
  const require = createRequire(import.meta.url);
  const home = dirname(require.resolve(`node-linux-${process.arch}/package.json`));
  const file = join(home, "bin/node");
  // It has made the function host's snapshot, which no other takes.
  if ((await realpath(process.execPath)) !== (await realpath(file)))
    throw new Error(`images are built by the Node that is in them, ${file}; this is ${process.execPath}`);
  const { size } = await stat(file);
  const licence = await readFile(join(home, "LICENSE"));
  return [
    { path: "usr/bin/node", mode: 0o755, content: { file, bytes: size } },
    folder("usr/share/doc/node"),
    { path: "usr/share/doc/node/copyright", mode: 0o644, content: licence },
  ];
}

async function programs({ dist }: Built, names: readonly string[]): Promise<readonly TarEntry[]> {
  const each = await Promise.all(
    names.map((name) => entriesUnder(join(dist, name), `opt/virtive/dist/${name}`, (path) => !path.endsWith(".map"))),
  );
  const licence = await readFile(join(ROOT, "LICENSE"));
  return [
    folder("opt/virtive"),
    folder("opt/virtive/dist"),
    ...names.map((name) => folder(`opt/virtive/dist/${name}`)),
    { path: "opt/virtive/LICENSE", mode: 0o644, content: licence },
    ...each.flat(),
  ];
}

/** Debian's scripts would make these links. */
function withShell(entries: readonly TarEntry[]): readonly TarEntry[] {
  const there = new Set(entries.map(({ path }) => path));
  return there.has("usr/bin/sh") || there.has("bin/sh")
    ? entries
    : [...entries, { path: "usr/bin/sh", mode: 0o777, content: { link: "dash" } }];
}

/** Each path once, the later one; with the folders that lie above. */
function complete(entries: readonly TarEntry[]): readonly TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const entry of entries) {
    for (let above = dirname(entry.path); above !== "."; above = dirname(above)) {
      if (!byPath.has(above)) byPath.set(above, folder(above));
    }
    byPath.set(entry.path, entry);
  }
  return [...byPath.values()];
}
