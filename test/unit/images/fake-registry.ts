/** A registry on the loopback with the ways to go wrong that real ones have. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { sha256, type TestImage } from "./image-files.ts";

export interface Registry {
  /** 127.0.0.1:port */
  readonly host: string;
  /** "GET /v2/…" with the Range header if any, in order. */
  readonly requests: string[];
  /** The Authorization header of each request. */
  readonly authorizations: (string | undefined)[];
  close(): Promise<void>;
}

export interface Ways {
  /** Wants a token, which its service gives to these credentials ("user:password"), or to anyone when empty. */
  readonly token?: string;
  /** Breaks the connection after so many bytes of a blob, this often. */
  breaks?: { readonly afterBytes: number; times: number };
  /** Answers ranges with the whole. */
  readonly ignoresRanges?: boolean;
  /** Sends so many bytes of a blob and then nothing, this often. */
  stalls?: { readonly afterBytes: number; times: number };
  /** Changes a byte of every blob. */
  readonly lies?: boolean;
  /** Sends blobs from elsewhere. */
  readonly redirectsTo?: string;
  readonly status?: number;
}

export async function startRegistry(
  images: Readonly<Record<string, TestImage | Buffer>>,
  ways: Ways = {},
): Promise<Registry> {
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  let host = "";
  const server = createServer((request, response) => {
    const range = request.headers.range === undefined ? "" : ` ${request.headers.range}`;
    requests.push(`${request.method} ${request.url}${range}`);
    authorizations.push(request.headers.authorization);
    answer(images, ways, host, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    requests,
    authorizations,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function answer(
  images: Readonly<Record<string, TestImage | Buffer>>,
  ways: Ways,
  host: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? "/", `http://${host}`);
  if (url.pathname === "/token") {
    const wanted = ways.token === "" ? undefined : `Basic ${Buffer.from(ways.token ?? "").toString("base64")}`;
    const allowed = wanted === undefined || request.headers.authorization === wanted;
    response.writeHead(allowed ? 200 : 401).end(JSON.stringify({ token: "t-1" }));
    return;
  }
  if (ways.status !== undefined) {
    response.writeHead(ways.status, { "retry-after": "7" }).end("no");
    return;
  }
  if (ways.token !== undefined && request.headers.authorization !== "Bearer t-1") {
    const challenge = `Bearer realm="http://${host}/token",service="test",scope="repository:x:pull"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return;
  }
  const [, , name = "", kind = "", reference = ""] =
    /^\/(v2)\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? [];
  if (kind === "manifests") sendManifest(images, `${name}:${reference}`, reference, response);
  else sendBlob(images, ways, reference, request, response);
}

function sendManifest(
  images: Readonly<Record<string, TestImage | Buffer>>,
  tagged: string,
  reference: string,
  response: ServerResponse,
): void {
  const documents = Object.values(images).map((image) => (Buffer.isBuffer(image) ? image : image.manifest));
  const named = images[tagged];
  const found =
    named === undefined
      ? documents.find((document) => sha256(document) === reference)
      : Buffer.isBuffer(named)
        ? named
        : named.manifest;
  if (found === undefined) response.writeHead(404).end("{}");
  else response.writeHead(200, { "content-type": "application/octet-stream" }).end(found);
}

function sendBlob(
  images: Readonly<Record<string, TestImage | Buffer>>,
  ways: Ways,
  digest: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (ways.redirectsTo !== undefined) {
    response.writeHead(307, { location: `${ways.redirectsTo}${request.url}` }).end();
    return;
  }
  let content: Buffer | undefined;
  for (const image of Object.values(images)) if (!Buffer.isBuffer(image)) content ??= image.blobs.get(digest);
  if (content === undefined) {
    response.writeHead(404).end();
    return;
  }
  if (ways.lies === true) {
    content = Buffer.from(content);
    content.writeUInt8(content.readUInt8(0) ^ 1, 0);
  }
  const start = ways.ignoresRanges === true ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const rest = content.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, {
    "content-length": String(rest.length),
    ...(start > 0 ? { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` } : {}),
  });
  for (const fault of [ways.breaks, ways.stalls]) {
    if (fault === undefined || fault.times <= 0 || rest.length <= fault.afterBytes) continue;
    fault.times -= 1;
    response.write(rest.subarray(0, fault.afterBytes), () => {
      if (fault === ways.breaks) response.destroy();
    });
    return;
  }
  response.end(rest);
}
