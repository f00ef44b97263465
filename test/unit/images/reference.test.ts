import { describe, expect, it } from "vitest";
import { defaultPullPolicy, parseReference } from "#node-runtime/images/reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("the name of an image", () => {
  it.each([
    ["registry.example/team/disk:1.2", { registry: "registry.example", repository: "team/disk", tag: "1.2" }],
    ["127.0.0.1:5000/disk", { registry: "127.0.0.1:5000", repository: "disk", tag: undefined }],
    ["localhost/disk:a", { registry: "localhost", repository: "disk", tag: "a" }],
    ["[::1]:5000/a/b", { registry: "[::1]:5000", repository: "a/b" }],
    ["virtive/demo-guest:1", { registry: undefined, repository: "virtive/demo-guest", tag: "1" }],
    [`registry.example/a:b@${digest}`, { tag: "b", digest }],
  ])("%s is read", (text, expected) => {
    expect(parseReference(text)).toMatchObject(expected);
  });

  it.each([
    "",
    "UPPER/case",
    "registry.example/../etc",
    "registry.example/a b",
    "a:b:c",
    "registry.example/a@sha256:short",
    "user:pass@registry.example/a",
    "registry.example/a?x=1",
    "http://registry.example/a",
    "a".repeat(600),
  ])("%j is refused", (text) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ kind: "refused", reason: "InvalidImageReference" }) as Error,
    );
  });

  it("is asked for each time only when it may mean something else tomorrow", () => {
    expect(defaultPullPolicy(parseReference("r.example/a"))).toBe("Always");
    expect(defaultPullPolicy(parseReference("r.example/a:latest"))).toBe("Always");
    expect(defaultPullPolicy(parseReference("r.example/a:1"))).toBe("IfNotPresent");
    expect(defaultPullPolicy(parseReference(`r.example/a@${digest}`))).toBe("IfNotPresent");
  });
});
