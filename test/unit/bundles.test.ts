import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPki, type Pki } from "#local/pki.ts";
import { bundle, type Bundle } from "../../scripts/bundle.ts";
import { bundleHost } from "../../scripts/host-snapshot.ts";

const root = join(import.meta.dirname, "../..");
let directory: string;
let bundles: readonly Bundle[];
const startOf = (name: Bundle["name"]): readonly string[] => bundles.find((one) => one.name === name)?.start ?? [];
const envOf = (name: Bundle["name"]): Bundle["env"] => bundles.find((one) => one.name === name)?.env ?? {};

beforeAll(async () => {
  // Inside the repository: a bundle finds manifests and scripts from where it is.
  await mkdir(join(root, "dist"), { recursive: true });
  directory = await mkdtemp(join(root, "dist", "test-"));
  bundles = await bundle(join(directory, "out"));
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("the bundled command line", () => {
  it("tells its version", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [...startOf("virtive"), "--version"]);
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    expect(stdout).toBe(`${version}\n`);
  });
});

interface Host {
  readonly child: ChildProcess;
  /** The line of its log that says so. */
  readonly ready: { readonly port: number; readonly pid: number; readonly hostname: string; readonly time: number };
  readonly url: string;
}

async function startHost(env: NodeJS.ProcessEnv): Promise<Host> {
  const child = spawn(process.execPath, startOf("functions"), {
    env: { ...envOf("functions"), PORT: "0", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const ready = JSON.parse(line) as Host["ready"];
    if (ready.port !== undefined) return { child, ready, url: `http://127.0.0.1:${ready.port}` };
  }
  throw new Error(`the host ended with ${child.exitCode}`);
}

describe("the bundled function host", () => {
  let pki: Pki;
  let api: Server;
  let host: ChildProcess;
  let url: string;
  let ready: Host["ready"];
  let secrets: string;
  /** A node that has told where it takes orders; nobody is there. */
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: "node-1",
      uid: "1",
      resourceVersion: "1",
      annotations: { "virtive.dev/runtime-url": "https://127.0.0.1:1" },
    },
    status: { conditions: [{ type: "RuntimeReady", status: "True" }] },
  };
  const asked: { readonly path: string; readonly authorization: string | undefined }[] = [];

  beforeAll(async () => {
    secrets = await mkdtemp(join(tmpdir(), "virtive-host-"));
    pki = await openPki(join(secrets, "pki"));
    // An API server that has little: what else a function reads is gone.
    api = createServer({ ...pki.server }, (request, response) => {
      asked.push({ path: request.url ?? "", authorization: request.headers.authorization });
      const type = { "content-type": "application/json" };
      if (request.url === "/api/v1/nodes/node-1") return void response.writeHead(200, type).end(JSON.stringify(node));
      response.writeHead(404, type).end('{"kind":"Status","code":404}');
    }).listen(0, "127.0.0.1");
    await once(api, "listening");
    await writeFile(join(secrets, "token"), "secret\n");
    await writeFile(join(secrets, "ca.crt"), pki.authority);
    const identity = join(secrets, "identity");
    await mkdir(identity);
    await writeFile(join(identity, "ca.crt"), pki.authority);
    await writeFile(join(identity, "tls.crt"), pki.control.cert);
    await writeFile(join(identity, "tls.key"), pki.control.key);
    ({
      child: host,
      url,
      ready,
    } = await startHost({
      VIRTIVE_FUNCTIONS: "run, boot, resync",
      VIRTIVE_NODE_IDENTITY: identity,
      SERVICE_ACCOUNT_DIRECTORY: secrets,
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String((api.address() as AddressInfo).port),
    }));
  }, 60_000);
  afterAll(async () => {
    host.kill("SIGKILL");
    api.closeAllConnections();
    api.close();
  });

  const deliver = (name: string, headers: Record<string, string>, to = url): Promise<Response> =>
    fetch(`${to}/functions/${name}`, { method: "POST", headers });
  const event = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/test",
    "ce-type": "dev.knative.apiserver.resource.update",
    "ce-apiversion": "kubevirt.io/v1",
    "ce-kind": "VirtualMachine",
    "ce-namespace": "default",
    "ce-name": "web",
    "ce-partitionkey": "default/web",
  };

  it("starts from a snapshot, and holds little then", async () => {
    expect(startOf("functions")[0]).toBe("--snapshot-blob");
    const status = await readFile(`/proc/${host.pid}/status`, "utf8");
    expect(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024).toBeLessThanOrEqual(65);
    // What grows them is loaded before the first event: see functions/warm-up.ts. Seven MiB of the snapshot are Node's own.
    const [, snapshot = "", script = ""] = startOf("functions");
    expect((await stat(snapshot)).size).toBeLessThan(9 * 2 ** 20);
    expect((await stat(script)).size).toBeLessThan(470 * 2 ** 10);
  });

  it("is the same, byte for byte, when it is made again", async () => {
    const made = dirname(startOf("functions")[1] ?? "");
    const again = join(directory, "again", basename(made));
    await bundleHost(again);
    const names = await readdir(made);
    expect(names).toContain("main.blob");
    expect((await readdir(again)).sort()).toEqual(names.sort());
    for (const name of names)
      expect((await readFile(join(again, name))).equals(await readFile(join(made, name))), name).toBe(true);
  }, 60_000);

  it("is a process of its own: nothing of the one that made the snapshot is in its log", () => {
    expect(ready.pid).toBe(host.pid);
    expect(ready.hostname).toBe(hostname());
    expect(Date.now() - (ready.time ?? 0)).toBeLessThan(60_000);
  });

  it("runs without the snapshot too", async () => {
    const [, , script = ""] = startOf("functions");
    const env = { VIRTIVE_FUNCTIONS: "rum" };
    const failed = promisify(execFile)(process.execPath, [script], { env }).catch((error: unknown) => error);
    expect(((await failed) as { stderr: string }).stderr).toContain('VIRTIVE_FUNCTIONS: "rum"');
  });

  it("is ready without having spoken to the API server", async () => {
    expect((await fetch(`${url}/readyz`)).status).toBe(204);
    expect(asked).toEqual([]);
  });

  it("handles a CloudEvent: reads what it names with the pod's own credentials, and answers without a body", async () => {
    const answer = await deliver("run", event);
    expect(answer.status).toBe(204);
    expect(await answer.text()).toBe("");
    expect(asked).toContainEqual({
      path: "/apis/kubevirt.io/v1/namespaces/default/virtualmachines/web",
      authorization: "Bearer secret",
    });
  });

  it("speaks to nodes over a package that is no part of the snapshot", async () => {
    const changed = {
      ...event,
      "ce-apiversion": "v1",
      "ce-kind": "Node",
      "ce-name": "node-1",
      "ce-partitionkey": "/node-1",
    };
    const answer = await deliver("resync", changed);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("NodeUnreachable: node-1 does not answer at https://127.0.0.1:1: ");
  });

  it("reads a kubeconfig where it is given one, by a package that is no part of the snapshot", async () => {
    const file = join(secrets, "kubeconfig");
    const server = `https://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const authority = Buffer.from(pki.authority).toString("base64");
    const config = {
      "current-context": "it",
      "clusters": [{ name: "it", cluster: { server, "certificate-authority-data": authority } }],
      "users": [{ name: "it", user: { token: "another" } }],
      "contexts": [{ name: "it", context: { cluster: "it", user: "it" } }],
    };
    await writeFile(file, JSON.stringify(config));
    const other = await startHost({ KUBECONFIG: file });
    try {
      expect((await deliver("run", event, other.url)).status).toBe(204);
      expect(asked.at(-1)).toMatchObject({ authorization: "Bearer another" });
    } finally {
      other.child.kill("SIGKILL");
    }
  });

  it("refuses what is no event, and functions that it was not given", async () => {
    expect((await deliver("run", { "content-type": "text/plain" })).status).toBe(400);
    expect((await deliver("stop", event)).status).toBe(400);
  });

  it("serves until it has drained after SIGTERM, and ends with 0", async () => {
    const ended = once(host, "exit");
    host.kill("SIGTERM");
    expect((await fetch(`${url}/readyz`)).status).toBe(204);
    expect(await ended).toEqual([0, null]);
  });

  it.each([
    ["VIRTIVE_FUNCTIONS", "rum", ': "rum"; there are: provision, run, '],
    ["VIRTIVE_BIND", "localhost", ': "localhost"; an IP address is wanted'],
    ["VIRTIVE_LOG", "loud", ' is "loud"; it must be one of trace, debug, info, '],
    ["PORT", "http", ': "http"; a whole number from 0 to 65535'],
  ])("says what is wrong with %s", async (name, value, said) => {
    const wrong = promisify(execFile)(process.execPath, startOf("functions"), { env: { [name]: value } });
    const failed = (await wrong.catch((error: unknown) => error)) as { code: number; stderr: string };
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(`${name}${said}`);
  });

  it("says that its port is taken", async () => {
    const { port } = api.address() as AddressInfo;
    const second = promisify(execFile)(process.execPath, startOf("functions"), { env: { PORT: String(port) } });
    const failed = (await second.catch((error: unknown) => error)) as { code: number; stderr: string };
    expect(failed.code).toBe(1);
    expect(failed.stderr).toBe(
      `virtive functions: CannotListen: VIRTIVE_BIND and PORT: bind EADDRINUSE 127.0.0.1:${port}\n`,
    );
  });
});
