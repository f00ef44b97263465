/**
 * A client of the OCI distribution API. HTTPS only, except to registries on this machine's loopback; redirects and
 * token services may not lead from HTTPS to HTTP, and credentials stay with the host that asked for them.
 */
import { createHash } from "node:crypto";
import { Fault } from "#events/fault.ts";
import type { Descriptor, Limits, PullSecret } from "./image.ts";
import type { Log } from "#events/log.ts";
import { INDEX_TYPES, MANIFEST_TYPES, MAX_MANIFEST_BYTES } from "./manifest.ts";
import { bodyOf, bounded, discard, fetchFollowing, isLoopback, type Fetch } from "./http.ts";
import { authorize } from "./registry-auth.ts";

export interface Repository {
  readonly registry: string;
  readonly repository: string;
  readonly secret?: PullSecret | undefined;
}

export interface RegistryClient {
  /** By tag or digest. The digest is that of the bytes received. @throws Fault, as `pull` */
  manifest(name: string, signal: AbortSignal): Promise<{ readonly content: Buffer; readonly digest: string }>;
  /**
   * Streams a blob, taking broken downloads up where they broke. `write` gets the chunks in order; `restart` is called
   * when the registry can only begin anew. Verified against its digest and size before it resolves. What the sink throws
   * ends it.
   */
  blob(descriptor: Descriptor, sink: BlobSink, signal: AbortSignal): Promise<void>;
}

export interface BlobSink {
  write(chunk: Buffer): Promise<void>;
  restart(): Promise<void>;
}

export function openRegistry(
  of: Repository,
  options: { readonly fetch: Fetch; readonly limits: Limits; readonly log: Log },
): RegistryClient {
  const { limits, log } = options;
  const scheme = isLoopback(of.registry) ? "http" : "https";
  const base = `${scheme}://${of.registry}/v2/${of.repository}`;
  let authorization: string | undefined;

  const get = async (
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> => {
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetchFollowing(options.fetch, `${base}${path}`, {
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
        signal,
        answerSeconds: limits.answerSeconds,
      });
      if (response.status !== 401 || attempt > 1) return response;
      await discard(response);
      authorization = await authorize(response.headers.get("www-authenticate") ?? "", of, options, signal);
    }
  };

  return {
    async manifest(name, signal) {
      const what = `${of.registry}/${of.repository}:${name}`;
      const accept = [...MANIFEST_TYPES, ...INDEX_TYPES].join(", ");
      const response = await get(`/manifests/${name}`, { accept }, signal);
      if (!response.ok) throw await faultOf(response, what);
      const content = await bounded(response, MAX_MANIFEST_BYTES, what);
      const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
      if (name.startsWith("sha256:") && name !== digest) {
        throw new Fault("refused", "ImageDigestMismatch", `${what} came with the digest ${digest}`);
      }
      return { content, digest };
    },

    async blob(descriptor, sink, signal) {
      const what = `${descriptor.digest} of ${of.registry}/${of.repository}`;
      let hash = createHash("sha256");
      let received = 0;
      let unwritten: { readonly error: unknown } | undefined;
      const put = (writing: Promise<void>): Promise<void> =>
        writing.catch((error: unknown) => {
          unwritten = { error };
          throw error;
        });
      for (let attempt = 1; ; attempt += 1) {
        try {
          const range: Record<string, string> = received === 0 ? {} : { range: `bytes=${received}-` };
          const idle = new AbortController();
          const response = await get(
            `/blobs/${descriptor.digest}`,
            { ...range },
            AbortSignal.any([signal, idle.signal]),
          );
          if (!response.ok) throw await faultOf(response, what);
          if (received > 0 && !continuesAt(response, received)) {
            await put(sink.restart());
            hash = createHash("sha256");
            received = 0;
          }
          for await (const chunk of withIdleLimit(response, limits.idleSeconds, idle)) {
            received += chunk.length;
            if (received > descriptor.size) throw mismatch(what, `is longer than its ${descriptor.size} bytes`);
            hash.update(chunk);
            await put(sink.write(chunk));
          }
          if (received < descriptor.size) throw pullFailed(what, `ended after ${received} of ${descriptor.size} bytes`);
          break;
        } catch (error) {
          signal.throwIfAborted();
          // Not the download's failure: taken up behind what is not in the file, it would leave a gap that no digest shows.
          if (unwritten !== undefined) throw unwritten.error;
          const fault = error instanceof Fault ? error : pullFailed(what, "broke off", error);
          if (fault.kind !== "later" || fault.reason !== "ImagePullFailed" || attempt >= limits.attempts) throw fault;
          log.warn({ digest: descriptor.digest, received, attempt }, "a download broke off; taking it up again");
        }
      }
      const digest = `sha256:${hash.digest("hex")}`;
      if (digest !== descriptor.digest) throw mismatch(what, `came with the digest ${digest}`);
    },
  };
}

function continuesAt(response: Response, received: number): boolean {
  return response.status === 206 && (response.headers.get("content-range") ?? "").startsWith(`bytes ${received}-`);
}

async function* withIdleLimit(response: Response, seconds: number, idle: AbortController): AsyncGenerator<Buffer> {
  const timer = setTimeout(() => idle.abort(new Error(`no byte for ${seconds} s`)), seconds * 1000);
  try {
    for await (const chunk of bodyOf(response)) {
      timer.refresh();
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

function mismatch(what: string, why: string): Fault {
  return new Fault("refused", "ImageDigestMismatch", `${what} ${why}`);
}

function pullFailed(what: string, why: string, cause?: unknown): Fault {
  const detail = cause instanceof Error ? ` (${cause.message})` : "";
  return new Fault("later", "ImagePullFailed", `${what} ${why}${detail}`, { cause });
}

/** What an answer that is no success means for the caller. */
async function faultOf(response: Response, what: string): Promise<Fault> {
  await discard(response);
  const { status } = response;
  if (status === 404) return new Fault("later", "ImageNotFound", `The registry has no ${what}`);
  const retryAfter = Number(response.headers.get("retry-after"));
  const more = Number.isFinite(retryAfter) && retryAfter > 0 ? { retryAfterSeconds: Math.min(retryAfter, 3600) } : {};
  const denied = status === 401 || status === 403;
  const why = denied ? `refuses access to ${what} (HTTP ${status})` : `answered HTTP ${status} for ${what}`;
  return new Fault("later", denied ? "ImagePullDenied" : "ImagePullFailed", `The registry ${why}`, more);
}
