/** The words of scripts/cluster. */
import { parseArgs } from "node:util";
import { Fault } from "#events/fault.ts";

export const USAGE = `usage: scripts/cluster COMMAND [--name NAME]        (NAME: default)
  up [--nodes N] [--fsync] [--flag --x=y]…   brings a cluster up and prints its kubeconfig's path
                                             --nodes  real nodes; 0 (default): the control plane alone, without root
                                             --fsync  etcd waits for the disk, as in production
                                             --flag   one more flag for the API server
  down [--all]                               ends it and removes all that it made
  list                                       the clusters of this user
  kubeconfig                                 prints its kubeconfig's path
  exec NODE COMMAND…                         runs a command inside a node
  load ARCHIVE                               gives all nodes an image (docker save, OCI layout as tar)
  stop NODE | start NODE                     cuts a node's power; gives it back
  kubectl ARGUMENTS…                         kubectl of the same version, with that kubeconfig
  build [--nodes N] [--knative]              builds what 'up' would build; and what test/cluster needs of Knative`;

const OPTIONS = {
  name: { type: "string", default: "default" },
  nodes: { type: "string", default: "0" },
  fsync: { type: "boolean", default: false },
  all: { type: "boolean", default: false },
  knative: { type: "boolean", default: false },
  flag: { type: "string", multiple: true, default: [] as string[] },
} as const;

/** Commands whose arguments after the first `positionals` are another program's. */
const PASSED_ON: Readonly<Record<string, number>> = { exec: 1, kubectl: 0 };

/** How many words the others take. Of one more than that nobody knows what was meant: `down two` is not the default cluster's end. */
const WORDS: Readonly<Record<string, number>> = {
  up: 0,
  down: 0,
  list: 0,
  kubeconfig: 0,
  load: 1,
  stop: 1,
  start: 1,
  build: 0,
};

export interface Call {
  readonly name: string;
  readonly nodes: number;
  readonly fsync: boolean;
  readonly all: boolean;
  readonly knative: boolean;
  readonly flags: readonly string[];
  readonly words: readonly string[];
}

/** @throws Fault refused: an option that is not there, a number of nodes that is none, a word too many */
export function parse(command: string, words: readonly string[]): Call {
  const passedOn = PASSED_ON[command];
  // What is for another program may begin with dashes too: ours end before it.
  let own = words.length;
  if (passedOn !== undefined) {
    own = 0;
    for (let seen = 0; own < words.length; own++) {
      if (words[own] === "--name") own++;
      else if (!words[own]?.startsWith("--name=") && seen++ === passedOn) break;
    }
  }
  const { values, positionals } = parsed(words.slice(0, own));
  const { name, nodes, fsync, all, knative, flag } = values;
  if (!/^\d{1,2}$/.test(nodes))
    throw new Fault("refused", "BadNodes", `--nodes ${JSON.stringify(nodes)}: a whole number from 0 to 99 is wanted`);
  const rest = [...positionals, ...words.slice(own)];
  const most = WORDS[command];
  const surplus = most === undefined ? undefined : rest[most];
  if (surplus !== undefined) {
    const what = `${command} takes no word ${JSON.stringify(surplus)}; a cluster is named by --name ${surplus}`;
    throw new Fault("refused", "WordTooMany", `${what}\n${USAGE}`);
  }
  return { name, nodes: Number(nodes), fsync, all, knative, flags: flag, words: rest };
}

function parsed(words: string[]) {
  // A flag begins with dashes itself, which parseArgs takes only behind an equals sign.
  const args = words.flatMap((word, index) =>
    word === "--flag" && index + 1 < words.length
      ? [`--flag=${words[index + 1]}`]
      : words[index - 1] === "--flag"
        ? []
        : [word],
  );
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Fault("refused", "BadOption", `${error.message}\n${USAGE}`, { cause: error });
  }
}

/** The first word. @throws Fault refused when there is none */
export const one = (words: readonly string[], what: string): string => {
  const [word] = words;
  if (word === undefined) throw new Fault("refused", "WordMissing", `${what} is missing\n${USAGE}`);
  return word;
};
