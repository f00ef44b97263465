/**
 * What a guest's clients notice of its move, in the local shape: nothing but a pause. Its address stays, connections go on,
 * and one that has its pod's own address moves as well.
 */
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conditionOf } from "#api/object.ts";
import { eventually } from "../real/eventually.ts";
import { cannotBoot, demoVM, LocalProcess, type Manifest } from "../real/local-process.ts";

/** Of the guest's echo server. */
const PORT = 7;
/** TCP sends again ever more rarely, and the machine may be busy. */
const PATIENCE_MS = 60_000;

const BINDINGS = {
  behind: { name: "default", masquerade: {}, ports: [{ port: 80 }, { port: PORT }] },
  bridged: { name: "default", bridge: {} },
} as const;

/** One connection that is kept: what is sent comes back. */
class Client {
  readonly #socket: Socket;
  #heard = "";
  failed: Error | undefined;

  constructor(host: string) {
    this.#socket = connect(PORT, host);
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (data) => (this.#heard += String(data)));
    this.#socket.on("error", (error) => (this.failed = error));
    this.#socket.on("close", () => (this.failed ??= new Error("the guest has closed the connection")));
  }

  async echoes(text: string): Promise<void> {
    this.#socket.write(`${text}\n`);
    await eventually(
      `the echo of ${text}`,
      async () => {
        if (this.failed !== undefined) throw this.failed;
        return this.#heard.includes(text) ? true : undefined;
      },
      PATIENCE_MS,
    );
  }

  end(): void {
    this.#socket.destroy();
  }
}

describe.skipIf(cannotBoot() !== undefined)("a guest's address", { timeout: 300_000 }, () => {
  let local: LocalProcess;
  const clients: Client[] = [];

  beforeAll(async () => {
    local = await LocalProcess.create(2);
    for (const [name, wish] of Object.entries(BINDINGS)) {
      await local.must(
        ["apply", "-f", "-"],
        demoVM(local, name, (vm) => changed(vm, wish)),
      );
    }
    for (const name of Object.keys(BINDINGS)) await local.phase(name, ["Running"], undefined, 120_000);
  }, 300_000);
  afterAll(async () => {
    for (const client of clients) client.end();
    await local?.close();
  });

  function changed({ spec: { template } }: Manifest, wish: object): void {
    template.spec.domain.devices.interfaces = [wish];
    const userData = `#!/bin/sh\nnc -ll -p ${PORT} -e cat </dev/null >/dev/null 2>&1 &\n`;
    template.spec.volumes = [{ name: "seed", cloudInitNoCloud: { userData } }];
  }

  async function seen(name: string) {
    const { status } = await local.vmi(name);
    const { ipAddress = "", mac } = status?.interfaces?.[0] ?? {};
    return { ipAddress, mac, node: status?.nodeName, pods: Object.keys(status?.activePods ?? {}) };
  }

  it.each(Object.keys(BINDINGS))("of a %s one stays, and so do connections, there and back", async (name) => {
    const before = await eventually("the guest's page", async () => ({ ...(await local.counter(name)) }), 150_000);
    const start = await seen(name);
    expect(conditionOf(await local.vmi(name), "LiveMigratable")?.status).toBe("True");
    const client = new Client(start.ipAddress);
    clients.push(client);
    await client.echoes("before");
    let last = start;
    for (const [round, node] of [start.node === "node-1" ? "node-2" : "node-1", start.node ?? ""].entries()) {
      const { code, stderr } = await local.virtive(["migrate", name]);
      expect(code, stderr).toBe(0);
      await client.echoes(`after ${round + 1}`);
      const now = await eventually("the instance to say where it is", async () => {
        const found = await seen(name);
        return found.node === node ? found : undefined;
      });
      expect(now).toMatchObject({ ipAddress: start.ipAddress, mac: start.mac });
      expect(now.pods).not.toEqual(last.pods);
      last = now;
    }
    const after = await eventually("the guest's page", () => local.counter(name));
    expect(after.bootID).toBe(before.bootID);
    expect(after.count).toBeGreaterThan(before.count);
  });
});
