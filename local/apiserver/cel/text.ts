/** Kubernetes' functions on strings, beside those of the language itself; and named formats. */
import type { Environment } from "@marcbachmann/cel-js";
import { isLabelValue, isQualifiedName, nameProblem } from "../names.ts";
import { optional } from "./optional.ts";
import { hasFormat } from "../schema/formats.ts";
import { goPattern } from "../schema/pattern.ts";

class Formats {}

class Format {
  /** @returns why not, in words; undefined when the text has the format */
  readonly problem: (text: string) => string | undefined;

  constructor(problem: (text: string) => string | undefined) {
    this.problem = problem;
  }
}

function format(holds: (text: string) => boolean, words: string): Format {
  return new Format((text) => (holds(text) ? undefined : `must be ${words}`));
}

const formats: Readonly<Record<string, Format>> = {
  dns1123Label: new Format((text) => nameProblem(text, "label")),
  dns1123Subdomain: new Format((text) => nameProblem(text, "subdomain")),
  dns1035Label: new Format((text) => nameProblem(text, "label1035")),
  qualifiedName: format(isQualifiedName, "an optional DNS prefix and '/', then a name"),
  labelValue: format(isLabelValue, "empty or a label's value"),
  uri: format((text) => hasFormat(text, "uri"), "a URI"),
  uuid: format((text) => hasFormat(text, "uuid"), "a UUID"),
  byte: format((text) => hasFormat(text, "byte"), "base64"),
  date: format((text) => hasFormat(text, "date"), "a date"),
  datetime: format((text) => hasFormat(text, "date-time"), "a date and time"),
};

function registerFormats(environment: Environment): void {
  environment.registerType("FormatNamespace", Formats);
  environment.registerType("kubernetes.NamedFormat", Format);
  environment.registerConstant("format", "FormatNamespace", new Formats());
  for (const [name, known] of Object.entries(formats)) {
    environment.registerFunction(`FormatNamespace.${name}(): kubernetes.NamedFormat`, () => known);
  }
  environment.registerFunction(
    "kubernetes.NamedFormat.validate(string): optional<list<string>>",
    ({ problem }: Format, text: string) => {
      const found = problem(text);
      return optional(found === undefined ? undefined : [found]);
    },
  );
}

export function registerText(environment: Environment): void {
  registerFormats(environment);
  environment.registerFunction("string.charAt(int): string", (text: string, at: bigint) => {
    const characters = [...text];
    if (at < 0n || at > BigInt(characters.length)) throw new Error(`index out of range: ${at}`);
    return characters[Number(at)] ?? "";
  });
  environment.registerFunction("string.reverse(): string", (text: string) => [...text].reverse().join(""));
  environment.registerFunction("string.replace(string, string): string", (text: string, old: string, by: string) =>
    replaced(text, old, by),
  );
  environment.registerFunction(
    "string.replace(string, string, int): string",
    (text: string, old: string, by: string, times: bigint) => {
      return replaced(text, old, by, times < 0n ? Infinity : Number(times));
    },
  );
  environment.registerFunction("string.find(string): string", (text: string, pattern: string) => {
    return goPattern(pattern).exec(text)?.[0] ?? "";
  });
  environment.registerFunction("string.findAll(string): list<string>", (text: string, pattern: string) =>
    [...text.matchAll(goPattern(pattern, "g"))].map(([found]) => found),
  );
}

/** As in Go: an empty text is found before each character and at the end. */
function replaced(text: string, old: string, by: string, times = Infinity): string {
  const parts = old === "" ? ["", ...text, ""] : text.split(old);
  return [parts.slice(0, times + 1).join(by), ...parts.slice(times + 1)].join(old);
}
