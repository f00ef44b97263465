/** Pairs of files: what a machine should be, and its domain. `UPDATE_GOLDEN=1` writes the second anew. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import type { DirectBoot } from "#node-runtime/domain/parts.ts";
import { domainXml } from "#node-runtime/domain/xml.ts";
import { orderFor, partsFor } from "./machine.ts";

interface Golden {
  readonly about: string;
  readonly accelerator: "kvm" | "tcg";
  readonly boot?: DirectBoot;
  readonly spec: VirtualMachineInstanceSpec;
}

const folder = join(import.meta.dirname, "golden");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.slice(0, -".yaml".length));

describe("the domain of a machine", () => {
  it.each(names)("is as golden/%s.xml has it", (name) => {
    const golden = parse(readFileSync(join(folder, `${name}.yaml`), "utf8")) as Golden;
    const xml = domainXml(orderFor(golden.spec), partsFor(golden.spec, golden));
    const path = join(folder, `${name}.xml`);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, xml);
    expect(xml).toBe(readFileSync(path, "utf8"));
  });
});
