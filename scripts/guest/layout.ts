/** An OCI image layout with one image, as `skopeo copy … oci:DIRECTORY` would leave it. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { tar, type Entry } from "./archive.ts";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface Layer {
  readonly entries: readonly Entry[];
  readonly gzip: boolean;
}

export async function writeLayout(directory: string, name: string, layers: readonly Layer[]): Promise<void> {
  const blobs = join(directory, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const add = async (content: Buffer, mediaType: string): Promise<Descriptor> => {
    const hex = sha256(content);
    await writeFile(join(blobs, hex), content);
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
  };
  const addJson = (value: unknown, mediaType: string): Promise<Descriptor> =>
    add(Buffer.from(JSON.stringify(value)), mediaType);

  const descriptors: Descriptor[] = [];
  const diffs: string[] = [];
  for (const layer of layers) {
    const plain = tar(layer.entries);
    diffs.push(`sha256:${sha256(plain)}`);
    descriptors.push(
      layer.gzip
        ? await add(gzipSync(plain, { level: 6 }), "application/vnd.oci.image.layer.v1.tar+gzip")
        : await add(plain, "application/vnd.oci.image.layer.v1.tar"),
    );
  }
  const config = await addJson(
    { architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: diffs } },
    "application/vnd.oci.image.config.v1+json",
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await addJson({ schemaVersion: 2, mediaType, config, layers: descriptors }, mediaType);
  const annotations = { "org.opencontainers.image.ref.name": name };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
