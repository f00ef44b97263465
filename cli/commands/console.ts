/** `virtive console VM`: the serial console on this terminal. Leave with ^]. */
import type { WebSocket } from "ws";
import type { Client } from "../client.ts";
import { consoleClosings } from "#events/console-closing.ts";
import { EXIT, TimedOut } from "../exit.ts";

const ESCAPE = 0x1d; // ^]
/** How long output may go on after a piped standard input has ended. */
const DRAIN_MILLISECONDS = 1_000;

export function consolePath(namespace: string, name: string, history: boolean): string {
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances/${name}/console`;
  return history ? `${path}?history=1` : path;
}

/** How a console ended that nobody here has left: what a person is told, and a script by the exit code. */
export function endingOf(code: number, reason: string): Ending {
  const otherwise = reason === "" ? `it was closed with code ${code}` : reason;
  return endings[code] ?? { exit: EXIT.failed, said: otherwise };
}

interface Ending {
  readonly exit: number;
  readonly said: string;
}

const endings: Readonly<Record<number, Ending>> = {
  [consoleClosings.ended.code]: { exit: EXIT.ended, said: consoleClosings.ended.text },
  [consoleClosings.taken.code]: { exit: EXIT.taken, said: consoleClosings.taken.text },
  [consoleClosings.slow.code]: { exit: EXIT.failed, said: consoleClosings.slow.text },
  [consoleClosings.leaving.code]: { exit: EXIT.unavailable, said: consoleClosings.leaving.text },
  [consoleClosings.lost.code]: { exit: EXIT.unavailable, said: consoleClosings.lost.text },
  // Never sent: the connection broke without a word.
  1006: { exit: EXIT.unavailable, said: "the connection broke" },
};

/**
 * Connects this terminal until ^], the end of a piped input, or the end of the guest.
 * @returns the exit code: 0 when it was left from here
 */
export async function attachConsole(client: Client, namespace: string, name: string): Promise<number> {
  const socket = await client.websocket(consolePath(namespace, name, true));
  let left = false;
  const leave = (): void => {
    left = true;
    socket.close(1000);
  };
  const { stdin, stdout, stderr } = process;
  if (stdin.isTTY) stderr.write(`Connected to ${namespace}/${name}. Leave with ^].\r\n`);
  socket.on("message", (data: Buffer) => {
    // A terminal that cannot keep up pauses the guest's output rather than filling memory.
    if (!stdout.write(data)) {
      socket.pause();
      stdout.once("drain", () => socket.resume());
    }
  });
  const typed = (chunk: Buffer): void => {
    const escape = stdin.isTTY ? chunk.indexOf(ESCAPE) : -1;
    const send = escape === -1 ? chunk : chunk.subarray(0, escape);
    if (send.length > 0) socket.send(send);
    if (escape !== -1) leave();
  };
  const ended = (): void => void setTimeout(leave, DRAIN_MILLISECONDS).unref();
  stdout.once("error", leave); // whoever reads us has gone
  stdin.on("data", typed);
  stdin.once("end", ended);
  if (stdin.isTTY) stdin.setRawMode(true);
  try {
    const { code, reason } = await new Promise<{ readonly code: number; readonly reason: string }>((resolve) => {
      socket.once("close", (code, reason) => resolve({ code, reason: reason.toString("utf8") }));
      socket.on("error", () => undefined); // its close follows, with a code
    });
    if (left) return EXIT.ok;
    const ending = endingOf(code, reason);
    stderr.write(`${stdin.isTTY ? "\r\n" : ""}console of ${namespace}/${name}: ${ending.said}\n`);
    return ending.exit;
  } finally {
    stdin.off("data", typed);
    stdin.off("end", ended);
    stdout.off("error", leave);
    if (stdin.isTTY) {
      stdin.setRawMode(false);
      stderr.write("\r\nConsole closed.\r\n");
    }
    stdin.pause();
  }
}

/**
 * Shows the console until the text that `until` matches has come.
 * @param show takes the bytes as they come
 * @throws TimedOut with the last line seen
 */
export async function watchConsole(
  client: Client,
  at: { readonly namespace: string; readonly name: string },
  until: RegExp,
  timeoutMilliseconds: number,
  show: (chunk: Buffer) => void,
): Promise<void> {
  const socket = await client.websocket(consolePath(at.namespace, at.name, true));
  try {
    await seen(socket, until, timeoutMilliseconds, show);
  } finally {
    socket.close(1000);
  }
}

/** Resolves with what was read up to and with the match. */
export function seen(
  socket: WebSocket,
  until: RegExp,
  timeoutMilliseconds: number,
  show: (chunk: Buffer) => void = () => undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => {
      const last = text.trimEnd().split("\n").at(-1) ?? "";
      finish(() =>
        reject(
          new TimedOut(
            `no ${String(until)} on the console in ${timeoutMilliseconds / 1000} s; last line: "${last.trim()}"`,
          ),
        ),
      );
    }, timeoutMilliseconds);
    const take = (data: Buffer): void => {
      show(data);
      text = (text + data.toString("utf8")).slice(-64 * 1024);
      if (until.test(text)) finish(() => resolve(text));
    };
    const closed = (): void =>
      finish(() => reject(new TimedOut(`the console closed before ${String(until)} was seen`)));
    const finish = (then: () => void): void => {
      clearTimeout(timer);
      socket.off("message", take);
      socket.off("close", closed);
      then();
    };
    socket.on("message", take);
    socket.once("close", closed);
  });
}
