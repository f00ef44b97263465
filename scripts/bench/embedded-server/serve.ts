/**
 * A process of its own with the embedded server, for measuring it and for killing it: loads the code, waits for a line on standard
 * input, opens the store, prints the server's address as a line. Argument: the options as JSON. Ends with its parent.
 */
import { readFileSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";
import type { WindowBounds } from "#local/apiserver/store/window.ts";
import type { WatchBounds } from "#local/apiserver/watching/watches.ts";

export interface ServeOptions {
  readonly directory: string;
  /** Of certificates, as openPki leaves it. */
  readonly pki: string;
  /** Compiled code of earlier starts. */
  readonly codeCache: string;
  readonly window?: WindowBounds;
  readonly watches?: WatchBounds;
}

const { directory, pki, codeCache, window, watches } = JSON.parse(process.argv[2] ?? "{}") as ServeOptions;
enableCompileCache(codeCache);
const { startApiServer } = await import("#local/apiserver/server.ts");
// Now, since a killed process leaves none.
flushCompileCache();
const pem = (file: string) => readFileSync(path.join(pki, file), "utf8");
const input = createInterface({ input: process.stdin });
input.once("line", () => void start());
input.once("close", () => process.exit());

async function start(): Promise<void> {
  const { url } = await startApiServer({
    directory,
    tls: { cert: pem("server.crt"), key: pem("server.key"), clientCA: pem("ca.crt") },
    ...(window === undefined ? {} : { window }),
    ...(watches === undefined ? {} : { watches }),
  });
  console.log(url);
}
