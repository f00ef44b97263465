/**
 * Who is who between control plane and nodes: URI names in certificates (`virtive://control`, `virtive://node/NAME`).
 * Peers compare them exactly: "signed by our CA" is never enough.
 */

export const CONTROL_URI = "virtive://control";

const NODE_PREFIX = "virtive://node/";

export function nodeURI(name: string): string {
  return `${NODE_PREFIX}${name}`;
}

/** The node that a certificate's subjectAltName (as Node prints it) names, if it names exactly one. */
export function nodeOf(subjectAltName: string | undefined): string | undefined {
  const names = uriNames(subjectAltName).filter((name) => name.startsWith(NODE_PREFIX));
  const [name] = names;
  return names.length === 1 ? name?.slice(NODE_PREFIX.length) : undefined;
}

/** Whether a certificate's subjectAltName (as Node prints it) names the control plane. */
export function isControl(subjectAltName: string | undefined): boolean {
  return uriNames(subjectAltName).includes(CONTROL_URI);
}

/**
 * The URI names of a certificate, from Node's one-line text of its alternative names. Names with commas or quotes stand
 * in it as JSON strings, so that none can pretend to be two.
 */
export function uriNames(subjectAltName: string | undefined): readonly string[] {
  const entries = (subjectAltName ?? "").match(/[A-Za-z ]+:(?:"(?:[^"\\]|\\.)*"|[^,"]*)/g) ?? [];
  return entries
    .map((entry) => entry.trim())
    .flatMap((entry) => {
      if (!entry.startsWith("URI:")) return [];
      const value = entry.slice("URI:".length);
      return value.startsWith('"') ? [] : [value]; // none of ours needs quotes
    });
}
