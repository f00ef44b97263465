/** Manifests and indexes of images, checked by hand and bounded: registries are outside. Pure. */
import { z } from "zod";
import { Fault } from "#events/fault.ts";
import type { Descriptor } from "./image.ts";
import { DIGEST } from "./reference.ts";

/** What registries are asked for, and what layouts may hold. */
export const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;
export const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
] as const;

/** Bytes of a manifest or an index; real ones have a few thousand. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_LAYERS = 256;

const descriptor = z.looseObject({
  mediaType: z.string().max(256),
  digest: z.string().regex(DIGEST),
  size: z.int().min(0),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: z.looseObject({ os: z.string(), architecture: z.string() }).optional(),
});

const manifest = z.looseObject({ schemaVersion: z.literal(2), layers: z.array(descriptor).max(MAX_LAYERS) });
const index = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(descriptor).max(1024) });

export type IndexEntry = z.infer<typeof descriptor>;

const ARCHITECTURE: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: "amd64", arm64: "arm64" };

/** @throws Fault refused ImageRefused */
export function parseManifest(content: Buffer, what: string): readonly Descriptor[] {
  const { layers } = parse(manifest, content, what);
  return layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
}

/** @throws Fault refused ImageRefused */
export function parseIndex(content: Buffer, what: string): readonly IndexEntry[] {
  return parse(index, content, what).manifests;
}

/** Whether the document lists manifests rather than layers, by its own words: media types are not always told. */
export function isIndex(content: Buffer, what: string): boolean {
  const document = parse(z.looseObject({}), content, what);
  return Array.isArray(document["manifests"]);
}

/**
 * The manifest for this machine. Disks run on any machine, so an entry without a platform or the only one will do.
 * @throws Fault refused ImageRefused
 */
export function forPlatform(entries: readonly IndexEntry[], what: string): Descriptor {
  const architecture = ARCHITECTURE[process.arch] ?? process.arch;
  const images = entries.filter((entry) => entry.platform?.os !== "unknown");
  const exact = images.find((entry) => entry.platform?.os === "linux" && entry.platform.architecture === architecture);
  const found =
    exact ?? images.find((entry) => entry.platform === undefined) ?? (images.length === 1 ? images[0] : undefined);
  if (found !== undefined) return found;
  const offered = images.map((entry) => `${entry.platform?.os}/${entry.platform?.architecture}`).join(", ");
  throw new Fault(
    "refused",
    "ImageRefused",
    `The image ${what} is for ${offered || "nothing"}, not for linux/${architecture}`,
  );
}

function parse<S extends z.ZodType>(schema: S, content: Buffer, what: string): z.infer<S> {
  let document: unknown;
  try {
    document = JSON.parse(content.toString("utf8"));
  } catch {
    throw new Fault("refused", "ImageRefused", `The manifest of ${what} is no JSON`);
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Fault(
    "refused",
    "ImageRefused",
    `The manifest of ${what} is not valid: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  );
}
