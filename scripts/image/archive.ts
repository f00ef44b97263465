/**
 * An image as one file: an OCI layout as tar, with the manifest.json of `docker save` beside it. `docker load`, `ctr
 * images import`, `kind load image-archive` and `skopeo copy oci-archive:` all read it. No engine, no network; the same files
 * make the same bytes.
 */
import { createHash, type Hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { writeTar, type TarEntry } from "./tar.ts";

export interface Image {
  /** Such as virtive/control:0.1.0 */
  readonly name: string;
  /** amd64, arm64 */
  readonly architecture: string;
  /** Lowest first. What changes least comes first, so that it is shared and kept. */
  readonly layers: readonly (readonly TarEntry[])[];
  readonly config: {
    readonly Entrypoint: readonly string[];
    readonly Env?: readonly string[];
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly ExposedPorts?: Readonly<Record<string, object>>;
    readonly Labels?: Readonly<Record<string, string>>;
  };
}

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly file: string;
}

const EPOCH = "1970-01-01T00:00:00Z";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

export async function writeImage(image: Image, to: string, { gzip = false } = {}): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const work = await mkdtemp(join(dirname(to), ".image-"));
  try {
    const layers = [];
    for (const [index, entries] of image.layers.entries()) {
      layers.push(await writeLayer(entries, join(work, `layer-${index}`), gzip));
    }
    const config = json({
      architecture: image.architecture,
      os: "linux",
      created: EPOCH,
      config: { WorkingDir: "/", ...image.config },
      rootfs: { type: "layers", diff_ids: layers.map(({ diff }) => diff) },
      history: layers.map(() => ({ created: EPOCH })),
    });
    const described = layers.map(({ blob }) => descriptor(blob, gzip ? `${LAYER}+gzip` : LAYER));
    const manifest = json({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: descriptor(config, CONFIG),
      layers: described,
    });
    const full = fullName(image.name);
    const annotations = {
      "io.containerd.image.name": full,
      "org.opencontainers.image.ref.name": full.slice(full.lastIndexOf(":") + 1),
    };
    const platform = { architecture: image.architecture, os: "linux" };
    const index = { schemaVersion: 2, manifests: [{ ...descriptor(manifest, MANIFEST), platform, annotations }] };
    const blobs = new Map([config, manifest, ...layers.map(({ blob }) => blob)].map((blob) => [pathOf(blob), blob]));
    const docker = [{ Config: pathOf(config), RepoTags: [image.name], Layers: layers.map(({ blob }) => pathOf(blob)) }];
    const out = createWriteStream(join(work, "image.tar"));
    const entries: TarEntry[] = [
      text("oci-layout", { imageLayoutVersion: "1.0.0" }),
      text("index.json", index),
      text("manifest.json", docker),
      ...[...blobs].map(([path, { content, file, size }]): TarEntry => ({
        path,
        mode: 0o644,
        content: content ?? { file, bytes: size },
      })),
    ];
    await Promise.all([writeTar(entries, out).then(() => out.end()), finished(out)]);
    await rename(join(work, "image.tar"), to);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function finished(out: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve, reject) => out.on("finish", () => resolve()).on("error", reject));
}

/** The name with the registry that engines add in their mind. */
function fullName(name: string): string {
  const [first = ""] = name.split("/");
  return first.includes(".") || first.includes(":") ? name : `docker.io/${name}`;
}

function text(path: string, value: unknown): TarEntry {
  return { path, mode: 0o644, content: Buffer.from(JSON.stringify(value)) };
}

interface Held extends Blob {
  /** When it is in memory. */
  readonly content?: Buffer;
}

function json(value: unknown): Held {
  const content = Buffer.from(JSON.stringify(value));
  return { digest: sha256(content), size: content.length, file: "", content };
}

function descriptor({ digest, size }: Blob, mediaType: string): object {
  return { mediaType, digest, size };
}

function pathOf({ digest }: Blob): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function sha256(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** @returns digest of what is stored, and of the plain tar */
async function writeLayer(
  entries: readonly TarEntry[],
  file: string,
  gzip: boolean,
): Promise<{ readonly blob: Held; readonly diff: string }> {
  const plain = createHash("sha256");
  const stored = createHash("sha256");
  const source = new PassThrough();
  const sink = createWriteStream(file);
  // zlib's header holds no time and no name: the same input, the same bytes.
  const packed = gzip ? [createGzip({ level: 6 })] : [];
  const written = pipeline([source, hashing(plain), ...packed, hashing(stored), sink]);
  await Promise.all([writeTar(entries, source).then(() => source.end()), written]);
  const { size } = await stat(file);
  return {
    blob: { digest: `sha256:${stored.digest("hex")}`, size, file },
    diff: `sha256:${plain.digest("hex")}`,
  };
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}
