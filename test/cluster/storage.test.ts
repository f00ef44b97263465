/** The chart on two real nodes, and guests whose disks are claims. A cluster of its own: minutes, so it is asked for. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MINUTE, openChartRig, patience, type ChartRig } from "./chart-rig.ts";
import { storageOfGuests } from "./installed/storage.ts";

const asked = process.env["VIRTIVE_CLUSTER_STORAGE"] === "1" && process.getuid?.() === 0;

describe.skipIf(!asked)("claims on two real nodes (root, VIRTIVE_CLUSTER_STORAGE=1)", () => {
  let rig: ChartRig;

  beforeAll(async () => {
    rig = await openChartRig("storage", 2);
  }, 30 * MINUTE);

  afterAll(() => rig?.close(), 5 * MINUTE);

  it("has nodes that take guests", { timeout: 5 * MINUTE }, async () => {
    await rig.release("install", "charts/virtive", "--create-namespace");
    await expect.poll(() => rig.schedulable(), patience(4 * MINUTE)).toBe(rig.nodes.join(" "));
  });

  storageOfGuests(() => rig);
});
