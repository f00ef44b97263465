/** Names of images: `host/path:tag@sha256:…`, as the distribution specification writes them. Pure. */
import { Fault } from "#events/fault.ts";

export interface Reference {
  /** Registry, with its port if any; undefined for a name that only a local layout can answer. */
  readonly registry: string | undefined;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const LONGEST = 512;
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** @throws Fault refused InvalidImageReference */
export function parseReference(text: string): Reference {
  const wrong = (why: string): Fault =>
    new Fault("refused", "InvalidImageReference", `The image ${JSON.stringify(text.slice(0, LONGEST))} ${why}`);
  if (text.length > LONGEST) throw wrong(`has a name of over ${LONGEST} characters`);
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !DIGEST.test(digest)) throw wrong("has a digest that is not sha256: and 64 hex digits");
  const name = at < 0 ? text : text.slice(0, at);
  const colon = name.lastIndexOf(":");
  const tagged = colon > name.lastIndexOf("/");
  const tag = tagged ? name.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) throw wrong("has a tag that is not letters, digits, '_', '.' and '-'");
  const full = tagged ? name.slice(0, colon) : name;
  const slash = full.indexOf("/");
  const first = slash < 0 ? "" : full.slice(0, slash);
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  const repository = isHost ? full.slice(slash + 1) : full;
  if (!REPOSITORY.test(repository)) throw wrong("must be host/path:tag, with a path of lower-case letters and digits");
  if (isHost && !HOST.test(first)) throw wrong("has a registry that is no host name");
  return { registry: isHost ? first : undefined, repository, tag, digest };
}

/** Kubernetes' rule: what a tag may mean tomorrow is asked for each time, unless it names a version. */
export function defaultPullPolicy(reference: Reference): "Always" | "IfNotPresent" {
  if (reference.digest !== undefined) return "IfNotPresent";
  return reference.tag === undefined || reference.tag === "latest" ? "Always" : "IfNotPresent";
}
