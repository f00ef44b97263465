/** Words that a user gives, read strictly; and words of others, made harmless for a terminal. Pure. */

/** Undefined when the text is no whole number in decimal digits, or out of range. */
export function wholeNumber(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value < min || value > max ? undefined : value;
}

export const NAME_WORDS = 'a name has lower-case letters, digits, "-" and ".", and a letter or digit at either end';

/** A name that an object can have. Any other would be read as more of the path that it is put into. */
export function isObjectName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);
}

/**
 * Control characters but tabs and line feeds as JSON writes them: a terminal would act on them, and others choose what
 * objects and reports hold. JSON stays the same JSON.
 */
export function harmless(text: string): string {
  return text.replaceAll(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
