import { once } from "node:events";
import { mkdtemp, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Node } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { CLIENT_AUTH, makeAuthority, SERVER_AUTH, type Authority } from "#events/certificates.ts";
import { virtualClock } from "#events/clock.ts";
import { CONTROL_URI, nodeURI } from "#events/identities.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { rotatingNodes } from "#functions/node-doors.ts";
import { identityIn } from "#functions/node-identity.ts";

let folder: string;
let server: Server | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "identity-"));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** As Kubernetes mounts a Secret: links to a link to a folder, which is swapped. */
async function mount(version: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(folder, version));
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, version, name), text);
    await symlink(join("..data", name), join(folder, name)).catch(() => undefined);
  }
  await symlink(version, join(folder, "..next"));
  await rename(join(folder, "..next"), join(folder, "..data"));
}

it("is the renewed one once the Secret has it, under a host that goes on", async () => {
  const [old, young] = await Promise.all([makeAuthority("old"), makeAuthority("young")]);
  const control = {
    commonName: "control",
    names: [{ type: "url", value: CONTROL_URI }],
    usages: [CLIENT_AUTH],
  } as const;
  const mounted = async (by: Authority) => {
    const { cert, key } = await by.issue(control);
    return { "ca.crt": `${old.cert}\n${young.cert}\n`, "tls.crt": cert, "tls.key": key };
  };
  const node = await old.issue({
    commonName: "node",
    names: [
      { type: "url", value: nodeURI("node-1") },
      { type: "ip", value: "127.0.0.1" },
    ],
    usages: [SERVER_AUTH],
  });
  // It has outlived the old authority.
  server = createServer({ ...node, ca: young.cert, requestCert: true }, (_request, response) => {
    response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const clock = virtualClock();
  const cluster = memoryCluster({ clock });
  await cluster.create(Node, {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: "node-1",
      annotations: { [annotation.runtimeURL]: `https://127.0.0.1:${(server.address() as AddressInfo).port}` },
    },
  });
  await mount("..1", await mounted(old));
  const nodes = rotatingNodes(cluster, identityIn(folder, clock), clock);
  await expect(nodes.machine("node-1", "a")).rejects.toMatchObject({ reason: "NodeUnreachable" });
  await mount("..2", await mounted(young));
  await clock.advance(10_000);
  expect(await nodes.machine("node-1", "a")).toBeUndefined();
  await nodes.close();
});

it("is the last one that could be read while a new one can't", async () => {
  const clock = virtualClock();
  await mount("..1", { "ca.crt": "a", "tls.crt": "b", "tls.key": "c" });
  const identity = identityIn(folder, clock);
  const first = identity();
  expect(first).toEqual({ ca: "a", cert: "b", key: "c" });
  await rm(join(folder, "..1"), { recursive: true });
  await clock.advance(10_000);
  expect(identity()).toBe(first);
  await mount("..2", { "ca.crt": "a", "tls.crt": "d", "tls.key": "e" });
  await clock.advance(9_000);
  expect(identity()).toBe(first);
  await clock.advance(1_000);
  expect(identity()).toMatchObject({ cert: "d", key: "e" });
});
