import { describe, expect, it } from "vitest";
import { ApiError, type Client } from "../../../cli/client.ts";
import { drain } from "../../../cli/commands/drain.ts";

const AWAY = new ApiError(500, "InternalError", 'failed calling webhook "evictions.admission.virtive.dev"');
const POD = { metadata: { name: "virt-launcher-web-abcde", namespace: "default" }, status: { phase: "Running" } };

/** A server whose one guest leaves once an eviction is let through; the answers to those before it. */
function server(answers: ApiError[]) {
  let there = true;
  const client: Pick<Client, "send" | "lines"> = {
    send: async <T>(method: string, path: string): Promise<T> => {
      if (path.startsWith("/api/v1/nodes/")) return { spec: { unschedulable: true } } as T;
      if (path.startsWith("/api/v1/pods?")) return { items: there ? [POD] : [] } as T;
      if (method === "GET") return { items: [] } as T;
      const refusal = answers.shift();
      if (refusal !== undefined) throw refusal;
      there = false;
      return {} as T;
    },
    async *lines() {},
  };
  return client;
}

describe("a drain", () => {
  it("waits for control while it is away, and goes on when it is back", async () => {
    const said: string[] = [];
    const options = { timeoutSeconds: 30, report: (line: string) => void said.push(line) };
    expect(await drain(server([AWAY, AWAY]), "node-1", options)).toBe(1);
    expect(said.join("\n")).toMatch(/waits for control: failed calling webhook[^]*is asked to shut down[^]*gone/);
  });

  it("ends when it may not evict", async () => {
    const options = { timeoutSeconds: 30, report: () => undefined };
    const forbidden = new ApiError(403, "Forbidden", "pods/eviction is forbidden");
    await expect(drain(server([forbidden]), "node-1", options)).rejects.toThrow("is forbidden");
  });
});
