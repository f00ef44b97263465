/**
 * The node's place in the cluster: a key that is made here and never leaves, and a certificate for it that the control
 * plane signs for who shows the token of the node's own pod. It lasts a day by default; after two thirds of it another one is asked
 * for, with a new key, and takes the old one's place while everything runs.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeRequest, validityOf } from "#events/certificates.ts";
import { backoff, systemRandom } from "#events/chance.ts";
import { systemClock, wait, type Clock } from "#events/clock.ts";
import { asFault, Fault } from "#events/fault.ts";
import { nodeURI } from "#events/identities.ts";
import type { Log } from "#events/log.ts";
import { controlClient } from "./control-client.ts";
import type { Disk } from "./disk.ts";
import type { ServerTls } from "./server.ts";

export interface MembershipOptions {
  readonly node: string;
  /** Where the node is reached: names of its certificate. */
  readonly addresses: readonly string[];
  readonly controlURL: string;
  /** Files that are read anew at each request: Kubernetes renews them. */
  readonly controlCA: string;
  readonly token: string;
  /** Where key and certificate are kept. */
  readonly directory: string;
  readonly disk: Disk;
  readonly log: Log;
  readonly clock?: Clock;
}

export interface Membership {
  /** The newest. */
  readonly tls: ServerTls;
  /** Whose orders are taken: exactly who has this URI name. */
  readonly controlURI: string;
  /** Told from now on when there is another certificate. */
  onRenewed(listener: (tls: ServerTls) => void): void;
  close(): void;
}

const Answer = z.object({
  certificate: z.string().min(1).max(32_768),
  /** One or more: while authorities change, both are good. */
  ca: z.string().min(1).max(65_536),
  controlURI: z.string().startsWith("virtive://").max(256),
});

const Kept = z.strictObject({
  node: z.string(),
  cert: z.string(),
  key: z.string(),
  ca: z.string(),
  controlURI: z.string(),
});
type Kept = z.infer<typeof Kept>;

const JOIN_PATH = "/join";
const TIMEOUT_MILLISECONDS = 10_000;
const FIRST_RETRY_MILLISECONDS = 500;
const MOST_RETRY_MILLISECONDS = 30_000;
const RENEWED_AFTER = 2 / 3;
/** However soon a certificate ends. */
const LEAST_RENEWAL_MILLISECONDS = 5_000;
/** How often it looks at the time of day. */
const LOOK_MILLISECONDS = 30_000;

/** Resolves once the node is a member: at once with what an earlier process kept, as long as it lasts. */
export async function joinCluster(options: MembershipOptions, ended: AbortSignal): Promise<Membership> {
  const { clock = systemClock, log } = options;
  const path = join(options.directory, "membership.json");
  let kept = await read(options, path);
  const listeners = new Set<(tls: ServerTls) => void>();
  const closed = new AbortController();

  async function renew(): Promise<Kept> {
    const fresh = await ask(options);
    await options.disk.replace(path, JSON.stringify(fresh));
    kept = fresh;
    log.info({ node: options.node, until: validityOf(fresh.cert).notAfter.toISOString() }, "the node has joined");
    for (const listener of listeners) listener(tlsOf(fresh));
    return fresh;
  }

  /** Until it succeeds, or the signal ends it. */
  async function persist(signal: AbortSignal): Promise<Kept | undefined> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        return await renew();
      } catch (thrown) {
        const { reason, message } = asFault(thrown);
        log.warn({ reason }, `the node can't join yet: ${message}`);
        const pause = backoff(attempt, FIRST_RETRY_MILLISECONDS, MOST_RETRY_MILLISECONDS, systemRandom);
        await wait(clock, pause, signal);
      }
    }
    return undefined;
  }

  async function keepUp(): Promise<void> {
    while (!closed.signal.aborted && kept !== undefined) {
      const now = clock.now();
      await passed(now.getTime() + untilRenewal(kept, now));
      await persist(closed.signal);
    }
  }

  /** By the time of day: a timer stands still while the machine sleeps, and its certificate runs out all the same. */
  async function passed(time: number): Promise<void> {
    while (!closed.signal.aborted) {
      const left = time - clock.now().getTime();
      if (left <= 0) return;
      await wait(clock, Math.min(left, LOOK_MILLISECONDS), closed.signal);
    }
  }

  // What was kept may be another control plane's by now: a fresh one is asked for in any case, once.
  const fresh =
    kept === undefined
      ? await persist(ended)
      : await renew().catch((thrown: unknown) => {
          log.warn(
            { reason: asFault(thrown).reason },
            `goes on with the certificate it has: ${asFault(thrown).message}`,
          );
          return kept;
        });
  if (fresh === undefined) throw new Fault("later", "JoinGivenUp", "the process ended before the node had joined");
  const member = fresh;
  void keepUp();
  return {
    get tls() {
      return tlsOf(kept ?? member);
    },
    get controlURI() {
      return (kept ?? member).controlURI;
    },
    onRenewed: (listener) => void listeners.add(listener),
    close: () => closed.abort(),
  };
}

/** One request. @throws Fault later, refused */
async function ask(options: MembershipOptions): Promise<Kept> {
  const { node, controlURL } = options;
  const [ca, token] = await Promise.all([text(options.controlCA), text(options.token)]);
  const names = options.addresses.map((value) => ({ type: "ip", value }) as const);
  const { request, key } = await makeRequest(`system:virtive:node:${node}`, [
    { type: "url", value: nodeURI(node) },
    ...names,
  ]);
  const client = controlClient({ url: controlURL, tls: { ca } });
  try {
    const headers = { "content-type": "application/json", "authorization": `Bearer ${token.trim()}` };
    const body = JSON.stringify({ node, csr: request });
    const answer = await client.post(JOIN_PATH, headers, body, AbortSignal.timeout(TIMEOUT_MILLISECONDS));
    if (answer.status !== 200) {
      const message = `POST ${controlURL}${JOIN_PATH} is answered ${answer.status}: ${answer.body.slice(0, 500)}`;
      throw new Fault("later", "JoinRefused", message);
    }
    const parsed = Answer.safeParse(parse(answer.body));
    if (!parsed.success) throw new Fault("later", "BadJoinAnswer", `${controlURL}${JOIN_PATH} gives no certificate`);
    const { certificate, ca: authorities, controlURI } = parsed.data;
    return { node, cert: certificate, key, ca: authorities, controlURI };
  } finally {
    client.close();
  }
}

/** What was kept for this node and still lasts. */
async function read({ node, disk, clock = systemClock }: MembershipOptions, path: string): Promise<Kept | undefined> {
  const parsed = Kept.safeParse(parse((await disk.read(path)) ?? ""));
  if (!parsed.success || parsed.data.node !== node) return undefined;
  return validityOf(parsed.data.cert).notAfter > clock.now() ? parsed.data : undefined;
}

/** Of what is left of it: its begin is set back, for clocks that differ. */
function untilRenewal({ cert }: Kept, now: Date): number {
  const left = validityOf(cert).notAfter.getTime() - now.getTime();
  return Math.max(LEAST_RENEWAL_MILLISECONDS, left * RENEWED_AFTER);
}

function tlsOf({ cert, key, ca }: Kept): ServerTls {
  return { cert, key, ca };
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    throw new Fault("later", "FileMissing", `${path} can't be read`, { cause: thrown });
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
