import { describe, expect, it } from "vitest";
import { catalogue } from "#events/catalogue.ts";
import { PORTABLE_VALUE } from "#events/cloud-event.ts";
import { events } from "../../../scripts/generate/events.ts";
import { present } from "../../../scripts/generate/output.ts";

describe("docs/events.md", () => {
  it("has the catalogue as it is (else run: npm run generate)", async () => {
    for (const file of events()) expect(await present(file)).toBe(file.content);
  });

  it("has every type", async () => {
    const [page] = events();
    for (const { type } of catalogue) expect(page?.content).toContain(`\`${type}\``);
  });
});

describe("the catalogue", () => {
  it("has each type once, with names that every wire carries", () => {
    const types = catalogue.map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    for (const type of types) expect(type).toMatch(PORTABLE_VALUE);
    for (const { extensions } of catalogue) {
      for (const name of extensions) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
    }
  });
});
