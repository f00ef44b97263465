import { Fault } from "#events/fault.ts";

/** Asks again and again until the answer is one. @throws Fault later, reason NotInTime, or what `ask` throws */
export async function until<T>(
  what: string,
  timeoutMilliseconds: number,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const end = Date.now() + timeoutMilliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Fault("later", "NotInTime", `${what}: not within ${timeoutMilliseconds / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
