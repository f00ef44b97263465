/**
 * Consoles over WebSocket: raw bytes both ways, in binary frames. The runtime's door to `ws`.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { consoleClosings } from "#events/console-closing.ts";
import type { Log } from "#events/log.ts";
import type { Consoles } from "./consoles.ts";

const MOST_FRAME_BYTES = 64 * 1024;
const PING_MS = 20_000;
/** For a client to hear that the runtime goes. */
const LEAVING_MS = 500;

export interface Gate {
  /** @throws Fault when the caller or the machine is wrong */
  check(uid: string): void;
  answer(thrown: unknown): { readonly status: number; readonly body: string };
}

export interface ConsoleSockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, gate: Gate): void;
  /** Clients are told that the runtime goes. Resolves once they know, or have had time to. */
  close(): Promise<void>;
}

export function consoleSockets(options: {
  readonly consoles: Pick<Consoles, "connect">;
  readonly log: Log;
}): ConsoleSockets {
  const server = new WebSocketServer({ noServer: true, maxPayload: MOST_FRAME_BYTES });
  return {
    upgrade(request, socket, head, gate) {
      socket.on("error", () => socket.destroy());
      // What is no path at all is nobody's console: a client can send anything.
      const url = URL.parse(request.url ?? "/", "https://node");
      const uid = /^\/machines\/([a-z0-9-]{1,64})\/console$/.exec(url?.pathname ?? "")?.[1];
      try {
        gate.check(uid ?? "");
      } catch (thrown) {
        refuse(socket, gate.answer(thrown));
        return;
      }
      server.handleUpgrade(request, socket, head, (client) => {
        try {
          converse(client, options.consoles, uid ?? "", url?.searchParams.get("history") === "1");
        } catch (thrown) {
          client.close(1011, gate.answer(thrown).body.slice(0, 120));
        }
      });
    },
    async close() {
      server.close();
      const { code, text } = consoleClosings.leaving;
      const told = [...server.clients].map((client) => {
        const closed = new Promise((resolve) => client.once("close", resolve));
        client.close(code, text);
        setTimeout(() => client.terminate(), LEAVING_MS).unref();
        return closed;
      });
      await Promise.all(told);
    },
  };
}

function converse(client: WebSocket, consoles: Pick<Consoles, "connect">, uid: string, history: boolean): void {
  const line = consoles.connect(
    uid,
    {
      send: (chunk) => client.send(chunk, { binary: true }),
      get behind() {
        return client.bufferedAmount;
      },
      close: (reason) => client.close(consoleClosings[reason].code, consoleClosings[reason].text),
    },
    { history },
  );
  // A connection that is gone without a word would hold the console's place.
  let answered = true;
  const pings = setInterval(() => {
    if (!answered) return client.terminate();
    answered = false;
    client.ping();
  }, PING_MS);
  pings.unref();
  client.on("pong", () => (answered = true));
  client.on("message", (data: RawData) => line.input(bytesOf(data)));
  client.on("error", () => client.terminate());
  client.on("close", () => {
    clearInterval(pings);
    line.disconnect();
  });
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function refuse(socket: Duplex, answer: { readonly status: number; readonly body: string }): void {
  const lines = [
    `HTTP/1.1 ${answer.status} Refused`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(answer.body)}`,
    "connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${answer.body}`);
}
