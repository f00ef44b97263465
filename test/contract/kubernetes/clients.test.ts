/** Clients that nobody here wrote do a day's work on both servers, and see the same. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until, type Body } from "./client.ts";
import { everyday } from "./kubectl-everyday.ts";
import { kubectlBinary } from "./kubectl-runner.ts";
import { servers, type ServerUnderTest } from "./servers.ts";
import { widgetDefinition } from "./widget.ts";

const run = promisify(execFile);
const NAMESPACE = "everyday";
const GROUP = "everyday.example.com";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const KUBECTLS = ["1.36.4", "1.37.1"];

const python = spawnSync("bash", [path.resolve("scripts/python-client")], { encoding: "utf8" });

// With one server there is nothing to compare: VIRTIVE_SERVERS left the other out.
describe.skipIf(servers.length < 2)("a day's work", () => {
  const started: ServerUnderTest[] = [];
  let home = "";

  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), "virtive-clients-"));
    for (const { start } of servers) started.push(await start());
    await Promise.all(started.map(define));
  });

  /** Once for all clients: Kubernetes' server publishes schemas a moment after a definition came. */
  async function define({ client }: ServerUnderTest): Promise<void> {
    await client.post(DEFINITIONS, widgetDefinition(GROUP));
    await until(
      async () => {
        const index = JSON.parse((await client.get("/openapi/v3")).text) as Body;
        return index.paths[`apis/${GROUP}/v1`] !== undefined;
      },
      "the widgets' schemas",
      60_000,
    );
  }

  /** Each client begins with the same empty namespace. */
  async function prepare({ client }: ServerUnderTest): Promise<void> {
    const namespace = `/api/v1/namespaces/${NAMESPACE}`;
    await until(
      async () => {
        const { code } = await client.post("/api/v1/namespaces", {
          apiVersion: "v1",
          kind: "Namespace",
          metadata: { name: NAMESPACE },
        });
        return code === 201;
      },
      "the namespace of the client before to be gone",
      60_000,
    );
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    await client.post(`${namespace}/serviceaccounts`, account);
  }

  async function clear({ client }: ServerUnderTest): Promise<void> {
    await client.delete(`/api/v1/namespaces/${NAMESPACE}`);
  }

  afterAll(async () => {
    for (const under of started) {
      await under.client.delete(`${DEFINITIONS}/widgets.${GROUP}`);
      await under.stop();
    }
    await rm(home, { recursive: true, force: true });
  });

  it.each(KUBECTLS)("with kubectl %s", async (version) => {
    const kubectl = kubectlBinary(version);
    const [embedded, real] = await Promise.all(
      started.map(async (under, index) => {
        await prepare(under);
        const written = await everyday({
          kubectl,
          kubeconfig: under.kubeconfig,
          home: path.join(home, `${version}-${index}`),
          namespace: NAMESPACE,
          group: GROUP,
        });
        await clear(under);
        return written;
      }),
    );
    expect(real?.length).toBeGreaterThan(30);
    expect(embedded).toEqual(real);
  });

  it.skipIf(python.status !== 0)("with Python's kubernetes", async () => {
    const [embedded, real] = await Promise.all(
      started.map(async (under) => {
        await prepare(under);
        const script = path.join(import.meta.dirname, "everyday.py");
        const { stdout } = await run(python.stdout.trim(), [script, under.kubeconfig, NAMESPACE, GROUP], {
          timeout: 100_000,
        });
        await clear(under);
        return stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as unknown);
      }),
    );
    expect(real?.length).toBeGreaterThan(15);
    expect(embedded).toEqual(real);
  });
});
