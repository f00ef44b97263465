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
