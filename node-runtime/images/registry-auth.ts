/** How a registry is told who asks: basic credentials, or a token from the service that it names. */
import { z } from "zod";
import { Fault } from "#events/fault.ts";
import { bounded, discard, fetchFollowing, isLoopback, type Fetch } from "./http.ts";
import type { Limits, PullSecret } from "./image.ts";
import type { Repository } from "./registry.ts";

const MAX_TOKEN_BYTES = 256 * 1024;

/** The value of the Authorization header that answers the challenge. @throws Fault later ImagePullDenied, ImagePullFailed */
export async function authorize(
  challenge: string,
  of: Repository,
  options: { readonly fetch: Fetch; readonly limits: Limits },
  signal: AbortSignal,
): Promise<string | undefined> {
  const [, scheme = "", rest = ""] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(challenge) ?? [];
  const basic = of.secret === undefined ? undefined : basicOf(of.secret);
  if (scheme.toLowerCase() === "basic") return basic;
  if (scheme.toLowerCase() !== "bearer") return undefined;
  const parameters = new Map(
    [...rest.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(([, key = "", value = ""]) => [key, value]),
  );
  const realm = parameters.get("realm") ?? "";
  if (!URL.canParse(realm)) throw denied(of, "names no token service");
  const url = new URL(realm);
  const service = parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", parameters.get("scope") ?? `repository:${of.repository}:pull`);
  const response = await fetchFollowing(options.fetch, url.href, {
    headers: basic === undefined ? {} : { authorization: basic },
    signal,
    answerSeconds: options.limits.answerSeconds,
    from: `${isLoopback(of.registry) ? "http" : "https"}://${of.registry}/`,
  });
  if (!response.ok) {
    await discard(response);
    throw denied(of, `gives no token (HTTP ${response.status})`);
  }
  const body = await bounded(response, MAX_TOKEN_BYTES, "a token");
  const token = tokenIn(body);
  if (token === undefined) throw denied(of, "gives no token that can be read");
  return `Bearer ${token}`;
}

const Token = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() });

function tokenIn(body: Buffer): string | undefined {
  try {
    const { token, access_token: accessToken } = Token.parse(JSON.parse(body.toString("utf8")));
    const value = token ?? accessToken;
    return value !== undefined && /^[\x21-\x7e]+$/.test(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function basicOf({ username, password }: PullSecret): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function denied(of: Repository, why: string): Fault {
  return new Fault("later", "ImagePullDenied", `The registry ${of.registry} ${why} for ${of.repository}`);
}

const DockerConfig = z.looseObject({
  auths: z.record(
    z.string(),
    z.looseObject({ auth: z.string().optional(), username: z.string().optional(), password: z.string().optional() }),
  ),
});

/**
 * The registry's credentials in a Secret of type kubernetes.io/dockerconfigjson; undefined when it has none.
 * @throws Fault refused InvalidPullSecret
 */
export function secretFor(registry: string, dockerConfig: string): PullSecret | undefined {
  let config: z.infer<typeof DockerConfig>;
  try {
    config = DockerConfig.parse(JSON.parse(dockerConfig));
  } catch {
    throw new Fault(
      "refused",
      "InvalidPullSecret",
      "The image pull secret's .dockerconfigjson is no valid configuration",
    );
  }
  const host = (key: string): string => key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  const entry = Object.entries(config.auths).find(([key]) => host(key) === registry)?.[1];
  if (entry === undefined) return undefined;
  if (entry.username !== undefined && entry.password !== undefined) {
    return { username: entry.username, password: entry.password };
  }
  const plain = Buffer.from(entry.auth ?? "", "base64").toString("utf8");
  const colon = plain.indexOf(":");
  return colon < 0 ? undefined : { username: plain.slice(0, colon), password: plain.slice(colon + 1) };
}
