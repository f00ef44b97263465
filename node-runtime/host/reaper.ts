/**
 * Starts a daemon under a process that takes in its orphans. libvirt waits, for seconds, until the kernel has forgotten
 * a QEMU that has ended; QEMU is nobody's child, so that is up to process 1, and many containers' process 1 looks
 * every other second or never. The reaper is a few lines of Perl, which every Debian has: Node cannot ask the kernel
 * for it. It lives as long as one of its children does, so also for guests that outlive their libvirtd.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { Fault } from "#events/fault.ts";
import { seenByPrograms } from "../programs.ts";
import { processAt, type ProcessIdentity } from "./process.ts";

const PERL = "/usr/bin/perl";

/** Number of the system call prctl. */
const PRCTL: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 157, arm64: 167 };

/** First argument: prctl's number; 36 is PR_SET_CHILD_SUBREAPER. Then the command. Says the command's pid. */
const SCRIPT = `
syscall(0 + shift @ARGV, 36, 1, 0, 0, 0);
my $pid = fork;
exit 1 unless defined $pid;
if ($pid == 0) { open STDOUT, ">", "/dev/null"; exec @ARGV; exit 127; }
$| = 1; print "$pid\\n"; close STDOUT;
1 while waitpid(-1, 0) > 0;
`;

const SAY_MILLISECONDS = 5_000;

/** Without Perl: under process 1, however it reaps. `enter` gives the command line that runs another in the right place. */
export async function startReaped(
  argv: readonly string[],
  enter: (argv: readonly string[]) => string[],
): Promise<ProcessIdentity | undefined> {
  const prctl = PRCTL[process.arch];
  const reaped = prctl !== undefined && existsSync(seenByPrograms(PERL));
  const [program = "", ...args] = enter(reaped ? [PERL, "-e", SCRIPT, String(prctl), ...argv] : argv);
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  child.unref();
  const said = await new Promise<string>((resolve, reject) => {
    const failed = (error: Error): void => reject(new Fault("later", "CommandFailed", `${argv[0]}: ${error.message}`));
    const timer = setTimeout(() => failed(new Error(`nothing within ${SAY_MILLISECONDS} ms`)), SAY_MILLISECONDS);
    const settle = (text: string): void => {
      clearTimeout(timer);
      resolve(text);
    };
    child.once("error", failed);
    if (!reaped) child.once("spawn", () => settle(String(child.pid)));
    child.stdout.once("data", (chunk: Buffer) => settle(chunk.toString("latin1")));
    child.stdout.once("end", () => settle(""));
  });
  child.stdout.destroy();
  return processAt(Number(said.trim()));
}
