/**
 * kill -9 at random points of a write load, and of a start: nothing that was acknowledged is lost, nobody sees half a
 * write, watches go on where they were or are told 410, and versions never go back. Embedded server only.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { seededRandom } from "#events/chance.ts";
import { openPki, type Pki } from "#local/pki.ts";
import { Client, type Body, type WatchLine } from "./client.ts";
import { EmbeddedServerProcess } from "../../../scripts/bench/embedded-server/process.ts";
import { widget, widgetDefinition } from "./widget.ts";

const GROUP = "durable.example.com";
const WIDGETS = `/apis/${GROUP}/v1/namespaces/default/widgets`;
const KILLS = Number(process.env["VIRTIVE_KILLS"] ?? "200");
const SEED = Number(process.env["VIRTIVE_SEED"] ?? "4711");
const WRITERS = 6;
const NAMES_PER_WRITER = 6;
/** So small that some of the versions that a watch wants to go on from are compacted. */
const WINDOW = { changes: 150, characters: 8 * 1024 * 1024 };

let home = "";
let pki: Pki;
let server: EmbeddedServerProcess;
const random = seededRandom(SEED);

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), "virtive-durable-"));
  pki = await openPki(path.join(home, "pki"));
  server = new EmbeddedServerProcess(
    {
      directory: path.join(home, "data"),
      pki: path.join(home, "pki"),
      codeCache: path.join(home, "code"),
      window: WINDOW,
    },
    { standby: true },
  );
});

afterAll(async () => {
  await server.end();
  await rm(home, { recursive: true, force: true });
});

function upTo(limit: number): number {
  return Math.floor(random() * limit);
}

const ABSENT = "absent";

/** What an object says, in one word: the number of its latest write and of its latest status. Half a write says neither. */
function wordOf({ spec, status }: { readonly spec: Body["spec"]; readonly status?: object }): string {
  const { n, text } = spec["free"] as { n: number; text: string };
  if (text !== textOf(n)) return `half a write: ${n} with ${text.length} characters`;
  const { phase = "new" } = (status ?? {}) as { phase?: string };
  return `${n} ${phase}`;
}

/** Each write has a text of its own, some of them large. */
function textOf(n: number): string {
  return String.fromCharCode(97 + (n % 26)).repeat(n % 11 === 0 ? 200_000 + n : 50 + (n % 1000));
}

/** What the tests know: what the server has acknowledged, and the writes that it has not answered. */
const acknowledged = new Map<string, string>();
const open = new Map<string, string>();
let newest = 0;
let answered = 0;
let writes = 0;

interface Write {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly after: string;
}

function nextWrite(name: string): Write {
  const now = acknowledged.get(name) ?? ABSENT;
  const n = ++writes;
  const free = { n, text: textOf(n) };
  const at = `${WIDGETS}/${name}`;
  if (now === ABSENT) return { method: "POST", path: WIDGETS, body: widget(GROUP, name, { free }), after: `${n} new` };
  const [number = "", phase = ""] = now.split(" ");
  const choice = random();
  if (choice < 0.2) return { method: "DELETE", path: at, after: ABSENT };
  if (choice < 0.5)
    return { method: "PATCH", path: `${at}/status`, body: { status: { phase: `${n}` } }, after: `${number} ${n}` };
  return { method: "PATCH", path: at, body: { spec: { free } }, after: `${n} ${phase}` };
}

/** Writes until the connection breaks. */
async function write(client: Client, id: number): Promise<void> {
  for (;;) {
    const name = `w${id}-${upTo(NAMES_PER_WRITER)}`;
    const { method, path: at, body, after } = nextWrite(name);
    open.set(name, after);
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const answer = await client
      .request(method, at, body === undefined ? {} : { body, contentType })
      .catch(() => undefined);
    if (answer === undefined) return;
    if (answer.code >= 300) throw new Error(`${method} ${at}: ${answer.code} ${answer.text}`);
    acknowledged.set(name, after);
    open.delete(name);
    newest = Math.max(newest, Number(answer.body.metadata.resourceVersion ?? 0));
    answered++;
    enough();
  }
}

/** Called after each answer. */
let enough = () => {};

/** A random moment: after some answers and a little more, or some time after the first write was sent. */
function moment(): Promise<void> {
  const later = upTo(4);
  if (random() < 0.2) return new Promise((resolve) => setTimeout(resolve, upTo(60)));
  let left = 1 + upTo(60);
  return new Promise((resolve) => {
    enough = () => {
      left--;
      if (left === 0) setTimeout(resolve, later);
    };
  });
}

interface Seen {
  readonly version: number;
  readonly type: string;
  readonly name: string;
  readonly word: string;
}

function seen({ type, object }: WatchLine): Seen {
  const { name, resourceVersion } = object.metadata;
  return { version: Number(resourceVersion), type, name, word: type === "DELETED" ? ABSENT : wordOf(object) };
}

/** Changes after one version up to another; undefined when the first is compacted. */
async function changes(client: Client, after: number, until: number): Promise<Seen[] | undefined> {
  const watch = await client.watch(`${WIDGETS}?resourceVersion=${after}`).catch((error: Error) => {
    if (error.message.endsWith("410")) return undefined;
    throw error;
  });
  if (watch === undefined) return undefined;
  const found: Seen[] = [];
  while ((found.at(-1)?.version ?? after) < until) {
    const line = await watch.next();
    if (line === undefined) throw new Error(`the watch ended at ${found.at(-1)?.version}, before ${until}`);
    found.push(seen(line));
  }
  watch.stop();
  return found;
}

/** What is there, by name, and the version of the list. */
async function listed(client: Client): Promise<{ readonly state: Map<string, string>; readonly version: number }> {
  const { code, body } = await client.get(WIDGETS);
  if (code !== 200) throw new Error(`the list answered ${code}`);
  const state = new Map(body.items.map((object) => [object.metadata.name, wordOf(object)] as const));
  return { state, version: Number(body.metadata.resourceVersion) };
}

function applied(state: ReadonlyMap<string, string>, events: readonly Seen[]): Map<string, string> {
  const after = new Map(state);
  for (const { name, word } of events) {
    if (word === ABSENT) after.delete(name);
    else after.set(name, word);
  }
  return after;
}

function sorted(state: ReadonlyMap<string, string>): [string, string][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}

it(`loses nothing in ${KILLS} kills (seed ${SEED})`, { timeout: 900_000 }, async () => {
  const connect = async () => new Client({ url: await server.start(), ca: pki.authority, ...pki.admin });
  const history: Seen[] = [];
  let resumed = 0;
  let expired = 0;
  let client = await connect();
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  expect((await client.post(definitions, widgetDefinition(GROUP))).code).toBe(201);
  let before = await listed(client);
  const first = before.version;
  for (let kills = 1; kills <= KILLS; kills++) {
    const round = `kill ${kills}`;
    const live: Seen[] = [];
    const watch = await client.watch(`${WIDGETS}?resourceVersion=${before.version}`);
    const watching = (async () => {
      for (let line = await watch.next(60_000); line !== undefined; line = await watch.next(60_000))
        live.push(seen(line));
    })();
    const under = client;
    const writers = Array.from({ length: WRITERS }, (_, id) => write(under, id));
    await moment();
    enough = () => {};
    await server.kill();
    await Promise.all([...writers, watching]);
    client.close();

    if (random() < 0.15) {
      await server.killWhileStarting(upTo(60));
      kills++;
    }
    client = await connect();
    const now = await listed(client);
    // No version went back, neither one that a client was told nor one that a watch saw.
    expect(now.version, round).toBeGreaterThanOrEqual(Math.max(newest, live.at(-1)?.version ?? 0));
    // Each object is as it was acknowledged, or as the write wanted it that nobody was told of.
    const wrong = [...new Set([...acknowledged.keys(), ...open.keys(), ...now.state.keys()])].filter((name) => {
      const allowed = [acknowledged.get(name) ?? ABSENT, open.get(name)];
      return !allowed.includes(now.state.get(name) ?? ABSENT);
    });
    expect(wrong, `${round}: ${JSON.stringify([sorted(acknowledged), sorted(open), sorted(now.state)])}`).toEqual([]);
    // A watch that goes on from before the kill tells all that happened, and what it told before the kill is part of it.
    const events = await changes(client, before.version, now.version);
    if (events === undefined) throw new Error(`${round}: the version of a moment ago is compacted`);
    expect(events.slice(0, live.length), round).toEqual(live);
    expect(sorted(applied(before.state, events)), round).toEqual(sorted(now.state));
    history.push(...events);
    // One from long ago goes on without a gap, or is told to list again.
    const from = first + upTo(now.version - first);
    const again = await changes(client, from, now.version);
    if (again === undefined) expired++;
    else {
      resumed++;
      expect(again, `${round}, from ${from}`).toEqual(history.filter(({ version }) => version > from));
    }
    acknowledged.clear();
    for (const [name, word] of now.state) acknowledged.set(name, word);
    open.clear();
    before = now;
  }
  client.close();
  expect(answered).toBeGreaterThan(KILLS * 5);
  expect(resumed).toBeGreaterThan(0);
  expect(expired).toBeGreaterThan(0);
  const versions = history.map(({ version }) => version);
  expect(versions).toEqual([...new Set(versions)].sort((one, other) => one - other));
});
