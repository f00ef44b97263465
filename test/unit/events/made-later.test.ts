import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { madeLater } from "#events/made-later.ts";

describe("a schema that is made later", () => {
  it("is made once, at its first use, and is as the schema itself", () => {
    let made = 0;
    const schema = madeLater(() => {
      made += 1;
      return z.strictObject({ name: z.string() });
    });
    expect(made).toBe(0);
    const outer = z.strictObject({ inner: schema.optional(), many: z.array(schema) });
    expect(outer.parse({ inner: { name: "a" }, many: [{ name: "b" }] })).toEqual({
      inner: { name: "a" },
      many: [{ name: "b" }],
    });
    expect(outer.safeParse({ many: [{ name: 1 }] }).error?.issues[0]?.path).toEqual(["many", 0, "name"]);
    expect(schema instanceof z.ZodObject).toBe(true);
    expect(z.toJSONSchema(schema)).toMatchObject({ type: "object", required: ["name"] });
    expect(made).toBe(1);
    expectTypeOf<z.infer<typeof schema>>().toEqualTypeOf<{ name: string }>();
  });
});
