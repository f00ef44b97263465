/**
 * What the runtime tells the control plane. Machine reports go through the outbox: on disk first, sent until they are
 * taken. The heartbeat does not: only the newest counts. Its answer is the node's lease, which is counted from the
 * moment before the heartbeat was sent, on the monotonic clock: wall clocks of two machines are never compared.
 */
import { hash } from "node:crypto";
import { loadavg } from "node:os";
import { nodeEvents, reports, type ReportName } from "#events/catalogue.ts";
import type { Clock } from "#events/clock.ts";
import { asFault, Fault } from "#events/fault.ts";
import { encode, makeEvent } from "#events/http.ts";
import type { Log } from "#events/log.ts";
import { HeartbeatReply, type Heartbeat, type MachineStatus } from "#events/machine.ts";
import type { Outbox, SendAnswer } from "#events/outbox.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { ControlClient } from "./control-client.ts";

export const HEARTBEAT_MS = 2_000;
/**
 * Twice within a lease. An answer that is not awaited costs its connection, and the next one a handshake at both ends: a
 * control plane that is short of time would get less of it.
 */
const HEARTBEAT_TIMEOUT_MS = 4_000;

/** One report as an event: the id is the same however often it is made. */
export function reportEvent(report: ReportName, status: MachineStatus, clock: Clock): CloudEvent {
  const { node, bootID, epoch } = status.claim;
  return makeEvent({
    type: reports[report],
    source: `/virtive/node/${node}`,
    key: `${status.namespace}/${status.name}`,
    subject: `${status.namespace}/${status.name}`,
    id: `${status.uid}.${epoch}.${status.sequence}.${report}`,
    data: status,
    extensions: {
      namespace: status.namespace,
      name: status.name,
      uid: status.uid,
      node,
      bootid: bootID,
      epoch: String(epoch),
      sequence: String(status.sequence),
    },
    clock,
  });
}

/** Sends one event of the outbox. */
export async function sendEvent(client: ControlClient, event: CloudEvent, signal: AbortSignal): Promise<SendAnswer> {
  const { headers, body } = encode(event, "binary");
  const answer = await client.post("/events", headers, body, signal);
  return {
    status: answer.status,
    detail: answer.body.slice(0, 1000),
    ...(answer.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: answer.retryAfterSeconds }),
  };
}

/** Hash over what the runtime holds: machines in any order, the same hash. */
export function inventoryOf(machines: readonly MachineStatus[]): string {
  return inventoryHash(linesOf(machines));
}

function linesOf(machines: readonly MachineStatus[]): string {
  const lines = machines.map((machine) => `${machine.uid} ${machine.claim.epoch} ${machine.state}`);
  return lines.sort().join("\n");
}

function inventoryHash(lines: string): string {
  return hash("sha256", lines).slice(0, 32);
}

export interface ReporterOptions {
  readonly client: ControlClient;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds that never go back and do not stop in between. */
  readonly monotonic: () => number;
  readonly machines: () => readonly MachineStatus[];
  readonly hypervisorReady: () => boolean;
  /** Of the machine, over a minute. */
  readonly load?: () => number;
  /** Between heartbeats. Default 2000. */
  readonly everyMilliseconds?: number;
  readonly node: Omit<Heartbeat, "inventory" | "loadAverage" | "hypervisorReady">;
}

export interface Reporter {
  tell(report: ReportName, status: MachineStatus): void;
  /** While it holds, nobody else may run this node's machines. False until the first heartbeat was answered. */
  leaseValid(): boolean;
  close(): Promise<void>;
}

export function startReporter(options: ReporterOptions): Reporter {
  const { client, outbox, clock, log, monotonic, everyMilliseconds = HEARTBEAT_MS } = options;
  const { load = () => loadavg()[0] ?? 0 } = options;
  let leaseEnds = -Infinity;
  let reachable: boolean | undefined;
  /** What is in one heartbeat is in all, but for an inventory, a figure and a truth value. */
  let checked = false;
  let cancel: (() => void) | undefined;
  let closed = false;
  let beating: Promise<void> = Promise.resolve();
  /** Reports that found no room on disk: told again, newest of each machine, with the next heartbeat. */
  const untold = new Map<string, { readonly report: ReportName; readonly status: MachineStatus }>();

  function tell(report: ReportName, status: MachineStatus): void {
    try {
      outbox.add(reportEvent(report, status, clock));
      untold.delete(status.uid);
    } catch (thrown) {
      const { kind, reason, message } = asFault(thrown);
      log.warn({ uid: status.uid, report, reason }, message);
      if (kind === "later") untold.set(status.uid, { report, status });
    }
  }

  /** What the last heartbeat said of the machines: most say the same as the one before. */
  let held = { lines: "", inventory: inventoryHash("") };
  function inventory(): string {
    const lines = linesOf(options.machines());
    if (lines !== held.lines) held = { lines, inventory: inventoryHash(lines) };
    return held.inventory;
  }

  async function beat(): Promise<void> {
    for (const { report, status } of [...untold.values()]) tell(report, status);
    const heartbeat: Heartbeat = {
      ...options.node,
      inventory: inventory(),
      hypervisorReady: options.hypervisorReady(),
      loadAverage: load(),
    };
    const before = monotonic();
    try {
      if (!checked) nodeEvents.heartbeat.data.parse(heartbeat);
      checked = true;
      const lease = await send(bodyOf(heartbeat));
      leaseEnds = Math.max(leaseEnds, before + lease * 1000);
      if (reachable !== true) {
        log.info({ leaseSeconds: lease }, "the control plane answers");
        outbox.nudge();
      }
      reachable = true;
    } catch (thrown) {
      const { reason, message } = asFault(thrown);
      if (reachable !== false) log.warn({ reason }, message);
      reachable = false;
    }
  }

  /** Most say the same as the one before, and are the same text then. */
  let lastSent: { readonly heartbeat: Heartbeat; readonly body: string } | undefined;
  function bodyOf(heartbeat: Heartbeat): string {
    const before = lastSent?.heartbeat;
    const same =
      before?.inventory === heartbeat.inventory &&
      before.hypervisorReady === heartbeat.hypervisorReady &&
      before.loadAverage === heartbeat.loadAverage;
    if (lastSent === undefined || !same) lastSent = { heartbeat, body: JSON.stringify(heartbeat) };
    return lastSent.body;
  }

  /** Most answers are the same text. */
  let lastReply = { text: "", leaseSeconds: 0 };

  async function send(body: string): Promise<number> {
    const abort = new AbortController();
    const giveUp = clock.schedule(HEARTBEAT_TIMEOUT_MS, () => abort.abort());
    try {
      const answer = await client.post("/heartbeat", { "content-type": "application/json" }, body, abort.signal);
      if (answer.status !== 200) {
        throw new Fault(
          "later",
          "HeartbeatRefused",
          `the heartbeat was answered ${answer.status}: ${answer.body.slice(0, 300)}`,
        );
      }
      if (answer.body !== lastReply.text) lastReply = { text: answer.body, leaseSeconds: leaseIn(answer.body) };
      return lastReply.leaseSeconds;
    } finally {
      giveUp();
    }
  }

  function schedule(milliseconds: number): void {
    if (closed) return;
    cancel = clock.schedule(milliseconds, () => {
      const began = monotonic();
      beating = beat().finally(() => schedule(Math.max(0, everyMilliseconds - (monotonic() - began))));
    });
  }

  schedule(0);
  return {
    tell,
    leaseValid: () => monotonic() < leaseEnds,
    async close() {
      closed = true;
      cancel?.();
      await beating;
    },
  };
}

/** @throws Fault later */
function leaseIn(text: string): number {
  const reply = HeartbeatReply.safeParse(parse(text));
  if (!reply.success) throw new Fault("later", "BadHeartbeatReply", "the heartbeat's answer carries no lease");
  return reply.data.leaseSeconds;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
