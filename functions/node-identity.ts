/**
 * Who a function host is to nodes: the files of a mounted Secret. Its certificate is renewed under a host that lives on, since
 * heartbeats let none of them scale to zero: who read it once only would be refused by every node when it has expired.
 */
import { readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock } from "#events/clock.ts";
import type { NodesOptions } from "./nodes.ts";

type Tls = NodesOptions["tls"];

const AGAIN_MILLISECONDS = 10_000;
const NOBODY: Tls = { ca: "", cert: "", key: "" };

/**
 * Reads ca.crt, tls.crt and tls.key of the folder anew from time to time: the same object while they are the same.
 * @throws when they can't be read and never could
 */
export function identityIn(folder: string | undefined, clock: Clock): () => Tls {
  if (folder === undefined) return () => NOBODY;
  let known: Tls | undefined;
  let readAt = NaN;
  return () => {
    const now = clock.now().getTime();
    // A clock that was set back makes it old as well.
    if (known !== undefined && Math.abs(now - readAt) < AGAIN_MILLISECONDS) return known;
    readAt = now;
    try {
      const fresh = read(folder);
      if (known?.cert !== fresh.cert || known.key !== fresh.key || known.ca !== fresh.ca) known = fresh;
    } catch (thrown) {
      if (known === undefined) throw thrown;
    }
    return known;
  };
}

/** Kubernetes swaps a link to a folder with all of them: what is read comes from one. */
function read(folder: string): Tls {
  const version = dirname(realpathSync(join(folder, "tls.crt")));
  const file = (name: string): string => readFileSync(join(version, name), "utf8");
  return { ca: file("ca.crt"), cert: file("tls.crt"), key: file("tls.key") };
}
