import { describe, expect, it } from "vitest";
import type { MigrationPolicy } from "#api/migration-policy.ts";
import type { Stored } from "#api/object.ts";
import { DEFAULT_SETTINGS, policyFor, settingsFor } from "#functions/migrate/policy.ts";
import { bareInstance } from "./objects.ts";

type Spec = MigrationPolicy["spec"];

function policy(name: string, selectors: Spec["selectors"], settings: Partial<Spec> = {}): Stored<MigrationPolicy> {
  return {
    apiVersion: "migrations.kubevirt.io/v1alpha1",
    kind: "MigrationPolicy",
    metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { selectors, ...settings },
  };
}

const OWN = { app: "db", tier: "back" };
const NAMESPACE = { team: "shop" };
const chosen = (...policies: Stored<MigrationPolicy>[]) => policyFor(OWN, NAMESPACE, policies)?.metadata.name;

describe("the policy of an instance", () => {
  it("is one whose every label the instance and its namespace have", () => {
    expect(chosen(policy("own", { virtualMachineInstanceSelector: { app: "db" } }))).toBe("own");
    expect(chosen(policy("team", { namespaceSelector: { team: "shop" } }))).toBe("team");
    expect(chosen(policy("all", {}))).toBe("all");
    expect(chosen(policy("web", { virtualMachineInstanceSelector: { app: "web" } }))).toBeUndefined();
    const half = { virtualMachineInstanceSelector: { app: "db" }, namespaceSelector: { team: "bank" } };
    expect(chosen(policy("half", half))).toBeUndefined();
  });

  it("is the one with the most labels, then with more of the instance's own, then the first by name", () => {
    const one = policy("one", { virtualMachineInstanceSelector: { app: "db" } });
    const two = policy("two", { virtualMachineInstanceSelector: OWN });
    const mixed = policy("mixed", { virtualMachineInstanceSelector: { app: "db" }, namespaceSelector: NAMESPACE });
    const team = policy("team", { namespaceSelector: NAMESPACE });
    expect(chosen(one, two, team)).toBe("two");
    expect(chosen(mixed, two)).toBe("two");
    expect(chosen(team, one)).toBe("one");
    expect(chosen(policy("b", { namespaceSelector: NAMESPACE }), policy("a", { namespaceSelector: NAMESPACE }))).toBe(
      "a",
    );
    expect(chosen(policy("all", {}), team)).toBe("team");
  });
});

describe("the settings of a migration", () => {
  const vmi = { ...bareInstance({}), metadata: { ...stored(), labels: OWN } };

  it("are KubeVirt's defaults, under the cluster's, under the policy's", () => {
    const base = { vmi, namespaceLabels: NAMESPACE, policies: [] };
    expect(settingsFor({ ...base, cluster: undefined })).toEqual({ configuration: DEFAULT_SETTINGS });
    const cluster = { completionTimeoutPerGiB: 60, allowAutoConverge: true, bandwidthPerMigration: "64Mi" };
    const slow = policy("slow", { namespaceSelector: NAMESPACE }, { bandwidthPerMigration: "1Mi", maxDowntimeMs: 100 });
    expect(settingsFor({ ...base, policies: [slow], cluster })).toEqual({
      policy: "slow",
      configuration: { ...DEFAULT_SETTINGS, ...cluster, bandwidthPerMigration: "1Mi", maxDowntimeMs: 100 },
    });
  });
});

function stored() {
  return {
    name: "web",
    namespace: "default",
    uid: "uid",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
}
