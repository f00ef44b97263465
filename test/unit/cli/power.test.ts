import { describe, expect, it } from "vitest";
import { ApiError, type Client } from "../../../cli/client.ts";
import { power, sentence, type PowerOptions } from "../../../cli/commands/power.ts";
import { TimedOut } from "../../../cli/exit.ts";

interface Moment {
  readonly status: string;
  readonly uid?: string;
  readonly phase?: string;
  readonly paused?: boolean;
}

/** A server whose VM goes from one moment to the next at each look; the last one stays. */
function server(...moments: Moment[]) {
  const puts: { path: string; body: unknown }[] = [];
  let looks = -1;
  const now = (): Moment => moments[Math.min(looks, moments.length - 1)] ?? { status: "Stopped" };
  const api: Pick<Client, "send"> = {
    send: async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      if (method === "PUT") {
        puts.push({ path, body });
        return undefined as T;
      }
      if (path.includes("/explain")) return { waitsFor: { what: "the node" } } as T;
      if (path.includes("/virtualmachines/")) {
        looks += 1;
        const { status, uid, paused } = now();
        const conditions = [{ type: "Paused", status: paused === true ? "True" : "False" }];
        return { status: { printableStatus: status, created: uid !== undefined, conditions } } as T;
      }
      const { uid, phase = "Running" } = now();
      if (uid === undefined) throw new ApiError(404, "NotFound", "not found");
      return { metadata: { uid }, status: { phase } } as T;
    },
  };
  return { api, puts };
}

const said: string[] = [];
const options: PowerOptions = {
  namespace: "default",
  wait: true,
  timeoutSeconds: 5,
  force: false,
  report: (line) => void said.push(line),
};

describe("a restart", () => {
  it("is done when another run is Running, not when the old one still is", async () => {
    const { api, puts } = server(
      { status: "Running", uid: "old" },
      { status: "Running", uid: "old" },
      { status: "Stopping", uid: "old" },
      { status: "Starting", uid: "new", phase: "Scheduling" },
      // The VM's status lags behind its instance.
      { status: "Running", uid: "new", phase: "Scheduled" },
      { status: "Running", uid: "new" },
    );
    const result = await power(api, "restart", "web", options);
    expect(result).toMatchObject({ name: "web", verb: "restart", done: true, status: "Running", instance: "new" });
    expect(sentence(result)).toMatch(/^web: restarted \(\d+\.\d s\)$/);
    expect(puts.map(({ path }) => path)).toEqual([
      "/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachines/web/restart",
    ]);
  });

  it("tells what changes meanwhile, each once", async () => {
    said.length = 0;
    const { api } = server(
      { status: "Running", uid: "old" },
      { status: "Stopping", uid: "old" },
      { status: "Stopping", uid: "old" },
      { status: "Starting", uid: "new", phase: "Scheduling" },
      { status: "Running", uid: "new" },
    );
    await power(api, "restart", "web", options);
    expect(said.map((line) => line.replace(/ \(.*/, ""))).toEqual(["web: Stopping", "web: Starting"]);
  });
});

describe("a stop", () => {
  it("is done when there is no run any more", async () => {
    const { api, puts } = server(
      { status: "Running", uid: "a" },
      { status: "Stopping", uid: "a" },
      { status: "Stopped" },
    );
    const result = await power(api, "stop", "web", { ...options, force: true });
    expect(result).toMatchObject({ done: true, status: "Stopped" });
    expect(result.instance).toBeUndefined();
    expect(puts[0]?.body).toEqual({ gracePeriod: 0 });
  });
});

describe("a pause", () => {
  it("is asked of the instance, and done when the VM says so", async () => {
    const { api, puts } = server({ status: "Running", uid: "a" }, { status: "Paused", uid: "a", paused: true });
    expect(await power(api, "pause", "web", options)).toMatchObject({ done: true, status: "Paused" });
    expect(puts[0]?.path).toContain("/virtualmachineinstances/web/pause");
  });
});

describe("a verb", () => {
  it("that nobody waits for is accepted, and says that it is not done", async () => {
    const { api } = server({ status: "Stopped" });
    const result = await power(api, "start", "web", { ...options, wait: false });
    expect(result).toMatchObject({ done: false, status: "Stopped" });
    expect(sentence(result)).toBe("web: start accepted");
  });

  it("that does not come about in time says how far it came", async () => {
    const { api } = server({ status: "Stopped" }, { status: "ErrorUnschedulable", uid: "a", phase: "Scheduling" });
    const error: unknown = await power(api, "start", "web", { ...options, timeoutSeconds: 0 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TimedOut);
    expect((error as Error).message).toMatch(/web is ErrorUnschedulable after 0 s, not started; see: virtive explain/);
  });
});
