/**
 * The chart with our images on two real nodes: guests are started by kubectl, reached and used as a user does it, and go on
 * whatever ends around them. One cluster for all of it, so the order of the parts counts.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHART } from "../../scripts/manifests.ts";
import { MINUTE, NAMESPACE, openChartRig, patience, type ChartRig } from "./chart-rig.ts";
import { successorIsMade } from "./installed/certificates.ts";
import { everydayUse } from "./installed/everyday.ts";
import { knativeShape } from "./installed/knative.ts";
import { movesOfGuests } from "./installed/moves.ts";
import { outages } from "./installed/outages.ts";
import { storageOfGuests } from "./installed/storage.ts";
import { surroundings } from "./installed/surroundings.ts";
import { traces, uninstallation } from "./installed/uninstall.ts";

describe.skipIf(process.getuid?.() !== 0)("the chart on two real nodes (root)", () => {
  let rig: ChartRig;
  let before: readonly string[] = [];
  const open = (): ChartRig => rig;

  beforeAll(async () => {
    rig = await openChartRig("installed", 2);
  }, 30 * MINUTE);

  afterAll(() => rig?.close(), 5 * MINUTE);

  it("comes up: control leads and serves, both nodes' runtimes join", async () => {
    before = await traces(rig);
    await rig.release("install", CHART, "--create-namespace");
    const ready = ["rollout", "status", "deployment/virtive-control", "-n", NAMESPACE, "--timeout=100s"];
    expect(await rig.must(ready)).toContain("successfully rolled out");
    await expect.poll(() => rig.schedulable(), patience(2 * MINUTE)).toBe(rig.nodes.join(" "));
    expect(await rig.must(["get", "--raw", "/apis/subresources.kubevirt.io/v1/version"])).toContain("gitVersion");
  });

  surroundings(open);
  successorIsMade(open);
  everydayUse(open);
  knativeShape(open);
  outages(open);
  movesOfGuests(open);
  storageOfGuests(open);
  uninstallation(open, () => before);
});
