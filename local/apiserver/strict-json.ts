/**
 * One pass over a JSON text that JSON.parse has accepted or will: it finds fields written twice, which JSON.parse drops
 * silently, and numbers that it changes silently, and stops at text that is nested too deep to handle by recursion.
 */

/** Objects and lists within each other. */
export const MAX_DEPTH = 256;

export interface JsonSurvey {
  /** Paths of fields that are written more than once in the same object, such as spec.template.labels. */
  readonly duplicates: readonly string[];
  readonly tooDeep: boolean;
  /** A field is called __proto__: no object of any kind has one, and JavaScript treats it specially. */
  readonly hasProto: boolean;
  /** A number that JavaScript can't hold: a whole one beyond 2^53, or one beyond all bounds. */
  readonly inexact: string | undefined;
}

interface Level {
  readonly fields: Set<string> | undefined;
  readonly path: string;
  /** The path of the value that comes next. */
  next: string;
  index: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The fewest characters of a number that may be inexact: 1e309, or sixteen digits. */
const SUSPECT_CHARACTERS = 5;
const NUMBER = /-?[0-9][-+.0-9eE]*/y;

/** The number that starts at `start`, as it is written. */
function numberAt(text: string, start: number): string {
  NUMBER.lastIndex = start;
  return NUMBER.exec(text)?.[0] ?? text.charAt(start);
}

function isInexact(number: string): boolean {
  if (number.length < SUSPECT_CHARACTERS) return false;
  const value = Number(number);
  return !Number.isFinite(value) || (/^-?[0-9]+$/.test(number) && !Number.isSafeInteger(value));
}

/** End of the string that starts at `start` (its opening quote): the index after its closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

export function surveyJson(text: string): JsonSurvey {
  const duplicates: string[] = [];
  const levels: Level[] = [];
  let expectsField = false;
  let hasProto = false;
  let inexact: string | undefined;
  for (let at = 0; at < text.length;) {
    const level = levels.at(-1);
    switch (text.charAt(at)) {
      case '"': {
        const end = endOfString(text, at);
        if (expectsField && level?.fields !== undefined) {
          const raw = text.slice(at + 1, end - 1);
          const field = raw.includes("\\") ? unescaped(text.slice(at, end)) : raw;
          level.next = level.path === "" ? field : `${level.path}.${field}`;
          if (level.fields.has(field)) duplicates.push(level.next);
          level.fields.add(field);
          if (field === "__proto__") hasProto = true;
          expectsField = false;
        }
        at = end;
        continue;
      }
      case "{":
      case "[": {
        if (levels.length >= MAX_DEPTH) return { duplicates, tooDeep: true, hasProto, inexact };
        const isMap = text[at] === "{";
        const path =
          level === undefined ? "" : level.fields === undefined ? `${level.path}[${level.index}]` : level.next;
        levels.push({ fields: isMap ? new Set() : undefined, path, next: path, index: 0 });
        expectsField = isMap;
        break;
      }
      case "}":
      case "]":
        levels.pop();
        expectsField = false;
        break;
      case ",":
        if (level !== undefined) {
          level.index++;
          expectsField = level.fields !== undefined;
        }
        break;
      case "-":
      case "0":
      case "1":
      case "2":
      case "3":
      case "4":
      case "5":
      case "6":
      case "7":
      case "8":
      case "9": {
        const number = numberAt(text, at);
        if (isInexact(number)) inexact ??= number;
        at += number.length;
        continue;
      }
    }
    at++;
  }
  return { duplicates, tooDeep: false, hasProto, inexact };
}

function unescaped(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
