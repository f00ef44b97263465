/** A reader of XML for tests, written apart from the writer: a tree of elements, attributes and text. */

export interface Read {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Read[];
  readonly text: string;
}

/** @throws Error when the document is not well-formed */
export function readXml(document: string): Read {
  let at = 0;
  const fail = (why: string): never => {
    throw new Error(`${why} at ${at}: ${document.slice(at, at + 40)}`);
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = at;
    const found = sticky.exec(document);
    if (found !== null) at = sticky.lastIndex;
    return found;
  };
  const readElement = (): Read => {
    const name = match(/<([A-Za-z_][\w:.-]*)/)?.[1] ?? fail("no element");
    const attributes: Record<string, string> = {};
    for (let found; (found = match(/\s+([A-Za-z_][\w:.-]*)=("[^"<]*"|'[^'<]*')/)) !== null;) {
      const [, key = "", quoted = ""] = found;
      if (key in attributes) fail(`the attribute ${key} is there twice`);
      // As a parser normalises attributes: literal white space becomes spaces, references stay what they are.
      attributes[key] = unescaped(quoted.slice(1, -1).replace(/[\t\r\n]/g, " "));
    }
    if (match(/\s*\/>/) !== null) return { name, attributes, children: [], text: "" };
    if (match(/\s*>/) === null) fail("no end of the tag");
    const children: Read[] = [];
    let text = "";
    for (;;) {
      if (match(new RegExp(`</${name}\\s*>`)) !== null) break;
      const raw = match(/[^<]+/)?.[0];
      if (raw !== undefined) text += unescaped(raw.replace(/\r\n?/g, "\n"));
      else children.push(readElement());
    }
    return { name, attributes, children, text: children.length > 0 ? text.trim() : text };
  };
  match(/\s*(<\?xml[^>]*\?>)?\s*/);
  const root = readElement();
  match(/\s*/);
  if (at !== document.length) fail("more than one root");
  return root;
}

const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };

function unescaped(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);|&/gi, (whole, name: string | undefined) => {
    if (name === undefined) throw new Error("a bare &");
    if (name.startsWith("#x")) return String.fromCodePoint(parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return NAMED[name] ?? whole;
  });
}

/** All elements of that path, such as "devices/disk". */
export function all(root: Read, path: string): readonly Read[] {
  return path
    .split("/")
    .reduce<readonly Read[]>(
      (found, name) => found.flatMap((one) => one.children.filter((c) => c.name === name)),
      [root],
    );
}

export function first(root: Read, path: string): Read | undefined {
  return all(root, path)[0];
}
