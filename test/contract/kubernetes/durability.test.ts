/** kill -9 in the middle of a write load: nothing that was acknowledged is lost, and versions go on. Embedded server only. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Client } from "./client.ts";
import { widget, widgetDefinition } from "./widget.ts";

const GROUP = "durable.example.com";
const WIDGETS = `/apis/${GROUP}/v1/namespaces/default/widgets`;
const KILLS = Number(process.env["VIRTIVE_KILLS"] ?? "20");
const WRITERS = 6;

let home = "";
let child: ChildProcess | undefined;

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), "virtive-durable-"));
});

afterAll(async () => {
  child?.kill("SIGKILL");
  await rm(home, { recursive: true, force: true });
});

async function start(): Promise<Client> {
  child = spawn(process.execPath, [path.join(import.meta.dirname, "serve.ts"), home], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout! });
  const [url] = (await Promise.race([once(lines, "line"), once(child, "exit").then(() => ["the server ended"])])) as [
    string,
  ];
  expect(url).toMatch(/^https:/);
  const config = JSON.parse(await readFile(path.join(home, "kubeconfig"), "utf8")) as {
    clusters: [{ cluster: { "certificate-authority-data": string } }];
    users: [{ user: { "client-certificate-data": string; "client-key-data": string } }];
  };
  const pem = (text: string) => Buffer.from(text, "base64").toString("utf8");
  const [{ user }] = config.users;
  const [{ cluster }] = config.clusters;
  return new Client({
    url,
    ca: pem(cluster["certificate-authority-data"]),
    cert: pem(user["client-certificate-data"]),
    key: pem(user["client-key-data"]),
  });
}

async function kill(client: Client): Promise<void> {
  const process_ = child;
  if (process_ === undefined) return;
  process_.kill("SIGKILL");
  if (process_.exitCode === null && process_.signalCode === null) await once(process_, "exit");
  client.close();
}

it(`loses no acknowledged write in ${KILLS} kills`, { timeout: 600_000 }, async () => {
  /** What the server has acknowledged: name → size, and "gone" for deletes. */
  const acknowledged = new Map<string, number | "gone">();
  let newest = 0;
  let client = await start();
  expect(
    (await client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition(GROUP))).code,
  ).toBe(201);
  for (let round = 1; round <= KILLS; round++) {
    const under = client;
    let writes = 0;
    let enough: () => void = () => {};
    const killAfter = 5 + Math.floor(Math.random() * 120);
    const reached = new Promise<void>((resolve) => (enough = resolve));
    const acknowledge = (name: string, state: number | "gone", version?: string) => {
      acknowledged.set(name, state);
      newest = Math.max(newest, Number(version ?? 0));
      if (++writes === killAfter) enough();
    };
    /** Names whose last write was sent and not answered: either outcome is right. */
    const open = new Map<string, number | "gone">();
    const writer = async (id: number) => {
      for (let index = 0; ; index++) {
        const name = `r${round}-w${id}-${index}`;
        open.set(name, 1);
        const created = await under.post(WIDGETS, widget(GROUP, name, { note: "x".repeat(150) }));
        open.delete(name);
        acknowledge(name, 1, created.body.metadata.resourceVersion);
        open.set(name, 2);
        const patched = await under.patch(`${WIDGETS}/${name}`, { spec: { size: 2 } });
        open.delete(name);
        acknowledge(name, 2, patched.body.metadata.resourceVersion);
        if (index % 3 !== 0) continue;
        open.set(name, "gone");
        await under.delete(`${WIDGETS}/${name}`);
        open.delete(name);
        acknowledge(name, "gone");
      }
    };
    const writers = Array.from({ length: WRITERS }, (_, id) => writer(id).catch(() => {}));
    await reached;
    await kill(client);
    await Promise.all(writers);

    client = await start();
    const { body } = await client.get(WIDGETS);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThanOrEqual(newest);
    const present = new Map(body.items.map(({ metadata, spec }) => [metadata.name, spec.size] as const));
    for (const [name, state] of acknowledged) {
      const wanted = [state, open.get(name)].filter((one) => one !== undefined);
      expect(wanted, `${name} in round ${round}`).toContain(present.get(name) ?? "gone");
      acknowledged.set(name, present.get(name) ?? "gone");
    }
    const watch = await client.watch(`${WIDGETS}?resourceVersion=${newest - 1}`);
    const next = await watch.next();
    expect(Number(next?.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(newest);
    watch.stop();
  }
  await kill(client);
});
