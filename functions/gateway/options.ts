/** Bodies of requests to subresources: optional, small, strict. */
import type { z } from "zod";
import { asFault } from "#events/fault.ts";
import { readBody } from "#events/http-bounds.ts";
import { Refused } from "./status.ts";

const MOST_BODY_BYTES = 64 * 1024;

/** An empty body means that every option is unset. @throws Refused 400 naming each wrong field, 413 */
export async function optionsOf<T>(
  request: Request,
  schema: z.ZodType<T>,
  mostBytes: number = MOST_BODY_BYTES,
): Promise<T> {
  const text = new TextDecoder().decode(await bytesOf(request, mostBytes)).trim();
  const parsed = schema.safeParse(text === "" ? {} : jsonOf(text));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the body"}: ${issue.message}`);
  throw new Refused(400, `The request's options can't be read: ${issues.slice(0, 10).join("; ")}`);
}

async function bytesOf(request: Request, mostBytes: number): Promise<Uint8Array> {
  try {
    return await readBody(request, mostBytes);
  } catch (thrown) {
    const fault = asFault(thrown);
    throw new Refused(fault.reason === "EventTooLarge" ? 413 : 400, fault.message);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new Refused(400, `The request's body is not JSON: ${asFault(thrown).message}`);
  }
}

/** `dryRun: ["All"]`: everything is checked, nothing is done. */
export function isDryRun(options: { readonly dryRun?: readonly string[] | null | undefined }): boolean {
  return (options.dryRun ?? []).length > 0;
}
