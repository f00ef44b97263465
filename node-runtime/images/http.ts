/** HTTP as an image store uses it: redirects by hand, time limits, and bodies that end. */
import { Fault } from "#events/fault.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const MOST_REDIRECTS = 5;

/** host or host:port of this machine's loopback: the one place where plain HTTP is private. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** HTTPS, or HTTP to the loopback from the loopback. */
function isAllowed(url: URL, from: URL): boolean {
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" && isLoopback(url.host) && isLoopback(from.host);
}

/** A GET. The authorization header is sent to no other origin than the first. @throws Fault later ImagePullFailed */
export async function fetchFollowing(
  fetch: Fetch,
  address: string,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly answerSeconds: number;
    /** Who sent us there, when it was not the user. */
    readonly from?: string;
  },
): Promise<Response> {
  const first = new URL(address);
  let url = first;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const from = options.from === undefined ? first : new URL(options.from);
    if (!isAllowed(url, from)) throw failed(`${url.origin} is not HTTPS`);
    const { authorization, ...others } = options.headers;
    const headers: Record<string, string> = { "accept-encoding": "identity", ...others };
    if (authorization !== undefined && url.origin === first.origin) headers["authorization"] = authorization;
    const response = await answer(fetch, url, headers, options);
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await discard(response);
    if (!URL.canParse(location, url.href)) throw failed(`${url.host} redirects to something that is no address`);
    url = new URL(location, url);
  }
  throw failed(`${first.host} redirects more than ${MOST_REDIRECTS} times`);
}

async function answer(
  fetch: Fetch,
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: { readonly signal: AbortSignal; readonly answerSeconds: number },
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`no answer in ${options.answerSeconds} s`)),
    options.answerSeconds * 1000,
  );
  try {
    return await fetch(url.href, {
      method: "GET",
      headers,
      redirect: "manual",
      signal: AbortSignal.any([options.signal, late.signal]),
    });
  } catch (error) {
    options.signal.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw failed(`${url.host} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`, error);
  } finally {
    clearTimeout(timer);
  }
}

function failed(message: string, cause?: unknown): Fault {
  return new Fault("later", "ImagePullFailed", message, { cause });
}

/** The body as it comes. The type that Node gives its chunks is any; they are bytes. */
export function bodyOf(response: Response): AsyncIterable<Uint8Array> {
  return (response.body ?? []) as unknown as AsyncIterable<Uint8Array>;
}

/** Nobody reads the body. One that has broken off already is no trouble of anybody's. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

/** The whole body. @throws Fault refused ImageRefused when it is longer; later ImagePullFailed when it breaks off */
export async function bounded(response: Response, most: number, what: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of bodyOf(response)) {
      length += part.length;
      if (length > most) throw new Fault("refused", "ImageRefused", `The answer for ${what} has over ${most} bytes`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw failed(`The answer for ${what} broke off: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  return Buffer.concat(parts);
}
