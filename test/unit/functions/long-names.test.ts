/** Names may have 253 characters, and dots: what is named after an object has a name that is allowed, wherever it is cut. */
import { expect, it } from "vitest";
import { whyNoSubdomain } from "#api/validate/text-forms.ts";
import { evacuate } from "#functions/evacuate.ts";
import { defaultConfig } from "#functions/config.ts";
import { anchorOf } from "#functions/schedule/anchor.ts";
import { claim, claimedInstance, node, START } from "./objects.ts";

/** Each label is one character: a cut anywhere falls on, before and behind a dot, and so for hyphens. */
const names = [40, 63, 64, 127, 153, 200, 201, 239, 240, 252, 253].flatMap((length) =>
  ["a.", "a-b.", "ab"].map((part) => part.repeat(127).slice(0, length).replace(/[.-]$/, "z")),
);

const LABEL = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

it.each(names)("an instance %s", (name) => {
  expect(whyNoSubdomain(name)).toBeUndefined();
  const there = claimedInstance("Running", { status: { evacuationNodeName: claim.node } });
  const vmi = { ...there, metadata: { ...there.metadata, name } };
  const pod = anchorOf(vmi, "node1", defaultConfig);
  const { effects } = evacuate.decide({ vmi, migrations: [], node: node() }, new Date(START.getTime() + 3600_000));
  const migration = effects.flatMap((effect) => (effect.do === "create" ? [effect.object] : []))[0];
  for (const made of [pod, migration]) {
    expect(whyNoSubdomain(made?.metadata.name ?? "")).toBeUndefined();
    const labels = Object.values(made?.metadata.labels ?? {});
    expect(labels.filter((value) => value !== "" && !LABEL.test(value))).toEqual([]);
  }
  expect(migration?.metadata.labels).toEqual({ "vmi.kubevirt.io/id": pod.metadata.labels?.["vmi.kubevirt.io/id"] });
  // A kubelet's folder of its logs.
  const folder = `${"n".repeat(63)}_${pod.metadata.name}_${"u".repeat(36)}`;
  expect(folder.length).toBeLessThanOrEqual(255);
});
