/**
 * Runs short programs (ip, nft, qemu-img, …) without holding up this process. Node starts a program by forking itself,
 * on its one thread: with all that a runtime has in memory this takes longer than the program (5 to 70 ms against 1).
 * So a few small shells are kept, which fork for us; each does one thing at a time. They end with this process.
 *
 * What a shell is told is quoted word by word: no character of an argument or of the input means anything to it.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { Fault } from "#events/fault.ts";

export interface ProgramOptions {
  /** Text for its standard input; empty: nothing to read. */
  readonly input?: string;
  /** Milliseconds; with more it is killed, and whatever it has started. */
  readonly timeoutMilliseconds: number;
  /** Characters of its output that are kept. Default 1 Mi. */
  readonly mostOutput?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Ended {
  /** Exit code; undefined when it did not end in time and was killed. */
  readonly code: number | undefined;
  readonly output: string;
  /** What it wrote to its standard error, the first 4,096 characters. */
  readonly complaint: string;
  /** There is no such program. */
  readonly missing: boolean;
}

/** Shells that stay; with more to do at a time others come and go. */
const STAYING = 3;
const MOST = 16;
const MOST_COMPLAINT = 4096;
const MOST_OUTPUT = 1024 * 1024;
/** What a shell says of a program that it does not find. */
const NOT_FOUND = 127;

type Process = ChildProcessByStdio<Writable, Readable, Readable>;

const MACHINE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The command that starts a shell where programs are; see `useProgramsOf`. */
let entrance: readonly string[] = [];
let root = "";

/**
 * From now on programs run in the mount namespace of this process and are the ones installed there: of the machine
 * itself, for a runtime whose own image has none. To be called before the first program.
 */
export function useProgramsOf(pid: number): void {
  entrance = ["nsenter", `--target=${pid}`, "--mount", "--"];
  root = `/proc/${pid}/root`;
}

/** The command line that runs `argv` where programs are. */
export function wherePrograms(argv: readonly string[]): readonly string[] {
  return [...entrance, ...argv];
}

/** Under which path this process sees a file that programs see as `path`. */
export function seenByPrograms(path: string): string {
  return root + path;
}

const idle: Shell[] = [];
const waiting: ((shell: Shell) => void)[] = [];
let shells = 0;

/**
 * Never throws for a program that fails: the code says so.
 * @throws Fault later ProgramFailed when the shell itself is lost; the signal's reason when that aborts
 */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<Ended> {
  const shell = await free();
  try {
    return await shell.run([program, ...args], options);
  } finally {
    giveBack(shell);
  }
}

/** Starts the shells now, while this process is small and forks fast, rather than at the first program. */
export function readyPrograms(): void {
  while (shells < STAYING) giveBack(new Shell());
}

function free(): Promise<Shell> | Shell {
  readyPrograms();
  const shell = idle.pop();
  if (shell !== undefined) return shell;
  if (shells < MOST) return new Shell();
  return new Promise((resolve) => waiting.push(resolve));
}

function giveBack(shell: Shell): void {
  const next = waiting.shift();
  if (shell.lost) {
    shells -= 1;
    if (next !== undefined) next(new Shell());
  } else if (next !== undefined) next(shell);
  else if (idle.length >= STAYING) {
    shells -= 1;
    shell.end();
  } else idle.push(shell);
}

class Shell {
  readonly #process: Process;
  /** Ends what a program says. Nobody can know it, so nobody can say it. */
  readonly #mark = `-- ${randomBytes(16).toString("hex")}`;
  #lost = false;
  #work: Work | undefined;

  constructor() {
    shells += 1;
    // In a group of its own, so that it can be killed with all that it has started.
    const env = { PATH: entrance.length > 0 ? MACHINE_PATH : process.env["PATH"], LC_ALL: "C" };
    const [shell = "", ...args] = wherePrograms(["/bin/sh"]);
    this.#process = spawn(shell, args, { stdio: ["pipe", "pipe", "pipe"], detached: true, env });
    const { stdin, stdout, stderr } = this.#process;
    stdin.on("error", () => this.#lose());
    this.#process.on("error", () => this.#lose());
    this.#process.on("exit", () => this.#lose());
    stdout.setEncoding("utf8").on("data", (text: string) => this.#heard("output", text));
    stderr.setEncoding("utf8").on("data", (text: string) => this.#heard("complaint", text));
    this.#hold(false);
  }

  get lost(): boolean {
    return this.#lost;
  }

  async run(argv: readonly string[], options: ProgramOptions): Promise<Ended> {
    const { input = "", timeoutMilliseconds, mostOutput = MOST_OUTPUT, signal } = options;
    signal?.throwIfAborted();
    if (this.#lost) throw new Fault("later", "ProgramFailed", `${argv.join(" ")} was not started: its shell is gone`);
    const work = new Work(mostOutput);
    this.#work = work;
    this.#hold(true);
    const kill = (): void => this.#kill();
    const timer = setTimeout(kill, timeoutMilliseconds);
    signal?.addEventListener("abort", kill, { once: true });
    try {
      this.#process.stdin.write(this.#script(argv, input));
      await work.done;
      signal?.throwIfAborted();
      return work.ended();
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", kill);
      this.#work = undefined;
      this.#hold(false);
    }
  }

  /** Ends by itself when there is nothing more to read. */
  end(): void {
    this.#process.stdin.end();
  }

  #script(argv: readonly string[], input: string): string {
    const words = argv.map(quoted).join(" ");
    const text = input === "" || input.endsWith("\n") ? input : `${input}\n`;
    const reads = text === "" ? `${words} </dev/null` : `${words} <<'${this.#mark}'\n${text}${this.#mark}`;
    return `${reads}\nprintf '\\n%s %d\\n' '${this.#mark}' $?\nprintf '\\n%s\\n' '${this.#mark}' >&2\n`;
  }

  #heard(stream: "output" | "complaint", text: string): void {
    this.#work?.heard(stream, text, this.#mark);
  }

  /** An idle shell does not keep this process alive. */
  #hold(busy: boolean): void {
    const { stdin, stdout, stderr } = this.#process;
    for (const part of [this.#process, stdin, stdout, stderr] as unknown as { ref(): void; unref(): void }[]) {
      if (busy) part.ref();
      else part.unref();
    }
  }

  #kill(): void {
    const { pid } = this.#process;
    try {
      if (pid !== undefined && !this.#lost) process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended in this moment.
    }
    this.#lose(true);
  }

  #lose(killed = false): void {
    this.#lost = true;
    const index = idle.indexOf(this);
    if (index >= 0) {
      idle.splice(index, 1);
      shells -= 1;
    }
    this.#work?.lost(killed);
  }
}

/** One program: what it has said so far, until both streams have come to the mark. */
class Work {
  readonly #mostOutput: number;
  readonly #finished = Promise.withResolvers<void>();
  readonly #said = { output: "", complaint: "" };
  /** What may be the beginning of a mark. */
  readonly #tail = { output: "", complaint: "" };
  readonly #over = { output: false, complaint: false };
  #code: number | undefined;
  readonly done = this.#finished.promise;

  constructor(mostOutput: number) {
    this.#mostOutput = mostOutput;
  }

  heard(stream: "output" | "complaint", text: string, mark: string): void {
    const all = this.#tail[stream] + text;
    const at = all.indexOf(`\n${mark}`);
    const end = at < 0 ? -1 : all.indexOf("\n", at + 1);
    if (end < 0) {
      const kept = Math.max(0, at < 0 ? all.length - mark.length - 1 : at);
      this.#keep(stream, all.slice(0, kept));
      this.#tail[stream] = all.slice(kept);
      return;
    }
    this.#keep(stream, all.slice(0, at));
    this.#over[stream] = true;
    if (stream === "output") this.#code = Number(all.slice(at + mark.length + 2, end));
    if (this.#over.output && this.#over.complaint) this.#finished.resolve();
  }

  /** `killed`: by us, since it took too long or nobody wants it any more. */
  lost(killed: boolean): void {
    this.#code = undefined;
    for (const stream of ["output", "complaint"] as const) this.#keep(stream, this.#tail[stream]);
    if (killed) this.#finished.resolve();
    else this.#finished.reject(new Fault("later", "ProgramFailed", "the shell that ran a program ended before it"));
  }

  ended(): Ended {
    const { output, complaint } = this.#said;
    return { code: this.#code, output, complaint, missing: this.#code === NOT_FOUND };
  }

  #keep(stream: "output" | "complaint", text: string): void {
    const most = stream === "output" ? this.#mostOutput : MOST_COMPLAINT;
    const room = most - this.#said[stream].length;
    if (room > 0) this.#said[stream] += text.slice(0, room);
  }
}

/** One word for a shell, whatever is in it but NUL, which no argument can have. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
