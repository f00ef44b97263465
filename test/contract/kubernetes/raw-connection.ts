/** Connections below HTTP: for clients that do what no library does. */
import tls, { type TLSSocket } from "node:tls";
import type { Access } from "./client.ts";

export interface Connection {
  readonly socket: TLSSocket;
  /** All that the server said until the connection ended. */
  readonly said: Promise<string>;
}

/** Resolves once it is open, or closed already. */
export async function connectTo({ url, ca, cert = "", key = "" }: Access): Promise<Connection> {
  const { hostname: host, port } = new URL(url);
  const socket = tls.connect({ host, port: Number(port), ca, cert, key });
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1"))).on("error", () => undefined);
  const said = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  await Promise.race([said, new Promise((resolve) => socket.once("secureConnect", resolve))]);
  return { socket, said };
}
