/** Bodies of requests to this runtime: JSON that is checked against its schema. */
import type { Context } from "hono";
import type { z } from "zod";
import { Fault } from "#events/fault.ts";

const MOST_CAUSES = 20;

/** @throws Fault refused MalformedBody, Invalid with a cause for each wrong field */
export async function bodyOf<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  const text = await context.req.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new Fault("refused", "MalformedBody", "the body is not JSON", { cause: thrown });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const causes = parsed.error.issues.slice(0, MOST_CAUSES).map((issue) => ({
    reason: "FieldValueInvalid",
    field: issue.path.join(".") || "(body)",
    message: issue.message,
  }));
  const message = causes.map((cause) => `${cause.field}: ${cause.message}`).join("; ");
  throw new Fault("refused", "Invalid", message, { causes });
}
