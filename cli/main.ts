/** The `virtive` command line: parses arguments, calls one command, turns what went wrong into a sentence and an exit code. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { Fault } from "#events/fault.ts";
import { defaultStateDirectory, instanceAt } from "#local/instance.ts";
import manifest from "../package.json" with { type: "json" };
import { Client } from "./client.ts";
import { EXIT, exitCodeOf } from "./exit.ts";
import type { EventsOptions } from "./commands/events.ts";
import { power, sentence, verbs } from "./commands/power.ts";
import { get, resourceWords, wantedOf } from "./commands/get.ts";
import { harmless, isObjectName, NAME_WORDS, wholeNumber } from "./words.ts";

interface Globals {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly state: string;
}

const { version } = manifest;

function objectName(text: string): string {
  if (isObjectName(text)) return text;
  throw new InvalidArgumentError(`${NAME_WORDS}.`);
}

const program = new Command("virtive")
  .description(
    "Virtual machines managed by small functions; a client of KubeVirt's API, and the local shape of Virtive.",
  )
  .version(version, "-V, --version")
  .option("--kubeconfig <file>", "kubeconfig to use (default: KUBECONFIG, else the local instance's)")
  .option("-n, --namespace <name>", "namespace (default: the kubeconfig context's)", objectName)
  .option("--state <directory>", "state directory of the local instance (VIRTIVE_STATE)", defaultStateDirectory())
  .showHelpAfterError()
  .exitOverride();

async function connect(): Promise<{ readonly client: Client; readonly namespace: string }> {
  const globals = program.opts<Globals>();
  const path =
    globals.kubeconfig ?? (process.env["KUBECONFIG"] || undefined) ?? instanceAt(globals.state).paths.kubeconfig;
  const client = await Client.open(path);
  return { client, namespace: globals.namespace ?? client.namespace };
}

function print(text: string): void {
  process.stdout.write(`${harmless(text)}\n`);
}

function tell(line: string): void {
  process.stderr.write(`${harmless(line)}\n`);
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text, min, max);
    if (value === undefined) throw new InvalidArgumentError(`a whole number from ${min} to ${max} is wanted.`);
    return value;
  };
}

const output = (...choices: string[]): Option => new Option("-o, --output <format>", "output format").choices(choices);
const timeout = (seconds: number): Option =>
  new Option("--timeout <seconds>", "how long to wait").argParser(whole(1, 86_400)).default(seconds);

program
  .command("up")
  .description("start the local shape, boot the demo VM and show what happens; stays in the foreground until Ctrl-C")
  .addOption(
    new Option("--nodes <count>", "node runtimes, each with a libvirt of its own").argParser(whole(1, 8)).default(1),
  )
  .addOption(new Option("--port <port>", "of the API on loopback").argParser(whole(0, 65_535)).default(6443))
  .option("--detach", "run in the background")
  .option("--no-demo", "start without the demo VM")
  .action(async (options: { nodes: number; port: number; detach?: boolean; demo: boolean }, command: Command) => {
    const { up } = await import("./commands/up.ts");
    process.exitCode = await up({
      ...options,
      state: program.opts<Globals>().state,
      detach: options.detach === true,
      asked: (["nodes", "port"] as const).filter((name) => command.getOptionValueSource(name) === "cli"),
    });
  });

program
  .command("serve")
  .description("run the local shape alone, without showing anything: what `up --detach` starts")
  .addOption(new Option("--nodes <count>").argParser(whole(1, 8)).default(1))
  .addOption(new Option("--port <port>").argParser(whole(0, 65_535)).default(6443))
  .option("--log-file <file>", "instead of standard error; bounded: two files of 16 MiB")
  .action(async (options: { nodes: number; port: number; logFile?: string }) => {
    const { serve } = await import("./commands/serve.ts");
    process.exitCode = await serve({ state: program.opts<Globals>().state, ...options });
  });

program
  .command("down")
  .description("end the guests, the nodes and the process; objects and data stay for the next `up`")
  .option("--purge", "remove objects and data as well")
  .addOption(new Option("--grace <seconds>", "how long guests get to shut down").argParser(whole(0, 600)).default(30))
  .action(async (options: { purge?: boolean; grace: number }) => {
    const { down } = await import("./commands/down.ts");
    const state = program.opts<Globals>().state;
    process.exitCode = await down({ state, purge: options.purge === true, graceSeconds: options.grace });
  });

program
  .command("status")
  .description("what runs: the process, its nodes, its VMs")
  .addOption(output("text", "json").default("text"))
  .action(async (options: { output: "text" | "json" }) => {
    const { status } = await import("./commands/status.ts");
    process.exitCode = await status(program.opts<Globals>().state, options.output, print);
  });

program
  .command("get")
  .description(`list objects: ${resourceWords} (default vm)`)
  .argument("[kind-or-name]")
  .argument("[name]")
  .addOption(output("table", "wide", "json").default("table"))
  .action(
    async (first: string | undefined, second: string | undefined, options: { output: "table" | "wide" | "json" }) => {
      const wanted = wantedOf(first, second);
      if (typeof wanted === "string") return program.error(`error: ${wanted}`, { exitCode: EXIT.usage });
      const { client, namespace } = await connect();
      print(await get(client, wanted.resource, wanted.name, { namespace, output: options.output }));
    },
  );

for (const verb of verbs) {
  const command = program
    .command(verb)
    .description(`${verb} a VM`)
    .argument("<vm>", "its name", objectName)
    .option("--no-wait", "do not wait until it is done")
    .addOption(timeout(120))
    .addOption(output("text", "json").default("text"))
    .action(
      async (name: string, options: { wait: boolean; timeout: number; force?: boolean; output: "text" | "json" }) => {
        const { client, namespace } = await connect();
        const { wait, timeout: timeoutSeconds, force = false } = options;
        const result = await power(client, verb, name, { namespace, wait, timeoutSeconds, force, report: tell });
        print(options.output === "json" ? JSON.stringify(result) : sentence(result));
      },
    );
  if (verb === "stop" || verb === "restart") command.option("--force", "end the guest at once");
}

program
  .command("migrate")
  .description("move a running VM to another node, without stopping its guest")
  .argument("<vm>", "its name", objectName)
  .option("--to <node>", "to this node; default: where it fits best", objectName)
  .option("--no-wait", "do not wait until it has moved")
  .addOption(timeout(600))
  .addOption(output("text", "json").default("text"))
  .action(async (name: string, options: { to?: string; wait: boolean; timeout: number; output: "text" | "json" }) => {
    const { migrate, migrated } = await import("./commands/migrate.ts");
    const { client, namespace } = await connect();
    const { to, wait, timeout: timeoutSeconds } = options;
    const result = await migrate(client, name, { namespace, wait, timeoutSeconds, to, report: tell });
    print(options.output === "json" ? JSON.stringify(result) : migrated(result));
  });

program
  .command("drain")
  .description("cordon a node and let all guests leave it: they move, or shut down, as their evictionStrategy says")
  .argument("<node>", "its name", objectName)
  .addOption(timeout(900))
  .action(async (node: string, options: { timeout: number }) => {
    const { drain } = await import("./commands/drain.ts");
    const { client } = await connect();
    const left = await drain(client, node, { timeoutSeconds: options.timeout, report: tell });
    print(`${node}: drained, ${left} guests have left`);
  });

program
  .command("uncordon")
  .description("let guests in again; what a drain has begun and not finished is called off")
  .argument("<node>", "its name", objectName)
  .action(async (node: string) => {
    const { cordon } = await import("./commands/drain.ts");
    const { client } = await connect();
    await cordon(client, node, false);
    print(`${node}: uncordoned`);
  });

program
  .command("confirm-off")
  .description("your word that a node which does not answer is off: what it had may run elsewhere")
  .argument("<node>", "its name", objectName)
  .option("--yes", "its power is off, and nothing of it runs", false)
  .action(async (node: string, { yes }: { readonly yes: boolean }) => {
    const { confirmOff } = await import("./commands/confirm-off.ts");
    const { client } = await connect();
    const { bootID, made } = await confirmOff(client, node, yes);
    print(`${node}: confirmed off (boot ${bootID})`);
    if (made) tell(`there was no Node ${node}: one was made to carry your word. Delete it once its VMs have gone on`);
  });

program
  .command("balance")
  .description("which moves would spread what guests ask for more evenly over the nodes; it moves nothing")
  .requiredOption("--dry-run", "only propose: nothing else is there yet")
  .addOption(output("text", "json").default("text"))
  .action(async (options: { output: "text" | "json" }) => {
    const { balance, textOfBalance } = await import("./commands/balance.ts");
    const { client } = await connect();
    const proposal = await balance(client);
    print(options.output === "json" ? JSON.stringify(proposal) : textOfBalance(proposal));
  });

program
  .command("console")
  .description("serial console of a VM; leave with ^]")
  .argument("<vm>", "its name", objectName)
  .action(async (name: string) => {
    const { attachConsole } = await import("./commands/console.ts");
    const { client, namespace } = await connect();
    process.exitCode = await attachConsole(client, namespace, name);
  });

program
  .command("events")
  .description("follow CloudEvents and the decisions that functions made on them")
  .option("--vm <name>", "of this VM only", objectName)
  .option("--type <type>", "of this CloudEvent type only, such as dev.virtive.machine.started")
  .option("--since <cursor>", "start after this cursor; default: now")
  .option("--all", "start with everything that the journal still holds")
  .option("--no-follow", "print what is there and stop")
  .addOption(output("text", "json").default("text"))
  .action(async (options: EventsOptions) => {
    const { events } = await import("./commands/events.ts");
    const { client, namespace } = await connect();
    await events(client, namespace, options, print);
  });

program
  .command("explain")
  .description("why a VM is in its state: decisions and their reasons, conditions, what it waits for and until when")
  .argument("<vm>", "its name", objectName)
  .addOption(output("text", "json").default("text"))
  .action(async (name: string, options: { output: "text" | "json" }) => {
    const { explain } = await import("./commands/explain.ts");
    const { client, namespace } = await connect();
    print(await explain(client, namespace, name, options.output));
  });

/** A fault's reason is what docs/troubleshooting.md lists it by. */
function sentenceOf(error: unknown): string {
  if (error instanceof Fault) return `${error.reason}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

// Whoever reads us may stop (`| head`): what is left to print is then nobody's, and no reason to end what runs.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version are no mistakes; commander has printed what there is to say.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    tell(`virtive: ${sentenceOf(error)}`);
    if (process.env["VIRTIVE_DEBUG"] !== undefined) console.error(error);
    process.exitCode = exitCodeOf(error);
  }
}
