/** What an image store gives: images by digest, and files out of them. */

export interface Descriptor {
  readonly mediaType: string;
  /** sha256:<64 hex> */
  readonly digest: string;
  readonly size: number;
}

export interface ImageLayer extends Descriptor {
  /** The blob on this machine, verified against its digest. */
  readonly path: string;
}

/** An image that is wholly on this machine. */
export interface Image {
  readonly reference: string;
  /** Digest of the manifest: names the image's content for ever. */
  readonly digest: string;
  /** Lowest first. */
  readonly layers: readonly ImageLayer[];
}

export interface PullSecret {
  readonly username: string;
  readonly password: string;
}

export type PullPolicy = "Always" | "IfNotPresent" | "Never";

export interface PullOptions {
  /** As Kubernetes: Always for the tag `latest`, else IfNotPresent. */
  readonly pullPolicy?: PullPolicy | undefined;
  /** The content of a Secret's `.dockerconfigjson`. */
  readonly dockerConfig?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One file of the image by its path, or the only file in a directory. */
export type Wanted = { readonly path: string } | { readonly directory: string };

export interface ExtractedFile {
  /** In the cache: read-only, may be pruned once nothing is linked to it. Link to it or copy it. */
  readonly path: string;
  /** Path in the image, with a leading slash. */
  readonly inImage: string;
  readonly size: number;
}

export interface ImageStore {
  /**
   * @throws Fault later ImageNotFound (it may be pushed yet), ImagePullFailed; refused ImageDigestMismatch, ImageRefused (it can never be used as it is), InvalidImageReference;
   *   later ImagePullFailed, DiskFull
   */
  pull(reference: string, options?: PullOptions): Promise<Image>;
  /** @throws Fault refused DiskNotFound, ImageRefused; later DiskFull */
  extractFile(image: Image, wanted: Wanted, signal?: AbortSignal): Promise<ExtractedFile>;
  /** Removes what was not used for longest until the cache is within its limit. Answers the bytes that are left. */
  prune(): Promise<number>;
}

export interface Limits {
  /** Bytes of one image's layers as they are transferred. */
  readonly imageBytes: number;
  /** Bytes of all layers of one image unpacked: bounds what a small layer can grow to. */
  readonly unpackedBytes: number;
  /** Bytes of one file taken out of an image. */
  readonly fileBytes: number;
  /** Bytes that the cache keeps when nothing is pulled. */
  readonly cacheBytes: number;
  /** Without a byte for so long, a download is broken off and taken up again. */
  readonly idleSeconds: number;
  /** For one answer to begin. */
  readonly answerSeconds: number;
  /** Attempts of one download. */
  readonly attempts: number;
}

const GIB = 1024 ** 3;

export const defaultLimits: Limits = {
  imageBytes: 64 * GIB,
  unpackedBytes: 256 * GIB,
  fileBytes: 128 * GIB,
  cacheBytes: 32 * GIB,
  idleSeconds: 30,
  answerSeconds: 20,
  attempts: 5,
};
