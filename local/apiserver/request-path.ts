/** What a path of the API names. */
import { badRequest } from "./status.ts";

export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** With slashes when it is a deep one, such as vnc/screenshot. */
  readonly subresource: string | undefined;
}

/** Subresources of a namespace itself; any other third part is a resource in the namespace. */
const ofNamespace: ReadonlySet<string> = new Set(["status", "finalize"]);

/** Undefined when the path names no resource. @throws StatusError 400 on malformed percent-encoding */
export function resourcePath(path: string): ResourcePath | undefined {
  let parts: string[];
  try {
    parts = path
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch {
    throw badRequest(`the path ${JSON.stringify(path)} is not percent-encoded correctly`);
  }
  const [root, ...rest] = parts;
  if (root === "api" && rest[0] !== undefined) return within("", rest[0], rest.slice(1));
  if (root === "apis" && rest[0] !== undefined && rest[1] !== undefined) return within(rest[0], rest[1], rest.slice(2));
  return undefined;
}

function within(group: string, version: string, parts: readonly string[]): ResourcePath | undefined {
  const [first, second, third, ...more] = parts;
  if (first === undefined) return undefined;
  if (
    first === "namespaces" &&
    second !== undefined &&
    third !== undefined &&
    !(group === "" && ofNamespace.has(third))
  ) {
    const [name, ...sub] = more;
    return { group, version, plural: third, namespace: second, name, subresource: joined(sub) };
  }
  const sub = third === undefined ? [] : [third, ...more];
  return { group, version, plural: first, namespace: undefined, name: second, subresource: joined(sub) };
}

function joined(parts: readonly string[]): string | undefined {
  return parts.length === 0 ? undefined : parts.join("/");
}
