import { stat } from 'node:fs/promises';
import path from 'node:path';
import { SecondThoughtError } from '../base/errors';
import { readTextFile } from '../base/files';
import { parseCuration } from '../curate/curationFile';
import { isHubName } from '../data/hub';
import { parseStudy } from '../studies/studyFile';
import type { JobSpec } from './jobSpec';

/** A job that runs a command of ours over a file: a study or a curation. */
export type CommandSpec = Extract<JobSpec, { kind: 'study' | 'curation' }>;

/**
 * What a study or curation reads, besides its own file: the files of this machine that it names by relative paths. An absolute path
 * means a file of the host; what an earlier job makes is not there yet.
 * @param earlier names of jobs whose results it will see in $ST_IN
 * @returns `base`: the folder that holds all of them, from which each keeps its place
 * @throws SecondThoughtError `file-not-found`
 */
export async function filesNamed(
  spec: CommandSpec,
  earlier: readonly string[],
): Promise<{ inputs: string[]; base: string }> {
  const folder = path.dirname(path.resolve(spec.file));
  const named = (await namesIn(spec)).filter((name) => !isHubName(name) && !path.isAbsolute(name));
  const local = [...new Set(named.map((name) => path.resolve(folder, name)))];
  const found = await Promise.all(local.map(isThere));
  const inputs = local.filter((_, index) => found[index]);
  const base = commonFolder([folder, ...inputs.map((file) => path.dirname(file))]);
  const isMade = (file: string) => earlier.includes(path.relative(base, file).split(path.sep)[0] ?? '');
  const missing = local.find((file, index) => !found[index] && !isMade(file));
  if (missing !== undefined) {
    throw new SecondThoughtError(
      'file-not-found',
      `${path.basename(spec.file)} names ${missing}, which does not exist.`,
      {
        remedy: 'Correct the path; a file that is on the host already is named by its absolute path.',
      },
    );
  }
  return { inputs: [...spec.inputs, ...inputs], base };
}

/** Whether it asks a model and names none, neither in its file nor in its words. */
export async function needsBundled(spec: CommandSpec): Promise<boolean> {
  const words = spec.arguments;
  const named = words.find((word, index) => word.startsWith('--server=') || words[index - 1] === '--server');
  if (named !== undefined) return /^(--server=)?bundled$/.test(named);
  if (spec.kind === 'study') return [undefined, 'bundled'].includes((await studyOf(spec)).server);
  const { features = {} } = await curationOf(spec);
  return Object.values(features).some((feature) => 'server' in feature && feature.server === 'bundled');
}

const studyOf = async ({ file }: CommandSpec) => parseStudy(await readTextFile(file), path.basename(file));
const curationOf = async ({ file }: CommandSpec) => parseCuration(await readTextFile(file), path.basename(file));

async function namesIn(spec: CommandSpec): Promise<string[]> {
  if (spec.kind === 'study') return (await studyOf(spec)).problems.flatMap(({ file }) => file ?? []);
  const { sources, decontaminate, features = {} } = await curationOf(spec);
  return [
    ...sources.map(({ file }) => file),
    ...(decontaminate?.against ?? []).map(({ file }) => file),
    ...Object.values(features).flatMap((feature) =>
      feature.kind === 'domain' && feature.taxonomy ? [feature.taxonomy] : [],
    ),
  ];
}

const isThere = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

function commonFolder(folders: readonly string[]): string {
  const [first = path.sep, ...others] = folders;
  let base = first;
  while (others.some((folder) => path.relative(base, folder).split(path.sep)[0] === '..')) base = path.dirname(base);
  return base;
}
