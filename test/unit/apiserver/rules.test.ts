import { describe, expect, it } from "vitest";
import { checker, parseExpression } from "#local/apiserver/cel/language.ts";
import { within } from "#local/apiserver/cel/watchdog.ts";
import { parseQuantity } from "#local/apiserver/cel/quantity.ts";
import { ruleCauses } from "#local/apiserver/schema/rules.ts";
import { compileStructural } from "#local/apiserver/schema/structural.ts";

const evaluate = (expression: string, self: unknown = null) => parseExpression(expression, ["self"]).evaluate({ self });

describe("expressions", () => {
  it.each([
    ["[1, 3, 2].isSorted()", false],
    ["[1, 2, 3].sum() == 6 && [1.5, 1.0].sum() == 2.5", true],
    ["[3, 1, 2].min() == 1 && [3, 1, 2].max() == 3", true],
    ["['a', 'b', 'a'].lastIndexOf('a') == 2 && ['a'].indexOf('x') == -1", true],
    ["sets.contains([1, 2, 3], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])", true],
    ["'a-b-c'.replace('-', '+') == 'a+b+c' && 'a-b-c'.replace('-', '+', 1) == 'a+b-c'", true],
    ["'abc'.charAt(1) == 'b' && 'abc'.reverse() == 'cba'", true],
    ["'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22']", true],
    ["quantity('1Gi') == quantity('1024Mi') && quantity('1500m').compareTo(quantity('1')) == 1", true],
    ["quantity('2k').asInteger() == 2000 && !quantity('250m').isInteger() && quantity('-1').sign() == -1", true],
    ["isIP('::1') && !isIP('1.2.3') && ip('127.0.0.1').isLoopback() && ip('::').family() == 6", true],
    ["cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsCIDR('10.0.0.0/7')", true],
    ["cidr('10.0.0.0/8').prefixLength() == 8 && isCIDR('fd00::/8') && !isCIDR('10.0.0.0/33')", true],
    ["url('https://a.example:8443/p').getHost() == 'a.example:8443' && !isURL('nowhere')", true],
    ["url('https://me:x@Example.com:443/a b?x#y').getHost() == 'Example.com:443'", true],
    ["url('https://Example.com:443/a b').getPort() == '443' && url('http://h').getPort() == ''", true],
    ["url('http://[::1]:80/').getHost() == '[::1]:80' && url('http://[::1]:80/').getHostname() == '::1'", true],
    ["url('https://h/a b?x').getEscapedPath() == '/a%20b' && url('http://h').getEscapedPath() == ''", true],
    ["isURL('/abs/path') && url('/abs/path').getEscapedPath() == '/abs/path' && url('/abs').getHost() == ''", true],
    ["isURL('mailto:x@y') && url('mailto:x@y').getEscapedPath() == '' && !isURL('../rel')", true],
    ["isIP('::ffff:1.2.3.4') || isIP('::ffff:102:304') || isIP('fe80::1%eth0')", false],
    ["isIP('fe80::1') && isIP('::ffff')", true],
    ["quantity('9223372036854775808').isInteger() || !quantity('9223372036854775807').isInteger()", false],
    ["'abc'.replace('', 'x') == 'xaxbxcx' && 'abc'.replace('', 'x', 2) == 'xaxbc'", true],
    ["'aaa'.replace('a', 'b', 2) == 'bba' && 'aaa'.replace('a', 'b', 0) == 'aaa'", true],
    ["'abcd'.find('(?i)BC') == 'bc' && 'a_b'.findAll('[[:alpha:]]') == ['a', 'b']", true],
    ["!format.dns1123Label().validate('ok').hasValue() && format.dns1123Label().validate('NO').hasValue()", true],
  ])("%s is %s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it("are checked against the types of their variables", () => {
    const check = checker({ objects: new Map([["Spec", { size: "int" }]]), variables: { self: "Spec" } });
    expect(check("self.size > 1", "bool")).toBeUndefined();
    expect(check("self.seize > 1", "bool")).toContain("seize");
    expect(check("self.size", "bool")).toBe("must evaluate to bool, not to int");
    expect(check("'x'.semver()", "bool")).toContain("semver");
    expect(check(`'${"x".repeat(20_000)}' == ''`, "bool")).toContain("16384 characters");
    expect(check(`${"(".repeat(2000)}true${")".repeat(2000)}`, "bool")).toContain("compilation failed");
  });

  it("tell whether they may run long", () => {
    expect(parseExpression("has(self.a) && self.a.size() < 5", ["self"]).loops).toBe(false);
    expect(parseExpression("[has(self.a)].exists_one(x, x)", ["self"]).loops).toBe(false);
    expect(parseExpression("self.a.all(x, x > 1)", ["self"]).loops).toBe(true);
    expect(parseExpression("self.a.matches('x')", ["self"]).loops).toBe(true);
  });
});

describe("quantities", () => {
  it.each([
    ["1", 1_000_000_000n],
    ["1e3", 1_000_000_000_000n],
    ["1.5Ki", 1_536_000_000_000n],
    ["0.1n", 1n],
    ["-2m", -2_000_000n],
  ])("%s", (text, nano) => {
    expect(parseQuantity(text)?.nano).toBe(nano);
  });

  it.each(["", "x", "1 Gi", "1Zi", "."])("%j is none", (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});

describe("rules are bounded", () => {
  const schemaWith = (rule: string) => {
    const items = { type: "array", items: { type: "string" } };
    const source = { "type": "object", "properties": { items }, "x-kubernetes-validations": [{ rule }] };
    return compileStructural(source, "").schema;
  };

  it("in loops within loops", () => {
    const schema = schemaWith("self.items.all(a, self.items.exists_one(b, a == b))");
    const object = { items: Array.from({ length: 20_000 }, (_, index) => `item-${index}`) };
    expect(ruleCauses(object, schema)[0]?.message).toContain("took longer than 500 ms");
  });

  it("in regular expressions that track back", () => {
    const schema = schemaWith("self.items[0].matches('^(a+)+$')");
    expect(ruleCauses({ items: [`${"a".repeat(60)}!`] }, schema)[0]?.message).toContain("took longer than 500 ms");
  });

  it("and what is in time gives its value, or its error", () => {
    expect(within(1000, () => 5)).toEqual({ value: 5 });
    expect(() =>
      within(1000, () => {
        throw new Error("as it is");
      }),
    ).toThrow("as it is");
  });
});

it("a rule that fails to evaluate refuses, and says why", () => {
  const source = {
    "type": "object",
    "properties": { a: { type: "string" } },
    "x-kubernetes-validations": [{ rule: "self.a == 'x'" }],
  };
  const [cause] = ruleCauses({}, compileStructural(source, "").schema);
  expect(cause?.message).toBe(
    'Invalid value: "object": the rule "self.a == \'x\'" could not be evaluated: No such key: a',
  );
});

it("fields whose names are no identifiers are escaped", () => {
  const source = {
    "type": "object",
    "properties": { "a-b": { type: "string" }, "if": { type: "string" } },
    "x-kubernetes-validations": [{ rule: "self.a__dash__b == self.__if__" }],
  };
  const { schema } = compileStructural(source, "");
  expect(ruleCauses({ "a-b": "x", "if": "x" }, schema)).toEqual([]);
  expect(ruleCauses({ "a-b": "x", "if": "y" }, schema)).toHaveLength(1);
});
