import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPki, type Pki } from "#local/pki.ts";
import { bundle, type Bundle } from "../../scripts/bundle.ts";

const root = join(import.meta.dirname, "../..");
let directory: string;
let bundles: readonly Bundle[];
const fileOf = (name: Bundle["name"]): string => bundles.find((one) => one.name === name)?.file ?? "";

beforeAll(async () => {
  // Inside the repository: a bundle finds manifests and scripts from where it is.
  await mkdir(join(root, "dist"), { recursive: true });
  directory = await mkdtemp(join(root, "dist", "test-"));
  bundles = await bundle(join(directory, "out"));
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("the bundled command line", () => {
  it("tells its version", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [fileOf("virtive"), "--version"]);
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    expect(stdout).toBe(`${version}\n`);
  });
});

describe("the bundled function host", () => {
  let pki: Pki;
  let api: Server;
  let host: ChildProcess;
  let url: string;
  const asked: { readonly path: string; readonly authorization: string | undefined }[] = [];

  beforeAll(async () => {
    const secrets = await mkdtemp(join(tmpdir(), "virtive-host-"));
    pki = await openPki(join(secrets, "pki"));
    // An API server that has nothing: what a function reads is gone.
    api = createServer({ ...pki.server }, (request, response) => {
      asked.push({ path: request.url ?? "", authorization: request.headers.authorization });
      response.writeHead(404, { "content-type": "application/json" }).end('{"kind":"Status","code":404}');
    }).listen(0, "127.0.0.1");
    await once(api, "listening");
    await writeFile(join(secrets, "token"), "secret\n");
    await writeFile(join(secrets, "ca.crt"), pki.authority);
    host = spawn(process.execPath, [fileOf("functions")], {
      env: {
        PORT: "0",
        VIRTIVE_FUNCTIONS: "run, boot",
        SERVICE_ACCOUNT_DIRECTORY: secrets,
        KUBERNETES_SERVICE_HOST: "127.0.0.1",
        KUBERNETES_SERVICE_PORT: String((api.address() as AddressInfo).port),
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (host.stderr === null) throw new Error("no standard error");
    for await (const line of createInterface({ input: host.stderr })) {
      const { port } = JSON.parse(line) as { port?: number };
      if (port === undefined) continue;
      url = `http://127.0.0.1:${port}`;
      break;
    }
  }, 60_000);
  afterAll(async () => {
    host.kill("SIGKILL");
    api.closeAllConnections();
    api.close();
  });

  const deliver = (name: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/functions/${name}`, { method: "POST", headers });
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
    ["VIRTIVE_FUNCTIONS", "rum", '"rum"; there are: provision, run, '],
    ["VIRTIVE_BIND", "localhost", '"localhost"; an IP address is wanted'],
    ["PORT", "http", '"http"; a whole number from 0 to 65535'],
  ])("says what is wrong with %s", async (name, value, said) => {
    const wrong = promisify(execFile)(process.execPath, [fileOf("functions")], { env: { [name]: value } });
    const failed = (await wrong.catch((error: unknown) => error)) as { code: number; stderr: string };
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(`${name}: ${said}`);
  });
});
