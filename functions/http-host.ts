/**
 * A function behind HTTP, as Knative calls it: POST a CloudEvent, get a status and no body. The same functions, the
 * same dispatcher; what differs is who delivers. Several functions share one host, each at /functions/{name}.
 */
import { Hono, type Context } from "hono";
import type { Answer } from "#events/broker-types.ts";
import { flowEvents } from "#events/catalogue.ts";
import type { Reader } from "#events/cluster.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { asFault } from "#events/fault.ts";
import { readEvent } from "#events/http.ts";
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

/** Keys of one event that are worked on at a time. */
const PARALLEL = 8;
const MOST_DETAIL = 1024;
/** Runs that wait for their key's turn. */
const MOST_WAITING = 1000;

export function createHost({ functions, reader, dispatcher, log, authenticate }: HostOptions): Hono {
  const app = new Hono();
  app.post("*", async (context, next) => {
    try {
      await authenticate?.(context.req.header("authorization"));
    } catch (thrown) {
      const fault = asFault(thrown);
      const { kind, reason, message } = fault;
      log.warn({ path: context.req.path, reason }, `an event was refused: ${message}`);
      if (kind !== "refused") return respond(context, answerOf(fault));
      return context.text(`${reason}: ${message}`.slice(0, MOST_DETAIL), reason === "Forbidden" ? 403 : 401);
    }
    await next();
  });
  const turns = createKeyTurns(MOST_WAITING);
  app.get("/healthz", (context) => context.body(null, 204));
  app.get("/readyz", (context) => context.body(null, 204));
  for (const definition of functions) {
    const keys = keysIn(definition);
    app.post(`/functions/${definition.name}`, async (context) => {
      try {
        const event = await readEvent(context.req.raw);
        const answers = await each(await keys(event, reader), (key) =>
          turns.run(definition.name, event, key, () => dispatcher.dispatch(definition, event, key)),
        );
        return respond(context, worst(answers));
      } catch (thrown) {
        const fault = asFault(thrown);
        // A request that is no event will never be one.
        return respond(context, fault.kind === "refused" ? { status: 400, detail: fault.message } : answerOf(fault));
      }
    });
  }
  app.post("/dead-letters", async (context) => {
    try {
      logDeadLetter(log, await readEvent(context.req.raw));
      return context.body(null, 204);
    } catch (thrown) {
      // Given up for good: whatever it is, another delivery of it helps nobody.
      return respond(context, { status: 400, detail: asFault(thrown).message });
    }
  });
  app.notFound((context) => respond(context, { status: 400, detail: `no function at ${context.req.path}` }));
  return app;
}

/** Of a wake, whose trigger is named in it, the key that the function asked to look at again. */
function keysIn(definition: FunctionDefinition): ReturnType<typeof keysOf> {
  const keys = keysOf(definition);
  return (event, reader) => {
    if (event.type !== flowEvents.wake.type) return keys(event, reader);
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

/** Errors are short texts for the dead letter; a body in a success would be taken for a broken reply. */
function respond(context: Context, answer: Answer): Response {
  if (!("detail" in answer)) return context.body(null, 204);
  const { detail } = answer;
  if ("retryAfterSeconds" in answer && answer.retryAfterSeconds !== undefined) {
    context.header("retry-after", String(Math.ceil(answer.retryAfterSeconds)));
  }
  return context.text(detail, answer.status);
}
