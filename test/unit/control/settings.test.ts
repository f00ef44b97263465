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

  it("bound how long a node's certificate lasts, and how long a replica serves on", () => {
    expect(settingsFrom({})).toMatchObject({ nodeCertificateSeconds: 86_400, lingerSeconds: 0 });
    const given = { VIRTIVE_NODE_CERTIFICATE_SECONDS: "60", VIRTIVE_LINGER_SECONDS: "10" };
    expect(settingsFrom(given)).toMatchObject({ nodeCertificateSeconds: 60, lingerSeconds: 10 });
    const { message } = faultOf({ VIRTIVE_NODE_CERTIFICATE_SECONDS: "59", VIRTIVE_LINGER_SECONDS: "soon" });
    expect(message).toContain('VIRTIVE_NODE_CERTIFICATE_SECONDS is "59"; a whole number from 60 to 2592000 is wanted');
    expect(message).toContain('VIRTIVE_LINGER_SECONDS is "soon"; a whole number from 0 to 300 is wanted');
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
