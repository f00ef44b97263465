/**
 * GET /apis/subresources.virtive.dev/v1/cloudevents: the journal as JSON lines, one entry a line with its cursor.
 * `after` goes on from a cursor (without it: from the oldest, or from now when following), `follow=1` stays, `key` and
 * `type` select (of a decision it is the function's name), `entry` picks events, decisions or dead letters.
 */
import { z } from "zod";
import { catalogue } from "#events/catalogue.ts";
import { asFault } from "#events/fault.ts";
import type { JournalEntry, JournalQuery } from "#events/journal-entry.ts";
import type { GatewayParts } from "./parts.ts";
import { Refused } from "./status.ts";

const TYPES: ReadonlySet<string> = new Set(catalogue.map(({ type }) => type));

const Query = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/, "must be a cursor: a whole number")
    .transform(Number)
    .optional(),
  follow: z.enum(["0", "1", "true", "false"]).optional(),
  key: z.string().max(320).optional(),
  type: z
    .string()
    .max(256)
    .refine((type) => !type.includes(".") || TYPES.has(type), {
      error: ({ input }) => `there is no "${String(input)}"; there are ${[...TYPES].join(", ")}`,
    })
    .optional(),
  entry: z.enum(["event", "decision", "dead-letter"]).optional(),
});

const PAGE = 500;
const MOST_FOLLOWERS = 64;
let followers = 0;

export function cloudevents(parts: GatewayParts, request: Request): Response {
  const parameters = Object.fromEntries(new URL(request.url).searchParams);
  const parsed = Query.safeParse(parameters);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join(".") || "query"}: ${issue.message}`);
    throw new Refused(400, `The query can't be read: ${issues.join("; ")}`);
  }
  const { follow, after, ...rest } = parsed.data;
  const following = follow === "1" || follow === "true";
  if (following && followers >= MOST_FOLLOWERS) {
    throw new Refused(503, `${MOST_FOLLOWERS} readers follow already; try again later`);
  }
  const query = {
    ...defined(rest),
    after: after ?? (following ? parts.journal.last : 0),
  };
  const entries = following ? followed(parts, query, request.signal) : kept(parts, query);
  return new Response(lines(parts, entries), { headers: { "content-type": "application/jsonl" } });
}

function defined(query: z.infer<typeof Query>): JournalQuery {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

async function* followed(parts: GatewayParts, query: JournalQuery, signal: AbortSignal): AsyncGenerator<JournalEntry> {
  followers += 1;
  try {
    yield* parts.journal.follow(query, signal);
  } finally {
    followers -= 1;
  }
}

async function* kept(parts: GatewayParts, query: JournalQuery): AsyncGenerator<JournalEntry> {
  let after = query.after ?? 0;
  const { last } = parts.journal;
  for (;;) {
    const page = parts.journal.read({ ...query, after, limit: PAGE });
    for (const entry of page) {
      if (entry.cursor > last) return;
      yield entry;
      after = entry.cursor;
    }
    if (page.length < PAGE) return;
  }
}

/** Pulled by the reader: one who is slow holds nothing up and fills no memory. */
function lines(parts: GatewayParts, entries: AsyncGenerator<JournalEntry>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let left = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await entries.next();
          if (left) return; // whoever leaves ends what is waited for, and has closed this himself
          if (next.done === true) controller.close();
          else controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`));
        } catch (thrown) {
          parts.log.warn({ fault: asFault(thrown).message }, "the journal could not be read");
          controller.error(thrown);
        }
      },
      async cancel() {
        left = true;
        await entries.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
