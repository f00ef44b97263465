import { describe, expect, it } from "vitest";
import { ApiError, type Client } from "../../../cli/client.ts";
import { migrate } from "../../../cli/commands/migrate.ts";

const NODES = ["node-1", "node-2"];

/** A server with two nodes, which it shows to those who may see them. */
function server(maySeeNodes = true) {
  const created: unknown[] = [];
  const client: Pick<Client, "send" | "lines"> = {
    send: async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      const node = /^\/api\/v1\/nodes\/(.+)$/.exec(path)?.[1];
      if (node !== undefined) {
        if (!maySeeNodes) throw new ApiError(403, "Forbidden", "nodes is forbidden");
        if (!NODES.includes(node)) throw new ApiError(404, "NotFound", `nodes "${node}" not found`);
        return { metadata: { name: node, labels: { "kubernetes.io/hostname": `${node}.example` } } } as T;
      }
      if (method === "GET" && path.includes("/virtualmachineinstances/")) {
        if (!path.endsWith("/web")) throw new ApiError(404, "NotFound", "there is none");
        return { status: { nodeName: "node-1" } } as T;
      }
      if (method !== "POST") throw new Error(`${method} ${path} is not expected`);
      created.push(body);
      return { metadata: { name: "web-abcde" } } as T;
    },
    lines: () => {
      throw new Error("nobody waits");
    },
  };
  return { client, created };
}

const options = { namespace: "default", wait: false, timeoutSeconds: 5, report: () => undefined };

describe("a move to a node", () => {
  it("selects it by its hostname, which need not be its name", async () => {
    const { client, created } = server();
    expect(await migrate(client, "web", { ...options, to: "node-2" })).toMatchObject({ done: false });
    expect(created).toMatchObject([
      { spec: { vmiName: "web", addedNodeSelector: { "kubernetes.io/hostname": "node-2.example" } } },
    ]);
  });

  it("is refused when there is no such node, and nothing is left to wait for it", async () => {
    const { client, created } = server();
    await expect(migrate(client, "web", { ...options, to: "node-9" })).rejects.toThrow('nodes "node-9" not found');
    expect(created).toEqual([]);
  });

  it("is refused where it runs already, and nothing is left to wait for it", async () => {
    const { client, created } = server();
    const asked = migrate(client, "web", { ...options, to: "node-1" });
    await expect(asked).rejects.toMatchObject({ reason: "AlreadyThere", message: "web runs on node-1 already" });
    expect(created).toEqual([]);
  });

  it("goes by the name for who may not see nodes", async () => {
    const { client, created } = server(false);
    await migrate(client, "web", { ...options, to: "node-2" });
    expect(created).toMatchObject([{ spec: { addedNodeSelector: { "kubernetes.io/hostname": "node-2" } } }]);
  });
});

describe("a move of nobody", () => {
  it("is not found, as anything that is not there", async () => {
    const { client, created } = server();
    await expect(migrate(client, "nobody", options)).rejects.toMatchObject({ code: 404 });
    expect(created).toEqual([]);
  });
});
