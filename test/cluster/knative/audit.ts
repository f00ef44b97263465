/** What Virtive's accounts asked of an API server, from its audit log. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

interface AuditEntry {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly name?: string };
  readonly responseStatus: { readonly code: number };
}

/** Flags with which an API server writes its log. @param rules which requests; see Kubernetes' audit policies */
export async function auditFlags(
  directory: string,
  rules: readonly object[],
): Promise<{ readonly audit: string; readonly flags: readonly string[] }> {
  const [audit, policy] = [join(directory, "audit.log"), join(directory, "policy.json")];
  const omitStages = ["RequestReceived"];
  await writeFile(policy, JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages, rules }));
  return { audit, flags: [`--audit-policy-file=${policy}`, `--audit-log-path=${audit}`] };
}

/** Calls by ours about what has the word in its name or path: "account verb resource" → how often; failed ones are apart. */
export async function callsAbout(audit: string, word: string): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const line of (await readFile(audit, "utf8")).trim().split("\n")) {
    if (!line.includes(word)) continue;
    const { verb, requestURI, user, objectRef, responseStatus } = JSON.parse(line) as AuditEntry;
    // Elsewhere in the line are names that are made by chance, such as of the pod that asks.
    if (!requestURI.includes(word) && objectRef?.name?.includes(word) !== true) continue;
    const [, account] = /^system:serviceaccount:virtive:virtive-(.+)$/.exec(user.username) ?? [];
    if (account === undefined) continue;
    const { resource = "", subresource } = objectRef ?? {};
    const refused = responseStatus.code >= 300 ? ` ${responseStatus.code}` : "";
    const key = `${account} ${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}${refused}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Those that wrote something. */
export function writesIn(calls: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...calls].filter(([call]) => /^\S+ (create|patch|delete) /.test(call) && !/ \d+$/.test(call));
}
