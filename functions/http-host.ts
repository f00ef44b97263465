/**
 * A function behind HTTP, as Knative calls it: POST a CloudEvent, get a status and no body. The same functions, the
 * same dispatcher; what differs is who delivers. Several functions share one host, each at /functions/{name}.
 *
 * No hono app: with it comes all of fetch, which is a third of what a host takes to start, and its start is a wait.
 */
import type { Answer } from "#events/broker-types.ts";
import { flowEvents } from "#events/catalogue.ts";
import type { Reader } from "#events/cluster.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { asFault } from "#events/fault.ts";
import { decode } from "#events/http.ts";
import type { Log } from "#events/log.ts";
import type { TokenCheck } from "#events/oidc.ts";
import type { FunctionDefinition } from "./define.ts";
import { answerOf, keysOf, type Dispatcher } from "./dispatcher.ts";
import { createKeyTurns } from "./key-turns.ts";

export interface HostOptions {
  readonly functions: readonly FunctionDefinition[];
  readonly reader: Reader;
  readonly dispatcher: Pick<Dispatcher, "dispatch">;
  readonly log: Log;
  /** Of whoever posts; without it everybody may. */
  readonly authenticate?: TokenCheck | undefined;
}

export interface HostRequest {
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  /** Names are lower-case. */
  readonly headers: Readonly<Record<string, string>>;
  /** @throws Fault refused when it is too large */
  body(): Promise<Uint8Array>;
}

/** Answers without a detail have no body: one in a success would be taken for a broken reply. */
export type HostAnswer = Answer | { readonly status: 400 | 401 | 403; readonly detail: string };

/** Never rejects. */
export type Host = (request: HostRequest) => Promise<HostAnswer>;

/** Keys of one event that are worked on at a time. */
const PARALLEL = 8;
/**
 * Bytes of an answer that says what went wrong. Knative's channel (0.49.2) ends with a panic when what goes into a dead letter
 * exceeds 1024 as base64, and its filter wraps the text once more on the way.
 */
const MOST_DETAIL_BYTES = 384;
/** Runs that wait for their key's turn. */
const MOST_WAITING = 1000;

export function createHost({ functions, reader, dispatcher, log, authenticate }: HostOptions): Host {
  const served = new Map(
    functions.map((definition) => [`/functions/${definition.name}`, { definition, keys: keysIn(definition) }]),
  );
  const turns = createKeyTurns(MOST_WAITING);

  /** Undefined: they may. */
  async function refusal({ path, headers }: HostRequest): Promise<HostAnswer | undefined> {
    try {
      await authenticate?.(headers["authorization"]);
      return undefined;
    } catch (thrown) {
      const fault = asFault(thrown);
      const { kind, reason, message } = fault;
      log.warn({ path, reason }, `an event was refused: ${message}`);
      if (kind !== "refused") return answerOf(fault);
      return { status: reason === "Forbidden" ? 403 : 401, detail: `${reason}: ${message}` };
    }
  }

  async function deliver(request: HostRequest): Promise<HostAnswer> {
    const found = served.get(request.path);
    if (found === undefined) return nobody(request);
    const { definition, keys } = found;
    try {
      const event = await eventIn(request);
      const answers = await each(await keys(event, reader), (key) =>
        turns.run(definition.name, event, key, () => dispatcher.dispatch(definition, event, key)),
      );
      return worst(answers);
    } catch (thrown) {
      const fault = asFault(thrown);
      // A request that is no event will never be one.
      return fault.kind === "refused" ? { status: 400, detail: fault.message } : answerOf(fault);
    }
  }

  async function deadLetter(request: HostRequest): Promise<HostAnswer> {
    try {
      logDeadLetter(log, await eventIn(request));
      return { status: 204 };
    } catch (thrown) {
      // Given up for good: whatever it is, another delivery of it helps nobody.
      return { status: 400, detail: asFault(thrown).message };
    }
  }

  return async (request) => {
    const { method, path } = request;
    if (method === "POST") {
      const answer = (await refusal(request)) ?? (path === "/dead-letters" ? deadLetter(request) : deliver(request));
      return shortened(await answer);
    }
    return method === "GET" && (path === "/healthz" || path === "/readyz") ? { status: 204 } : nobody(request);
  };
}

function shortened(answer: HostAnswer): HostAnswer {
  if (!("detail" in answer)) return answer;
  return { ...answer, detail: Buffer.from(answer.detail).subarray(0, MOST_DETAIL_BYTES).toString() };
}

function nobody({ path }: HostRequest): HostAnswer {
  return { status: 400, detail: `no function at ${path}` };
}

async function eventIn(request: HostRequest): Promise<CloudEvent> {
  return decode({ headers: request.headers, body: await request.body() });
}

/** Of a wake, whose trigger is named in it, the key that the function asked to look at again. */
function keysIn(definition: FunctionDefinition): ReturnType<typeof keysOf> {
  /** Made with the first event: until then a host would wait for what it may never need. */
  let keys: ReturnType<typeof keysOf> | undefined;
  return (event, reader) => {
    if (event.type !== flowEvents.wake.type) return (keys ??= keysOf(definition))(event, reader);
    const { trigger, partitionkey: key } = event.extensions;
    return trigger === definition.name && key !== undefined ? [key] : [];
  };
}

/** The resync finds what such an event would have told; who sees many of them looks at the function. */
function logDeadLetter(log: Log, { id, type, source, extensions }: CloudEvent): void {
  const {
    knativeerrordest: destination,
    knativeerrorcode: code,
    knativeerrordata: data,
    partitionkey: key,
  } = extensions;
  const said = data === undefined ? undefined : Buffer.from(data, "base64").toString();
  log.error({ id, type, source, key, destination, code, said }, `a dead letter: ${type} for ${destination ?? "?"}`);
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<Answer>): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < items.length; start += PARALLEL) {
    answers.push(...(await Promise.all(items.slice(start, start + PARALLEL).map(work))));
  }
  return answers;
}

/** What is worth another delivery comes first; a bug only when nothing else is left to try. */
function worst(answers: readonly Answer[]): Answer {
  const order = [503, 409, 422];
  return order.flatMap((status) => answers.filter((answer) => answer.status === status))[0] ?? { status: 204 };
}
