/**
 * Builds what a cluster runs, from Go modules alone: `kube` (etcd, control plane, kubelet, kube-proxy and kubectl in one
 * program) and, for clusters with nodes, containerd, runc, the network plugins and two images.
 */
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outputOf } from "#node-runtime/host/command.ts";
import { produce, type Product } from "./cache.ts";
import { findGo, progress, runGo, type Go } from "./go.ts";
import { busyboxImage, pauseImage } from "./images.ts";

type Say = (line: string) => void;

const PROGRAM = join(import.meta.dirname, "program");
const SOURCES = ["go.mod", "go.sum", "main.go"] as const;

const COMPONENTS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
] as const;

/** Modules whose programs a node needs. None has `replace` directives, so Go installs them as they are. */
const NODE_PROGRAMS = [
  {
    module: "github.com/containerd/containerd/v2",
    version: "v2.4.2",
    programs: ["cmd/containerd", "cmd/ctr", "cmd/containerd-shim-runc-v2"],
    folder: ".",
    flags: ["-ldflags", "-s -w -X github.com/containerd/containerd/v2/version.Version=v2.4.2"],
    cgo: false,
  },
  {
    module: "github.com/containernetworking/plugins",
    version: "v1.9.1",
    programs: ["plugins/main/bridge", "plugins/main/loopback", "plugins/ipam/host-local", "plugins/meta/portmap"],
    folder: "cni",
    flags: ["-ldflags", "-s -w"],
    cgo: false,
  },
  {
    // Without seccomp containerd can't start a pod with it; that needs the C library.
    module: "github.com/opencontainers/runc",
    version: "v1.5.2",
    programs: ["."],
    folder: ".",
    flags: ["-tags", "seccomp", "-ldflags", "-s -w"],
    cgo: true,
  },
] as const;

const LINK_FLAGS = ["-s", "-w"] as const;

function kubeProduct(go: Go, say: Say): Product {
  return {
    name: "kube",
    files: SOURCES.map((file) => join(PROGRAM, file)),
    words: [go.version, ...LINK_FLAGS],
    make: (directory) => makeKube(go, directory, say),
  };
}

/** The directory with `kube` and a link for each component; built now if that is not done yet. */
export async function ensureKube(say: Say): Promise<string> {
  return produce(kubeProduct(await findGo(), say), say);
}

/** The directory with what a node needs besides `kube`. Needs gcc, libseccomp-dev, pkg-config and busybox-static. */
export async function ensureNodePrograms(say: Say): Promise<string> {
  const go = await findGo();
  const files = [join(import.meta.dirname, "images.ts"), PAUSE];
  const words = [go.version, JSON.stringify(NODE_PROGRAMS)];
  return produce({ name: "node", files, words, make: (to) => makeNodePrograms(go, to, say) }, say);
}

async function makeKube(go: Go, directory: string, say: Say): Promise<void> {
  const start = Date.now();
  const source = join(directory, "source");
  await mkdir(source);
  for (const file of SOURCES) await copyFile(join(PROGRAM, file), join(source, file));
  const modules =
    (await readFile(join(source, "go.mod"), "utf8")).match(/^\t\S+ v\S+( \/\/ indirect)?$/gm)?.length ?? 0;
  say(`building Kubernetes with ${go.version}: about 7 minutes of two cores, once; then it starts in seconds`);
  const module = progress("modules fetched", modules, say);
  await runGo(go, {
    args: ["mod", "download", "-x"],
    directory: source,
    onLine: (line) => line.endsWith(".zip") && module(),
  });
  const packages = (await runGo(go, { args: ["list", "-deps", "."], directory: source })).trim().split("\n").length;
  say(`modules are there; ${packages.toLocaleString("en")} packages`);
  const env = { CGO_ENABLED: "0" };
  await runGo(go, {
    args: [
      "build",
      "-v",
      "-trimpath",
      "-ldflags",
      `${LINK_FLAGS.join(" ")} ${await versionFlags(go, source)}`,
      "-o",
      join(directory, "kube"),
      ".",
    ],
    directory: source,
    env,
    onLine: progress("packages compiled", packages, say),
  });
  await rm(source, { recursive: true });
  for (const component of COMPONENTS) await symlink("kube", join(directory, component));
  say(`Kubernetes is built: ${Math.round((Date.now() - start) / 1000)} s`);
}

/** Without these the programs call themselves v0.0.0, and kubectl stumbles over it. Fixed, so that builds are alike. */
async function versionFlags(go: Go, directory: string): Promise<string> {
  const args = ["list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes"];
  const version = (await runGo(go, { args, directory })).trim();
  const [major = "", minor = ""] = version.slice(1).split(".");
  const values = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
    gitCommit: "unknown",
    buildDate: "1970-01-01T00:00:00Z",
  };
  return ["k8s.io/client-go/pkg/version", "k8s.io/component-base/version"]
    .flatMap((path) => Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`))
    .join(" ");
}

const PAUSE = join(import.meta.dirname, "node", "pause.c");

async function makeNodePrograms(go: Go, directory: string, say: Say): Promise<void> {
  const start = Date.now();
  say("building containerd, runc and the network plugins: about 2 minutes of two cores, once");
  for (const { module, version, programs, folder, flags, cgo } of NODE_PROGRAMS) {
    const to = join(directory, folder);
    await mkdir(to, { recursive: true });
    const packages = programs.map((program) =>
      program === "." ? `${module}@${version}` : `${module}/${program}@${version}`,
    );
    await runGo(go, {
      args: ["install", "-trimpath", ...flags, ...packages],
      directory: tmpdir(),
      env: { GOBIN: to, CGO_ENABLED: cgo ? "1" : "0" },
    });
    say(`${module} ${version}: ${Math.round((Date.now() - start) / 1000)} s`);
  }
  const pause = join(directory, "pause");
  await outputOf(["gcc", "-Os", "-static", "-s", "-o", pause, PAUSE], 60_000);
  const images = join(directory, "images");
  await mkdir(images);
  await writeFile(join(images, "pause.tar"), pauseImage(await readFile(pause)));
  await writeFile(join(images, "busybox.tar"), await busyboxImage());
}
