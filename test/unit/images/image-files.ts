/** Images for tests: layers as tar archives, and a layout or a registry that has them. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";

export interface TarFile {
  readonly name: string;
  readonly content?: Buffer | string;
  /** As in the header; a regular file by default. */
  readonly type?: "0" | "1" | "2" | "5" | "x" | "L" | "S";
  readonly link?: string;
  /** What the header says instead of the content's size. */
  readonly size?: number;
}

export function tarOf(files: readonly TarFile[]): Buffer {
  const chunks = files.flatMap((file) => {
    const data = Buffer.from(file.content ?? "");
    const header = Buffer.alloc(512);
    const octal = (value: number, at: number, length: number): void => {
      header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
    };
    header.write(file.name, 0);
    octal(0o644, 100, 8);
    octal(file.size ?? data.length, 124, 12);
    octal(0, 136, 12);
    header.write("        ", 148, "latin1");
    header.write(file.type ?? "0", 156, "latin1");
    header.write(file.link ?? "", 157);
    header.write("ustar\x0000", 257, "latin1");
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      148,
      7,
    );
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...chunks, Buffer.alloc(1024)]);
}

export type Packing = "plain" | "gzip" | "zstd";

export function packed(content: Buffer, packing: Packing): Buffer {
  if (packing === "gzip") return gzipSync(content);
  return packing === "zstd" ? zstdCompressSync(content) : content;
}

export function sha256(content: Buffer | string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

export interface TestImage {
  readonly manifest: Buffer;
  readonly digest: string;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

/** Lowest layer first. */
export function imageOf(layers: readonly Buffer[]): TestImage {
  const blobs = new Map(layers.map((layer) => [sha256(layer), layer]));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha256("{}"), size: 2 },
      layers: layers.map((layer) => ({
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest: sha256(layer),
        size: layer.length,
      })),
    }),
  );
  return { manifest, digest: sha256(manifest), blobs };
}

export function writeLayout(directory: string, name: string, image: TestImage): string {
  const blobs = join(directory, "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  for (const [digest, content] of [...image.blobs, [image.digest, image.manifest] as const]) {
    writeFileSync(join(blobs, digest.slice(7)), content);
  }
  const annotations = { "org.opencontainers.image.ref.name": name };
  const entry = { mediaType: MANIFEST, digest: image.digest, size: image.manifest.length, annotations };
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  return directory;
}
