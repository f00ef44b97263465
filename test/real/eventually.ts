/** Resolves with the first value that is not undefined. @throws with what it waited for */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  timeoutMilliseconds = 60_000,
  everyMilliseconds = 50,
): Promise<T> {
  const end = Date.now() + timeoutMilliseconds;
  let last: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const why = last instanceof Error ? `; last error: ${last.message}` : "";
      throw new Error(`waited ${timeoutMilliseconds / 1000} s in vain for ${what}${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMilliseconds));
  }
}
