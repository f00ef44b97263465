/** A history as it is told: who did what, when, and why. Kept only when somebody wants to read it. */

export interface Line {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly who: string;
  readonly what: string;
}

export interface Story {
  /** `what` is made only when the story is kept. */
  tell(who: string, what: string | (() => string)): void;
  readonly lines: readonly Line[];
}

export function createStory(kept: boolean, now: () => number): Story {
  const lines: Line[] = [];
  return {
    lines,
    tell(who, what) {
      if (kept) lines.push({ at: now(), who, what: typeof what === "string" ? what : what() });
    },
  };
}

const LONGEST_WHO = 14;

export function print({ at, who, what }: Line): string {
  return `${(at / 1000).toFixed(4).padStart(10)} s  ${who.padEnd(LONGEST_WHO)} ${what}`;
}

/** What a reader skips: functions that found nothing to do, and nodes that are well. */
export function isRoutine({ who, what }: Line): boolean {
  if (what.endsWith("(nothing)") || what.endsWith("(gone)")) return true;
  return who === "attend" || (who === "api" && what.startsWith("patch Node status"));
}
