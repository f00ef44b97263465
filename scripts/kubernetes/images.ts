/** The images that nodes start with, since there is no registry: archives as `docker save` writes them. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { outputOf } from "#node-runtime/host/command.ts";
import { tar, type Entry } from "../guest/archive.ts";

interface Image {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly command: readonly string[];
}

/** What containerd is told to hold a pod's namespaces with. */
export const PAUSE_IMAGE = "registry.k8s.io/pause:3.10";
/** For tests: a shell and the usual small programs. */
export const BUSYBOX_IMAGE = "docker.io/library/busybox:test";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

function archive({ name, entries, command }: Image): Buffer {
  const layer = tar(entries);
  const configuration = Buffer.from(
    JSON.stringify({
      architecture: ARCHITECTURES[process.arch] ?? process.arch,
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config: { Env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: command, WorkingDir: "/" },
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created: "1970-01-01T00:00:00Z" }],
    }),
  );
  const [config, layerFile] = [`${sha256(configuration)}.json`, `${sha256(layer)}.tar`];
  const manifest = Buffer.from(JSON.stringify([{ Config: config, RepoTags: [name], Layers: [layerFile] }]));
  return tar([
    { path: config, mode: 0o644, content: configuration },
    { path: layerFile, mode: 0o644, content: layer },
    { path: "manifest.json", mode: 0o644, content: manifest },
  ]);
}

export function pauseImage(program: Buffer): Buffer {
  return archive({
    name: PAUSE_IMAGE,
    command: ["/pause"],
    entries: [{ path: "pause", mode: 0o755, content: program }],
  });
}

/** Debian's static busybox with a link for each of its programs. Its wget and ping by name don't work (static libc). */
export async function busyboxImage(): Promise<Buffer> {
  const applets = (await outputOf(["busybox", "--list"]))
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  const folder = (path: string, mode = 0o755): Entry => ({ path, mode, content: { directory: true } });
  return archive({
    name: BUSYBOX_IMAGE,
    command: ["sh"],
    entries: [
      folder("bin"),
      folder("etc"),
      folder("root", 0o700),
      folder("tmp", 0o1777),
      { path: "bin/busybox", mode: 0o755, content: await readFile("/bin/busybox") },
      ...applets.map((name): Entry => ({ path: `bin/${name}`, mode: 0o777, content: { link: "busybox" } })),
    ],
  });
}
