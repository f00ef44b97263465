/** OCI image layouts on this machine: directories that `skopeo`, `buildah` and our own build scripts write. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import { errnoOf, isMissing } from "#events/file-fault.ts";
import { blobPath } from "./files.ts";
import type { Descriptor, Image } from "./image.ts";
import { forPlatform, isIndex, MAX_MANIFEST_BYTES, parseIndex, parseManifest, type IndexEntry } from "./manifest.ts";
import type { Reference } from "./reference.ts";

const REF_NAME = "org.opencontainers.image.ref.name";

/** Blobs that this process has compared with their digests, by path and time of change. */
const verified = new Set<string>();

/** What a name meant, by layout and name, as long as the index stays as it is: each start of a machine asks again. */
const meant = new Map<string, { readonly index: string; readonly image: Image }>();
const MOST_MEANT = 1_000;

/** What a layout's index that can't be read is called: of which images it has, nothing is known. */
export const LAYOUT_UNREADABLE = "LayoutUnreadable";

/**
 * The image of that name in the layout, with its blobs verified; undefined when the layout has none.
 * @throws Fault refused ImageDigestMismatch, ImageRefused; later LayoutUnreadable, ImageNotFound
 */
export async function imageInLayout(layout: string, reference: Reference, name: string): Promise<Image | undefined> {
  const about = await unlessMissing(stat(join(layout, "index.json")));
  if (about === undefined) return undefined;
  const key = `${layout} ${name}`;
  const index = `${about.ino} ${about.size} ${about.mtimeMs}`;
  const before = meant.get(key);
  if (before?.index === index) {
    await Promise.all(before.image.layers.map((layer) => verifiedBlob(layout, layer, name)));
    return before.image;
  }
  const image = await readImage(layout, reference, name);
  if (meant.size >= MOST_MEANT) meant.clear();
  if (image !== undefined) meant.set(key, { index, image });
  return image;
}

async function readImage(layout: string, reference: Reference, name: string): Promise<Image | undefined> {
  const entries = await entriesOf(layout);
  const wanted = namesOf(reference);
  const entry = entries.find((candidate) => {
    const refName = candidate.annotations?.[REF_NAME];
    return (
      refName !== undefined &&
      wanted.includes(refName) &&
      (reference.digest === undefined || candidate.digest === reference.digest)
    );
  });
  if (entry === undefined) return undefined;
  const manifest = await manifestOf(layout, entry, name);
  const layers = parseManifest(manifest.content, name);
  return {
    reference: name,
    digest: manifest.digest,
    layers: await Promise.all(
      layers.map(async (layer) => ({ ...layer, path: await verifiedBlob(layout, layer, name) })),
    ),
  };
}

/** Whoever writes the layout may not be done yet, and it may be about other images. */
async function entriesOf(layout: string): Promise<readonly IndexEntry[]> {
  try {
    const index = await unlessMissing(readBounded(join(layout, "index.json")));
    return index === undefined ? [] : parseIndex(index, layout);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("later", LAYOUT_UNREADABLE, error.message, { cause: error });
  }
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    // ENOTDIR: a file lies where a layout would.
    if (isMissing(error) || errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** With and without the registry, and the tag that is meant when none is said. */
function namesOf({ registry, repository, tag }: Reference): string[] {
  const paths = registry === undefined ? [repository] : [`${registry}/${repository}`];
  return paths.flatMap((path) => [`${path}:${tag ?? "latest"}`, ...(tag === undefined ? [path] : [])]);
}

async function manifestOf(
  layout: string,
  entry: Descriptor,
  name: string,
): Promise<{ content: Buffer; digest: string }> {
  const content = await readBounded(await verifiedBlob(layout, entry, name));
  if (!isIndex(content, name)) return { content, digest: entry.digest };
  const one = forPlatform(parseIndex(content, name), name);
  return { content: await readBounded(await verifiedBlob(layout, one, name)), digest: one.digest };
}

async function readBounded(path: string): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > MAX_MANIFEST_BYTES) {
    throw new Fault("refused", "ImageRefused", `${path} has over ${MAX_MANIFEST_BYTES} bytes; manifests are smaller`);
  }
  return readFile(path);
}

async function verifiedBlob(layout: string, blob: Descriptor, name: string): Promise<string> {
  const path = blobPath(layout, blob.digest);
  const about = await unlessMissing(stat(path));
  if (about === undefined)
    throw new Fault("later", "ImageNotFound", `The layout ${layout} lacks ${blob.digest} of ${name}`);
  const key = `${path} ${about.size} ${about.mtimeMs}`;
  if (verified.has(key)) return path;
  if ((await digestOf(path)) !== blob.digest) {
    throw new Fault("refused", "ImageDigestMismatch", `${blob.digest} of ${name} in ${layout} has other content`);
  }
  verified.add(key);
  return path;
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}
