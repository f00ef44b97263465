/**
 * Images on this machine. The cache is keyed by digests, so that nothing in it is ever out of date:
 *
 *   refs/<hash of the reference>.json      which manifest the name meant when it was last asked for
 *   blobs/sha256/<digest>                  manifests and layers, verified
 *   files/<manifest>/<hash of the path>    files taken out of images, with <hash>.json about each
 *
 * Local layouts are looked at first; their blobs stay where they are.
 */
import { createHash } from "node:crypto";
import { open, readFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import { z } from "zod";
import { isMissing } from "#events/file-fault.ts";
import { blobPath, sparseWriter, writeWhole, writeWholeBytes } from "./files.ts";
import type { Fetch } from "./http.ts";
import {
  defaultLimits,
  type Descriptor,
  type ExtractedFile,
  type Image,
  type ImageStore,
  type Limits,
  type PullOptions,
  type Wanted,
} from "./image.ts";
import { findFile } from "./layers.ts";
import { imageInLayout, LAYOUT_UNREADABLE } from "./layout.ts";
import { forPlatform, isIndex, parseIndex, parseManifest } from "./manifest.ts";
import { pruneCache } from "./prune.ts";
import { DIGEST, defaultPullPolicy, parseReference, type Reference } from "./reference.ts";
import { secretFor } from "./registry-auth.ts";
import { openRegistry, type RegistryClient } from "./registry.ts";
import { shareWork } from "./shared-work.ts";

export interface ImageStoreOptions {
  readonly directory: string;
  /**
   * OCI image layouts that are consulted before any registry, by `org.opencontainers.image.ref.name`: their paths, or
   * who lists them at each pull.
   */
  readonly localLayouts: readonly string[] | (() => Promise<readonly string[]>);
  readonly limits?: Partial<Limits>;
  readonly fetch?: Fetch;
  readonly log: Log;
}

const PARALLEL_DOWNLOADS = 3;

export function openImageStore(options: ImageStoreOptions): ImageStore {
  const { directory, localLayouts, log } = options;
  const listLayouts = typeof localLayouts === "function" ? localLayouts : () => Promise.resolve(localLayouts);
  const limits = { ...defaultLimits, ...options.limits };
  const fetch = options.fetch ?? globalThis.fetch;
  const share = shareWork();

  const hasBlob = async (blob: Descriptor): Promise<boolean> => {
    const path = blobPath(directory, blob.digest);
    const size = await stat(path).then(
      (about) => about.size,
      () => undefined,
    );
    if (size !== blob.size) return false;
    await isUsed(path);
    return true;
  };

  const fromManifest = (reference: string, digest: string, content: Buffer): Image => ({
    reference,
    digest,
    layers: parseManifest(content, reference).map((layer) => ({ ...layer, path: blobPath(directory, layer.digest) })),
  });

  const cached = async (reference: string): Promise<Image | undefined> => {
    try {
      const ref = Ref.parse(JSON.parse(await readFile(refPath(directory, reference), "utf8")));
      const image = fromManifest(reference, ref.digest, await readFile(blobPath(directory, ref.digest)));
      return (await Promise.all(image.layers.map(hasBlob))).every(Boolean) ? image : undefined;
    } catch (error) {
      // Not there, or not readable as what it should be: as good as not there.
      if (!isMissing(error)) log.warn({ reference, error: String(error) }, "an image in the cache cannot be read");
      return undefined;
    }
  };

  const download = async (client: RegistryClient, layer: Descriptor, signal: AbortSignal): Promise<void> => {
    if (await hasBlob(layer)) return;
    log.info({ digest: layer.digest, bytes: layer.size }, "downloading a layer");
    await writeWhole(blobPath(directory, layer.digest), async (temporary) => {
      const file = await open(temporary, "wx");
      try {
        let at = 0;
        await client.blob(
          layer,
          {
            async write(chunk) {
              for (let done = 0; done < chunk.length;) {
                done += (await file.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
              }
              at += chunk.length;
            },
            async restart() {
              at = 0;
              await file.truncate(0);
            },
          },
          signal,
        );
      } finally {
        await file.close();
      }
    });
  };

  const fromRegistry = async (
    text: string,
    reference: Reference,
    pull: PullOptions,
    signal: AbortSignal,
  ): Promise<Image> => {
    const { registry, repository } = reference;
    if (registry === undefined) {
      const message = `The image ${text} names no registry (host/path:tag), and no local layout has it`;
      throw new Fault("later", "ImageNotFound", message);
    }
    const secret = pull.dockerConfig === undefined ? undefined : secretFor(registry, pull.dockerConfig);
    const client = openRegistry({ registry, repository, secret }, { fetch, limits, log });
    let manifest = await client.manifest(reference.digest ?? reference.tag ?? "latest", signal);
    if (isIndex(manifest.content, text)) {
      manifest = await client.manifest(forPlatform(parseIndex(manifest.content, text), text).digest, signal);
    }
    const image = fromManifest(text, manifest.digest, manifest.content);
    const bytes = image.layers.reduce((sum, layer) => sum + layer.size, 0);
    if (bytes > limits.imageBytes) {
      throw new Fault(
        "refused",
        "ImageRefused",
        `${text} has ${bytes} bytes; at most ${limits.imageBytes} are allowed`,
      );
    }
    await inParallel(image.layers, PARALLEL_DOWNLOADS, (layer) => download(client, layer, signal));
    await writeWholeBytes(blobPath(directory, image.digest), manifest.content);
    await writeWholeBytes(refPath(directory, text), JSON.stringify({ reference: text, digest: image.digest }));
    log.info({ image: text, digest: image.digest, bytes }, "pulled an image");
    return image;
  };

  const store: ImageStore = {
    async pull(text, pull = {}) {
      const reference = parseReference(text);
      for (const layout of await listLayouts()) {
        const image = await imageInLayout(layout, reference, text).catch((error: unknown) => {
          if (!(error instanceof Fault) || error.reason !== LAYOUT_UNREADABLE) throw error;
          log.warn({ layout, error: error.message }, "a local layout cannot be read");
          return undefined;
        });
        if (image !== undefined) return image;
      }
      const policy = pull.pullPolicy ?? defaultPullPolicy(reference);
      const known = policy === "Always" ? undefined : await cached(text);
      if (known !== undefined) return known;
      if (policy === "Never") {
        throw new Fault(
          "later",
          "ImageNotFound",
          `The image ${text} is not on this node, and its pull policy is Never`,
        );
      }
      // Another tenant's credentials must not open an image to this one, so they are part of the work's name.
      const image = await share(`pull ${hash(`${text}\0${pull.dockerConfig ?? ""}`)}`, pull.signal, (signal) =>
        fromRegistry(text, reference, pull, signal),
      );
      await pruneCache(directory, limits.cacheBytes, log);
      return image;
    },

    extractFile(image, wanted, signal) {
      const path = filePath(directory, image, wanted);
      return share(path, signal, async (shared) => {
        const known = await knownFile(path);
        if (known !== undefined) return known;
        let size = 0;
        let inImage = "";
        await writeWhole(path, async (temporary) => {
          const file = await open(temporary, "wx");
          try {
            const writer = sparseWriter(file);
            inImage = await findFile(
              image,
              wanted,
              async (content) => {
                for await (const chunk of content) await writer.write(chunk);
              },
              { limits, signal: shared },
            );
            size = await writer.finish();
          } finally {
            await file.close();
          }
        });
        await writeWholeBytes(`${path}.json`, JSON.stringify({ inImage, size }));
        log.info({ image: image.reference, file: inImage, bytes: size }, "took a file out of an image");
        return { path, inImage, size };
      });
    },

    prune: () => pruneCache(directory, limits.cacheBytes, log),
  };
  return store;
}

const Ref = z.strictObject({ reference: z.string(), digest: z.string().regex(DIGEST) });
const About = z.strictObject({ inImage: z.string(), size: z.int() });

async function knownFile(path: string): Promise<ExtractedFile | undefined> {
  try {
    const about = About.parse(JSON.parse(await readFile(`${path}.json`, "utf8")));
    if ((await stat(path)).size !== about.size) return undefined;
    await isUsed(`${path}.json`);
    return { path, ...about };
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** What was used last is pruned last, and nothing that was used just now. */
async function isUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

function refPath(directory: string, reference: string): string {
  return join(directory, "refs", `${hash(reference)}.json`);
}

function filePath(directory: string, image: Image, wanted: Wanted): string {
  const name = "path" in wanted ? `path ${wanted.path}` : `directory ${wanted.directory}`;
  return join(directory, "files", image.digest.slice("sha256:".length), hash(name));
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  const results = await Promise.allSettled(Array.from({ length: width }, worker));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
