/**
 * Finds a file in an image's layers without unpacking them: paths are compared as names, so that no link and no ".." in
 * an archive ever reaches this machine's file system. Only regular files are taken.
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { isMissing } from "#events/file-fault.ts";
import { Fault } from "#events/fault.ts";
import type { Image, ImageLayer, Limits, Wanted } from "./image.ts";
import { tarEntries, type TarEntry } from "./tar.ts";

/** What layers say of paths below them: "a" removed (`.wh.a`), or all that a folder had below (`.wh..wh..opq`). */
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** A path in an image as its segments joined by "/"; undefined when it leaves the image or is none. */
export function normalPath(path: string): string | undefined {
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  return segments.length === 0 || segments.includes("..") || path.includes("\0") ? undefined : segments.join("/");
}

/**
 * Gives the wanted file's content to `take`, once. The highest layer that has it decides, as when an image is mounted.
 * @returns its path in the image, with a leading slash
 * @throws Fault refused DiskNotFound, ImageRefused
 */
export async function findFile(
  image: Image,
  wanted: Wanted,
  take: (content: AsyncIterable<Buffer>) => Promise<void>,
  options: { readonly limits: Limits; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const asked = "path" in wanted ? wanted.path : wanted.directory;
  const target = normalPath(asked);
  if (target === undefined)
    throw notFound(image, `has no path ${JSON.stringify(asked)}: it must be a path without ".."`);
  const search = new Search(image, target, "directory" in wanted);
  let unpacked = 0;
  const found: string[] = [];
  for (const layer of [...image.layers].reverse()) {
    const source = unpack(layer, (bytes) => {
      unpacked += bytes;
      if (unpacked > options.limits.unpackedBytes) {
        throw new Fault(
          "refused",
          "ImageRefused",
          `${image.reference} unpacks to over ${options.limits.unpackedBytes} bytes`,
        );
      }
    });
    search.startLayer();
    for await (const entry of tarEntries(source, `A layer of ${image.reference}`)) {
      options.signal?.throwIfAborted();
      const path = search.look(entry);
      if (path === undefined) continue;
      found.push(path);
      if (found.length > 1) {
        throw notFound(image, `has several files in /${target} (${found.join(", ")}); name one by its path`);
      }
      if (entry.size > options.limits.fileBytes) {
        throw new Fault(
          "refused",
          "ImageRefused",
          `${path} of ${image.reference} has over ${options.limits.fileBytes} bytes`,
        );
      }
      await take(entry.content);
      if ("path" in wanted) return path;
    }
    if (search.hidden) break;
  }
  const [path] = found;
  if (path !== undefined) return path;
  throw notFound(image, "path" in wanted ? `has no file /${target}` : `has no file in /${target}`);
}

function notFound(image: Image, why: string): Fault {
  return new Fault("refused", "DiskNotFound", `The image ${image.reference} ${why}`);
}

class Search {
  /** True once a layer has taken away what lower layers have at the target. */
  hidden = false;
  private readonly image: Image;
  private readonly target: string;
  private readonly inDirectory: boolean;
  /** Names in the directory that higher layers have decided on. */
  private readonly decided = new Set<string>();
  private inThisLayer = new Set<string>();

  constructor(image: Image, target: string, inDirectory: boolean) {
    this.image = image;
    this.target = target;
    this.inDirectory = inDirectory;
  }

  startLayer(): void {
    for (const name of this.inThisLayer) this.decided.add(name);
    this.inThisLayer = new Set();
  }

  /** The entry's path when it is a file that is wanted. */
  look(entry: TarEntry): string | undefined {
    const path = normalPath(entry.name);
    if (path === undefined) return undefined;
    const slash = path.lastIndexOf("/");
    const folder = slash < 0 ? "" : path.slice(0, slash);
    const name = path.slice(slash + 1);
    if (name === OPAQUE) {
      if (this.isAbove(folder)) this.hidden = true;
      return undefined;
    }
    if (name.startsWith(WHITEOUT)) {
      const removed = name.slice(WHITEOUT.length);
      const whole = folder === "" ? removed : `${folder}/${removed}`;
      if (this.isAbove(whole)) this.hidden = true;
      else if (this.inDirectory && folder === this.target) this.inThisLayer.add(removed);
      return undefined;
    }
    if (this.isAbove(path) && !(path === this.target && !this.inDirectory)) {
      if (entry.type !== "directory")
        throw notFound(this.image, `has /${path} as a ${entry.type}; it must be a directory`);
      return undefined;
    }
    const isWanted = this.inDirectory ? folder === this.target : path === this.target;
    if (!isWanted || this.decided.has(name)) return undefined;
    this.inThisLayer.add(name);
    if (entry.type === "directory" && this.inDirectory) return undefined;
    if (entry.type !== "file") throw notFound(this.image, `has /${path} as a ${entry.type}; it must be a regular file`);
    return `/${path}`;
  }

  /** The target itself, or a folder on the way to it. */
  private isAbove(path: string): boolean {
    return path === "" || path === this.target || this.target.startsWith(`${path}/`);
  }
}

/** The layer's tar stream; how it is packed is seen from its first bytes, whatever its media type says. */
async function* unpack(layer: ImageLayer, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  // First: a stream whose file can't be opened would fail before anybody listens, and end the process.
  const unpacker = await unpackerOf(layer);
  const file = createReadStream(layer.path, { highWaterMark: 256 * 1024 });
  const stream = unpacker === undefined ? file : pipeline(file, unpacker, () => undefined);
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Buffer;
      count(bytes.length);
      yield bytes;
    }
  } catch (error) {
    // zlib's codes begin with Z_ or ZSTD_: what it was given is damaged, and its digest says that it was made so.
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    if (code?.startsWith("Z_") !== true && code?.startsWith("ZSTD_") !== true) throw error;
    throw new Fault("refused", "ImageRefused", `The layer ${layer.digest} cannot be unpacked`, { cause: error });
  } finally {
    file.destroy();
  }
}

/** @throws Fault later ImagePullFailed when the layer is gone: the next pull brings it again */
async function unpackerOf({ path, digest }: ImageLayer) {
  const file = await open(path, "r").catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new Fault("later", "ImagePullFailed", `The layer ${digest} is not there any more`, { cause: error });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead >= 2 && buffer.readUInt16BE(0) === 0x1f8b) return createGunzip();
    if (bytesRead === 4 && buffer.readUInt32BE(0) === 0x28b52ffd) return createZstdDecompress();
    return undefined;
  } finally {
    await file.close();
  }
}
