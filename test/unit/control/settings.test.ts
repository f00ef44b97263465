import { describe, expect, it } from "vitest";
import { Fault } from "#events/fault.ts";
import { settingsFrom } from "#control/settings.ts";

function faultOf(env: NodeJS.ProcessEnv): Fault {
  try {
    settingsFrom(env);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
  }
  return expect.fail("nothing was refused");
}

describe("settings", () => {
  it("bind to loopback and run functions here unless told otherwise", () => {
    expect(settingsFrom({ POD_NAME: "a" })).toMatchObject({
      namespace: "virtive",
      name: "a",
      bind: "127.0.0.1",
      address: "127.0.0.1",
      apiPort: 8443,
      ingressPort: 8444,
      service: "virtive-control",
      shape: { name: "compact" },
    });
  });

  it("take a pod's address where it listens on all", () => {
    expect(settingsFrom({ VIRTIVE_BIND: "::", POD_IP: "10.1.2.3" })).toMatchObject({ bind: "::", address: "10.1.2.3" });
  });

  it("know the sink of the knative shape", () => {
    const { shape } = settingsFrom({ VIRTIVE_SHAPE: "knative", K_SINK: "http://broker/ns/default" });
    expect(shape).toEqual({ name: "knative", sink: new URL("http://broker/ns/default"), functionAccounts: [] });
    expect(faultOf({ VIRTIVE_SHAPE: "knative" }).message).toContain("K_SINK is not set");
    expect(faultOf({ VIRTIVE_SHAPE: "knative", K_SINK: "ftp://x" }).message).toContain("http or https");
  });

  it("know the accounts under which functions run", () => {
    const knative = { VIRTIVE_SHAPE: "knative", K_SINK: "http://broker/ns/default" };
    const { shape } = settingsFrom({ ...knative, VIRTIVE_FUNCTION_ACCOUNTS: "virtive-run,virtive-boot" });
    expect(shape).toMatchObject({ functionAccounts: ["virtive-run", "virtive-boot"] });
    const fault = faultOf({ ...knative, VIRTIVE_FUNCTION_ACCOUNTS: "virtive-run,other:account" });
    expect(fault.message).toContain('VIRTIVE_FUNCTION_ACCOUNTS has "other:account"');
  });

  it("name each variable that is wrong, and what it may be", () => {
    const fault = faultOf({
      VIRTIVE_NAMESPACE: "No",
      VIRTIVE_API_PORT: "70000",
      VIRTIVE_BIND: "everywhere",
      VIRTIVE_SHAPE: "round",
      VIRTIVE_LOG: "loud",
    });
    expect(fault.causes.map(({ field }) => field)).toEqual([
      "VIRTIVE_BIND",
      "VIRTIVE_NAMESPACE",
      "VIRTIVE_API_PORT",
      "VIRTIVE_SHAPE",
      "VIRTIVE_LOG",
    ]);
    expect(fault.message).toContain('VIRTIVE_API_PORT is "70000"; a whole number from 0 to 65535 is wanted');
  });
});
