import path from 'node:path';
import { SecondThoughtError } from '../core/base/errors';
import { type CommandSpec, filesNamed, needsBundled } from '../core/jobs/commandFiles';
import type { HostSpec } from '../core/jobs/hostSpec';
import type { JobSpec } from '../core/jobs/jobSpec';
import { isHere } from '../core/jobs/ownProgram';
import { thisMachine, whyNotOn } from '../core/servers/nativePart';

/** A job before its fields are checked. */
export type LooseSpec = { inputs?: string[]; after?: string[] } & Record<string, unknown>;

/**
 * A job of a file: paths in it start from its folder. A study or curation brings the files that it names.
 * @param earlier jobs whose results it will see in $ST_IN, by name
 * @throws SecondThoughtError `file-not-found`, and `local-server-unavailable` where it needs a model that the host has not
 */
export async function fromFolder(
  spec: JobSpec,
  folder: string,
  host: HostSpec,
  earlier: readonly string[] = [],
): Promise<LooseSpec & JobSpec> {
  const at = (name: string) => path.resolve(folder, name);
  const common = { ...spec, inputs: spec.inputs.map(at) };
  switch (common.kind) {
    case 'custom':
      return { ...common, script: at(common.script) };
    case 'study':
    case 'curation': {
      const there = { ...common, file: at(common.file) };
      await refuseBundled(there, host);
      return { ...there, ...(await filesNamed(there, [...Object.keys(spec.from), ...earlier])) };
    }
    case 'fine-tune': {
      const data =
        !common.data.startsWith('in/') && /\.(jsonl?|parquet|csv)$/.test(common.data) ? at(common.data) : common.data;
      const model = /^\.\.?\//.test(common.model) ? `./${path.relative('.', at(common.model))}` : common.model;
      return { ...common, data, model };
    }
    case 'serve':
      return common;
  }
}

/** The bundled model has a native part: it runs on this machine, where that part runs here, and is not sent to others. */
async function refuseBundled(spec: CommandSpec, host: HostSpec): Promise<void> {
  const why = isHere(host)
    ? whyNotOn(thisMachine())
    : `The bundled model is not sent to ${host.id}: only the command line is, which has no native part.`;
  if (why === null || !(await needsBundled(spec))) return;
  throw new SecondThoughtError('local-server-unavailable', why, {
    remedy: `Name a server that answers there: second-thought jobs submit ${path.basename(spec.file)} … -- --server http://127.0.0.1:8000/v1`,
  });
}
