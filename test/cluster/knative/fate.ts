/** Stands in the way of events, as HTTP: passes them on, or loses, doubles and delays them. Says yes in any case. */
import { createServer, request, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom } from "#events/chance.ts";

export interface Fate {
  /** Shares of events, from 0 to 1. */
  lost: number;
  doubled: number;
  /** Only events of this source are lost; none: all. */
  lostFrom?: string | undefined;
  /** Most milliseconds that an event is held up; each by chance. */
  late: number;
}

export interface Fateful {
  readonly url: string;
  /** What befalls events from now on. */
  readonly fate: Fate;
  readonly counts: { passed: number; lost: number; doubled: number };
  close(): Promise<void>;
}

interface Message {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** @param target the URL behind a path that is asked for */
export async function openFateful(address: string, target: (path: string) => string, seed: number): Promise<Fateful> {
  const random = seededRandom(seed);
  const fate: Fate = { lost: 0, doubled: 0, late: 0 };
  const counts = { passed: 0, lost: 0, doubled: 0 };

  function pass({
    path,
    headers,
    body,
  }: Message): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const { "host": _, "connection": __, "transfer-encoding": ___, ...kept } = headers;
      const sent = request(target(path), { method: "POST", headers: { ...kept, "content-length": body.length } });
      sent.setTimeout(60_000, () => sent.destroy(new Error("no answer")));
      sent.on("error", reject);
      sent.on("response", (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 502, headers: response.headers, body: Buffer.concat(parts) }),
        );
      });
      sent.end(body);
    });
  }

  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const message = { path: incoming.url ?? "/", headers: incoming.headers, body: Buffer.concat(parts) };
      const late = fate.late === 0 ? 0 : random() * fate.late;
      const mayBeLost = fate.lostFrom === undefined || message.headers["ce-source"] === fate.lostFrom;
      if (mayBeLost && random() < fate.lost) {
        counts.lost += 1;
        outgoing.writeHead(202).end();
        return;
      }
      if (random() < fate.doubled) {
        counts.doubled += 1;
        setTimeout(() => void pass(message).catch(() => undefined), random() * Math.max(fate.late, 50));
      }
      counts.passed += 1;
      setTimeout(() => {
        pass(message).then(
          ({ status, headers, body }) => {
            const { "connection": _, "transfer-encoding": __, ...kept } = headers;
            outgoing.writeHead(status, kept).end(body);
          },
          () => outgoing.writeHead(503).end(),
        );
      }, late);
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, address, resolve));
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    fate,
    counts,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
