/** Whether a guest with its pod's own address can move is for its node's network to say. */
import { describe, expect, it } from "vitest";
import { conditionOf, withCondition } from "#api/object.ts";
import { obstacleOf, refusal } from "#functions/migrate/migratable.ts";
import { conditionsFrom } from "#functions/observe/conditions.ts";
import { claimedInstance, machineStatus } from "./objects.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const bridged = claimedInstance("Running", {
  spec: {
    domain: { devices: { interfaces: [{ name: "default", bridge: {} }] } },
    networks: [{ name: "default", pod: {} }],
  },
});

function condition(addressFollows: boolean | undefined) {
  const [link] = [{ name: "default", mac: "02:00:00:00:00:01", ipAddresses: ["10.0.0.2"] }];
  const interfaces = [{ ...link, ...(addressFollows === undefined ? {} : { addressFollows }) }] as const;
  const conditions = conditionsFrom(bridged, undefined, machineStatus("running", { interfaces: [...interfaces] }), NOW);
  return conditionOf(
    { ...bridged, status: { ...bridged.status, conditions: [...(conditions ?? [])] } },
    "LiveMigratable",
  );
}

describe("a guest with its pod's own address", () => {
  it("can move where its node says that addresses follow", () => {
    expect(condition(true)?.status).toBe("True");
    expect(condition(false)).toMatchObject({ status: "False", reason: "InterfaceNotLiveMigratable" });
    expect(condition(undefined)).toMatchObject({ status: "False", reason: "InterfaceNotLiveMigratable" });
  });

  it("is refused by other functions until that has been noted", () => {
    expect(refusal(bridged)?.reason).toBe("InterfaceNotLiveMigratable");
    const conditions = withCondition(bridged.status?.conditions, { type: "LiveMigratable", status: "True" }, NOW);
    const noted = { ...bridged, status: { ...bridged.status, conditions } };
    expect(refusal(noted)).toBeUndefined();
    expect(obstacleOf(noted, false)?.reason).toBe("InterfaceNotLiveMigratable");
  });
});
