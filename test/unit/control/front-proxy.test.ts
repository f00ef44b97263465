import { describe, expect, it } from "vitest";
import { ConfigMap } from "#api/core.ts";
import { makeAuthority } from "#events/certificates.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { readFrontProxy, saysTheSame, type FrontProxy } from "#control/front-proxy.ts";

const now = new Date();
const { cert } = await makeAuthority("front-proxy", { now, notAfter: new Date(now.getTime() + 3_600_000) });

async function frontProxyOf(more: Readonly<Record<string, string>>): Promise<FrontProxy> {
  const cluster = memoryCluster({ clock: virtualClock() });
  const metadata = { namespace: "kube-system", name: "extension-apiserver-authentication" };
  const data = { "requestheader-client-ca-file": cert, ...more };
  await cluster.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
  return readFrontProxy(cluster);
}

describe("what the cluster says of its front proxy", () => {
  const names = { "requestheader-allowed-names": '["front-proxy-client","old"]' };

  it("is the same as long as all of it is", async () => {
    expect(saysTheSame(await frontProxyOf(names), await frontProxyOf(names))).toBe(true);
  });

  it.each([
    ["fewer names", { "requestheader-allowed-names": '["front-proxy-client"]' }],
    ["another header", { ...names, "requestheader-username-headers": '["X-Other-User"]' }],
  ])("is not with %s, though its authority is", async (_what, other) => {
    expect(saysTheSame(await frontProxyOf(names), await frontProxyOf(other))).toBe(false);
  });
});
