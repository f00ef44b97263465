/**
 * The loop, as long as this replica leads: events are taken, delivered to functions, and what they decide is done. In the
 * knative shape the events go to the cluster's broker instead, and functions live elsewhere.
 *
 * Whatever a function does goes through a fence: once the term is over, nothing is written and nothing ordered any more.
 */
import { createBroker, type BrokerMetrics } from "#events/broker/broker.ts";
import { httpSubscriber } from "#events/broker/http-subscriber.ts";
import { systemRandom } from "#events/chance.ts";
import type { Clock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import type { Journal } from "#events/journal-entry.ts";
import type { Log } from "#events/log.ts";
import type { Heartbeat, Nodes } from "#events/machine.ts";
import type { Source } from "#events/source/source.ts";
import { heartbeatNews } from "#functions/attend.ts";
import { sinkToken } from "#events/sink-token.ts";
import type { FunctionsConfig } from "#functions/config.ts";
import { createDispatcher } from "#functions/dispatcher.ts";
import { functions } from "#functions/registry.ts";
import { createRollCall, type RollCall } from "#functions/roll-call.ts";
import type { Term } from "./election.ts";

export interface Loop {
  publish(event: CloudEvent): Promise<void>;
  /** Takes note of it. True when it has to be published. */
  heard(heartbeat: Heartbeat): Promise<boolean>;
  /** Where heartbeats are kept. */
  readonly rollCall?: RollCall;
  /** Undefined where the broker is the cluster's. */
  metrics(): BrokerMetrics | undefined;
  /** Resolves when nothing is on its way any more. */
  close(): Promise<void>;
}

export interface LoopParts {
  readonly term: Term;
  readonly source: Pick<Source, "reader" | "writer" | "synced">;
  /** What the source is a cache of. */
  readonly present: Pick<Reader, "get">;
  /** What functions write goes through it, once the fence lets it through. */
  readonly writer: Writer;
  readonly nodes: Nodes;
  readonly journal: Journal;
  readonly config: FunctionsConfig;
  readonly clock: Clock;
  readonly log: Log;
}

export function startLoop(parts: LoopParts): Loop {
  const { term, source, journal, config, clock, log } = parts;
  const rollCall = createRollCall(clock);
  const broker = createBroker({ journal, clock, random: systemRandom, log });
  createDispatcher({
    functions: functions(config),
    reader: source.reader,
    present: parts.present,
    writer: fencedWriter(parts.writer, term),
    nodes: fencedNodes(parts.nodes, term),
    journal,
    broker,
    clock,
    log,
    rollCall,
  }).start();
  return {
    publish: (event) => broker.publish(event),
    heard: heartbeatNews(config, source, rollCall),
    rollCall,
    metrics: () => broker.metrics(),
    close() {
      rollCall.close();
      return broker.close();
    },
  };
}

/**
 * Begins once all is ready, unless the term has ended by then. One that is suspended at that moment is not over: when it is
 * renewed, nobody begins anew, and a leader without a loop would lead for good.
 */
export async function beginOnceReady(term: Term, ready: Promise<unknown>, begin: () => void): Promise<void> {
  await ready;
  if (!term.signal.aborted) begin();
}

const SINK_TIMEOUT_MILLISECONDS = 10_000;

/** Events go to whoever takes them at the URL, and into the journal once they are taken. */
export function startSink(sink: URL, journal: Pick<Journal, "appendEvent">): Loop {
  const post = httpSubscriber(sink.href, { authorization: sinkToken });
  return {
    async publish(event) {
      const answer = await post(event, "", AbortSignal.timeout(SINK_TIMEOUT_MILLISECONDS));
      if ("detail" in answer) {
        throw new Fault("later", "SinkRefused", `${sink.href} answers ${answer.status}: ${answer.detail}`);
      }
      journal.appendEvent(event);
    },
    heard: async () => true,
    metrics: () => undefined,
    close: async () => undefined,
  };
}

function mustHold(term: Term): void {
  if (!term.holds()) throw new Fault("later", "NotLeader", "another replica leads by now");
}

export function fencedWriter(writer: Writer, term: Term): Writer {
  return {
    async create(kind, object) {
      mustHold(term);
      return writer.create(kind, object);
    },
    async patch(kind, before, after, part) {
      mustHold(term);
      return writer.patch(kind, before, after, part);
    },
    async remove(kind, object, options) {
      mustHold(term);
      return writer.remove(kind, object, options);
    },
  };
}

function fencedNodes(nodes: Nodes, term: Term): Nodes {
  return {
    identity: (node, url) => nodes.identity(node, url),
    machine: (node, uid) => nodes.machine(node, uid),
    machines: (node) => nodes.machines(node),
    async order(order) {
      mustHold(term);
      return nodes.order(order);
    },
    async forget(node, uid, epoch) {
      mustHold(term);
      return nodes.forget(node, uid, epoch);
    },
    async act(node, uid, epoch, action) {
      mustHold(term);
      return nodes.act(node, uid, epoch, action);
    },
  };
}
