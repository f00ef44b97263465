/** How we prove to a cluster's broker who we are: the token that Knative's SinkBinding puts beside K_SINK where the cluster has OIDC. */
import { readFile } from "node:fs/promises";
import { isMissing } from "./file-fault.ts";

/** Read anew each time: it is renewed long before it expires. Undefined where there is none. */
export async function sinkToken(): Promise<string | undefined> {
  try {
    const token = await readFile(process.env["K_OIDC_TOKEN"] ?? "/oidc/token", "utf8");
    return `Bearer ${token.trim()}`;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}
