import { describe, expect, test } from "vitest";
import { generators } from "../../../scripts/generate/all.ts";
import { present } from "../../../scripts/generate/output.ts";

describe("what is generated", () => {
  test.each(Object.entries(generators))("%s is up to date on disk", async (_name, generate) => {
    const files = generate();
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const fresh = (await present(file)) === file.content;
      expect(fresh, `${file.path} is stale: run npm run generate`).toBe(true);
    }
  });
});
