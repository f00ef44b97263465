/**
 * Regular expressions as Kubernetes takes them: Go's syntax (RE2), which has a few forms that JavaScript's has not, and
 * escapes any sign of punctuation.
 */

/** POSIX classes, within brackets. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/** Signs that JavaScript lets be escaped, with the flag u. */
const SYNTAX = /[\^$\\.*+?()[\]{}|/]/;

/** Begins with flags for all of it, which is where they stand in practice. */
const FLAGS = /^\(\?([ims]+)\)/;

const parts = /\\x\{([0-9A-Fa-f]{1,6})\}|\\([pP])(\{\^?\w+\}|\w)|\\([\s\S])|\[:(\^?)(\w+):\]|(\(\?P<)|(\[\^?\]|[[\]])/g;

/** @throws SyntaxError when it is none in either syntax */
export function goPattern(pattern: string, flags = ""): RegExp {
  const [start = "", own = ""] = FLAGS.exec(pattern) ?? [];
  // Without m, ^ and $ are the text's ends in both.
  return new RegExp(translated(pattern.slice(start.length)), [...new Set(`u${flags}${own}`)].join(""));
}

function translated(pattern: string): string {
  let inBrackets = false;
  return pattern.replaceAll(
    parts,
    (found, code?: string, p?: string, script?: string, escaped?: string, not?: string, name?: string, ...more) => {
      const [named, bracket] = more as (string | undefined)[];
      if (code !== undefined) return `\\u{${code}}`;
      if (p !== undefined && script !== undefined) return unicode(p, script);
      if (escaped !== undefined) return escape(escaped, inBrackets);
      if (name !== undefined) return inBrackets && not === "" ? (CLASSES[name] ?? found) : found;
      if (named !== undefined) return "(?<";
      if (bracket === undefined) return found;
      const within = inBrackets;
      inBrackets = bracket.endsWith("]") ? !within && bracket.length > 1 : true;
      // A bracket within brackets is itself, and so is one that would close them at once.
      if (within) return bracket.replace("[", "\\[");
      return bracket.length > 1 ? bracket.replace("]", "\\]") : bracket;
    },
  );
}

/** \pL, \p{Greek}, \p{^Greek} */
function unicode(p: string, script: string): string {
  const bare = script.replace(/^\{|\}$/g, "");
  const turned = bare.startsWith("^");
  const name = turned ? bare.slice(1) : bare;
  const letter = turned ? (p === "p" ? "P" : "p") : p;
  return name.length <= 2 ? `\\${letter}{${name}}` : `\\${letter}{Script=${name}}`;
}

function escape(sign: string, inBrackets: boolean): string {
  if (sign === "a") return "\\x07";
  if (!inBrackets && sign === "A") return "(?<![\\s\\S])";
  if (!inBrackets && sign === "z") return "(?![\\s\\S])";
  if (/[0-9A-Za-z]/.test(sign) || SYNTAX.test(sign)) return `\\${sign}`;
  if (inBrackets && sign === "-") return "\\-";
  return sign;
}
