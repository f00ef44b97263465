/** The function host's server: requests of Node as the host takes them, and its answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Fault } from "#events/fault.ts";
import { MOST_BODY_BYTES } from "#events/http.ts";
import type { Host, HostAnswer } from "./http-host.ts";

/**
 * Routers keep idle connections for 90 s. Closed sooner from here, an event would now and then be sent into one that is just
 * being closed: nobody sends a POST again by itself.
 */
const KEEP_ALIVE_MILLISECONDS = 120_000;

export function hostServer(host: Host): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, (request, response) => {
    const asked = {
      method: request.method ?? "GET",
      path: (request.url ?? "/").split("?", 1)[0] ?? "/",
      headers: singleHeaders(request),
      body: () => bodyOf(request),
    };
    void host(asked).then((answer) => {
      // What was not read of a refused body is let in, so that the answer is seen and not a broken connection.
      if (!request.readableEnded) request.resume();
      // It ends once all connections have: a router's would be kept by the next event, until the pod is killed.
      if (!server.listening) response.setHeader("connection", "close");
      write(response, answer);
    });
  });
  return server;
}

/** Of one that was sent twice, Node keeps the first or joins them. */
function singleHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}

/** Stops keeping as soon as there is too much. @throws Fault refused EventTooLarge; later when the request breaks off */
function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on("data", (part: Buffer) => {
      size += part.byteLength;
      if (size <= MOST_BODY_BYTES) return parts.push(part);
      parts.length = 0;
      reject(new Fault("refused", "EventTooLarge", `the body has more than the ${MOST_BODY_BYTES} bytes allowed`));
    });
    request.on("end", () => resolve(Buffer.concat(parts)));
    const broken = (): void => reject(new Fault("later", "BodyBroken", "the body broke off"));
    request.on("error", broken);
    request.on("close", broken); // with nothing to read any more it ends nothing
    if (request.destroyed) broken();
  });
}

/** Errors are short texts for the dead letter. */
function write(response: ServerResponse, answer: HostAnswer): void {
  if (!("detail" in answer)) {
    response.writeHead(204).end();
    return;
  }
  const { status, detail } = answer;
  if ("retryAfterSeconds" in answer && answer.retryAfterSeconds !== undefined)
    response.setHeader("retry-after", String(Math.ceil(answer.retryAfterSeconds)));
  response.writeHead(status, { "content-type": "text/plain; charset=UTF-8" }).end(detail);
}
