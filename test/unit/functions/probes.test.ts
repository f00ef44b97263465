/** What becomes of a guest's probes in its pod, and that a pod with probes is not waited for. */
import { describe, expect, it } from "vitest";
import type { Container, Pod } from "#api/core.ts";
import { defaultConfig } from "#functions/config.ts";
import { containersReady } from "#functions/instance.ts";
import { anchorOf } from "#functions/schedule/anchor.ts";
import { claimedInstance } from "./objects.ts";

const httpGet = { path: "/healthz", port: 80 };
const tcpSocket = { port: 80 };
type Probes = Parameters<typeof anchorOf>[0]["spec"];

function containerOf(...asked: Parameters<typeof podOf>): Container | undefined {
  return podOf(...asked).spec.containers[0];
}

function podOf(probes: Pick<Probes, "readinessProbe" | "livenessProbe">, moving = false): Pod {
  const vmi = claimedInstance("Scheduling");
  const target = { migration: { name: "m", uid: "u" }, addedNodeSelector: {}, notOn: "node1" };
  return anchorOf(
    { ...vmi, spec: { ...vmi.spec, ...probes } },
    undefined,
    defaultConfig,
    [],
    moving ? target : undefined,
  );
}

function probesOf(...asked: Parameters<typeof podOf>): object {
  const container = containerOf(...asked);
  const [readinessProbe, livenessProbe, startupProbe] = ["readinessProbe", "livenessProbe", "startupProbe"].map(
    (name) => container?.[name],
  );
  return { readinessProbe, livenessProbe, startupProbe };
}

describe("probes of a guest", () => {
  it("are its pod's, and a guest that is taken for dead is not waited for", () => {
    const asked = { readinessProbe: { httpGet, periodSeconds: 3 }, livenessProbe: { tcpSocket, failureThreshold: 5 } };
    expect(probesOf(asked)).toEqual({
      readinessProbe: { httpGet, periodSeconds: 3 },
      livenessProbe: { tcpSocket, failureThreshold: 5, terminationGracePeriodSeconds: 1 },
      startupProbe: undefined,
    });
  });

  it("do not take it for dead before it has come, where it is to move to", () => {
    const target = containerOf({ livenessProbe: { tcpSocket, failureThreshold: 5 } }, true);
    expect(target?.["startupProbe"]).toEqual({ tcpSocket, failureThreshold: 2_147_483_647 });
    expect(probesOf({ readinessProbe: { tcpSocket } }, true)).toMatchObject({ startupProbe: undefined });
  });

  it("are left out where only its agent could answer", () => {
    const nothing = { readinessProbe: undefined, livenessProbe: undefined, startupProbe: undefined };
    expect(
      probesOf({ readinessProbe: { guestAgentPing: {} }, livenessProbe: { exec: { command: ["true"] } } }),
    ).toEqual(nothing);
  });

  it("are not asked before the guest is started, which waits for the pod", () => {
    const running = { phase: "Running", podIP: "10.0.0.1", conditions: [{ type: "Ready", status: "False" }] } as const;
    const probed = podOf({ readinessProbe: { httpGet } });
    expect(containersReady({ ...probed, status: running })).toBe(true);
    expect(containersReady({ ...probed, status: { ...running, phase: "Pending" } })).toBe(false);
    expect(containersReady({ ...podOf({}), status: running })).toBe(false);
  });
});
