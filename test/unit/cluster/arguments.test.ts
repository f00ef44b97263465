import { expect, test } from "vitest";
import { one, parse } from "../../../scripts/kubernetes/arguments.ts";

const nothing = { name: "default", nodes: 0, fsync: false, all: false, knative: false, flags: [], words: [] };

test("without words all is as by default", () => {
  expect(parse("up", [])).toEqual(nothing);
});

test("options may stand anywhere, flags may repeat", () => {
  expect(parse("up", ["--flag", "--v=1", "--nodes=2", "--name", "two", "--flag=--v=2", "--fsync"])).toMatchObject({
    name: "two",
    nodes: 2,
    fsync: true,
    flags: ["--v=1", "--v=2"],
  });
  expect(parse("build", ["--knative"])).toEqual({ ...nothing, knative: true });
  expect(parse("stop", ["node-1", "--name", "two"])).toMatchObject({ name: "two", words: ["node-1"] });
});

test("what is for another program is left as it is", () => {
  expect(parse("kubectl", ["--name", "two", "get", "pods", "--name", "x"])).toMatchObject({
    name: "two",
    words: ["get", "pods", "--name", "x"],
  });
  expect(parse("exec", ["--name=two", "node-1", "ls", "--all", "-l"])).toMatchObject({
    name: "two",
    all: false,
    words: ["node-1", "ls", "--all", "-l"],
  });
});

test.each(["many", "-1", "1.5", "", "100"])("--nodes=%j is refused", (nodes) => {
  expect(() => parse("up", [`--nodes=${nodes}`])).toThrow(/^--nodes .* a whole number from 0 to 99 is wanted$/);
});

test("an option that is not there is refused, with those that are", () => {
  expect(() => parse("up", ["--node", "2"])).toThrow(/'--node'[^]*usage: scripts\/cluster/);
});

test("a missing word is asked for", () => {
  expect(one(["node-1"], "NODE")).toBe("node-1");
  expect(() => one([], "NODE")).toThrow("NODE is missing");
});

test.each([
  ["down", ["two"]],
  ["up", ["two"]],
  ["kubeconfig", ["two"]],
  ["stop", ["node-1", "two"]],
])("%s %j is refused: it is not the default cluster that is meant", (command, words) => {
  expect(() => parse(command, words)).toThrow(`${command} takes no word "two"; a cluster is named by --name two`);
});
