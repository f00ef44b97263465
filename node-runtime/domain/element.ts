/**
 * XML as values, and the one place that writes it. Whatever text goes into an element or an attribute comes out of a
 * parser unchanged and nowhere else: users choose many of the strings in a domain. Pure.
 */
import { Fault } from "#events/fault.ts";

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly children: readonly (Element | string)[];
}

export type Child = Element | string | undefined | false | readonly Child[];

/** An element. Attributes that are undefined and children that are undefined or false are left out. */
export function element(name: string, attributes: Element["attributes"] = {}, ...children: readonly Child[]): Element {
  return { name, attributes, children: children.flatMap(flat) };
}

function flat(child: Child): (Element | string)[] {
  if (child === undefined || child === false) return [];
  if (typeof child === "string") return [child];
  return isList(child) ? child.flatMap(flat) : [child];
}

function isList(child: Element | readonly Child[]): child is readonly Child[] {
  return Array.isArray(child);
}

const NAME = /^[A-Za-z_][\w.-]*(:[A-Za-z_][\w.-]*)?$/;

/**
 * The element as a document of lines, two spaces a level.
 * @throws Fault refused TextNotAllowed when a text has a character that XML 1.0 has no form for
 */
export function render(root: Element): string {
  const lines: string[] = [];
  write(root, "", lines);
  return `${lines.join("\n")}\n`;
}

function write(node: Element, indent: string, lines: string[]): void {
  const name = checkedName(node.name);
  let open = `${indent}<${name}`;
  for (const [attribute, value] of Object.entries(node.attributes)) {
    if (value !== undefined) open += ` ${checkedName(attribute)}='${escaped(String(value), `${name}/@${attribute}`)}'`;
  }
  if (node.children.length === 0) {
    lines.push(`${open}/>`);
  } else if (node.children.some((child) => typeof child === "string")) {
    // Text keeps its spaces: no line breaks of ours inside an element that has any.
    lines.push(`${open}>${node.children.map((child) => inline(child, name)).join("")}</${name}>`);
  } else {
    lines.push(`${open}>`);
    for (const child of node.children) if (typeof child !== "string") write(child, `${indent}  `, lines);
    lines.push(`${indent}</${name}>`);
  }
}

function inline(child: Element | string, parent: string): string {
  if (typeof child === "string") return escaped(child, parent);
  const lines: string[] = [];
  write(child, "", lines);
  return lines.join("\n");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  '"': "&quot;",
  // A parser would turn these into spaces in an attribute, and a carriage return into a newline anywhere.
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** Characters that XML 1.0 cannot carry, not even as a reference. */
export const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

/** The text as it stands in XML. @throws Fault refused TextNotAllowed */
export function escaped(text: string, where: string): string {
  const wrong = NOT_IN_XML.exec(text);
  if (wrong !== null) {
    const code = wrong[0].charCodeAt(0).toString(16).padStart(4, "0");
    throw new Fault(
      "refused",
      "TextNotAllowed",
      `The text for ${where} of the domain has the character U+${code}; control characters are not allowed`,
    );
  }
  return text.replace(/[&<>'"\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}

function checkedName(name: string): string {
  if (!NAME.test(name)) throw new Fault("bug", "BadElementName", `${JSON.stringify(name)} is no name for XML`);
  return name;
}
