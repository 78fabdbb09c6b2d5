import * as z from 'zod';
import { parseYaml } from '../base/yamlFile';
import { fineTuneSchema } from './fineTune';

const name = (description: string) =>
  z
    .string()
    .refine((text) => text !== '' && !text.startsWith('-'), 'It must not be empty or begin with "-"')
    .describe(description);

/** What a job asks of its host, and what it is given. */
const common = {
  name: name('What the job is called; without it its kind.').optional(),
  inputs: z
    .array(name('A file or folder of this machine.'))
    .default([])
    .describe('Files and folders that it sees in $ST_IN.'),
  environment: z.record(z.string(), z.string()).default({}).describe('Variables of the job.'),
  after: z.array(name('Id of a job.')).default([]).describe('Jobs on the same host that have to end well first.'),
  from: z
    .record(z.string().regex(/^[a-z][\w-]{0,31}$/, 'It must be a short name'), z.string())
    .default({})
    .describe('Jobs of the same host, by a name: what they made is in $ST_IN/NAME.'),
  gpus: z.int().min(0).max(64).default(0).describe('GPUs per node.'),
  gpuList: z.array(z.int().min(0)).optional().describe('Without Slurm: which GPUs; jobs that share one take turns.'),
  nodes: z.int().min(1).max(1_024).default(1),
  cpus: z.int().min(1).optional().describe('Cores per node.'),
  memory: z
    .string()
    .regex(/^\d+[KMGT]?$/, 'It must be a size such as 16G')
    .optional(),
  time: z
    .string()
    .regex(/^(\d+-)?\d{1,3}(:\d{2}){0,2}$/, 'It must be a time such as 02:00:00')
    .optional(),
  signalBefore: z
    .int()
    .min(1)
    .max(65_535)
    .default(120)
    .describe('Seconds before the time limit at which a checkpoint is asked for.'),
  tasks: z.int().min(1).max(10_000).default(1).describe('Tasks of an array; each sees its number in $ST_TASK.'),
  atOnce: z.int().min(1).optional().describe('Tasks of the array that run at the same time.'),
};

const customSchema = z.strictObject({
  kind: z.literal('custom'),
  ...common,
  script: name('A script of this machine; it begins with #! or is one of sh.'),
  arguments: z.array(z.string()).default([]),
  secondThought: z.boolean().default(false).describe('It may call second-thought: the command line is brought along.'),
});

const serveSchema = z.strictObject({
  kind: z.literal('serve'),
  ...common,
  model: name('A model name, a path on the host, or the id of a fine-tuning job of that host.'),
  dialect: z.string().min(1).default('s1'),
  maxModelLength: z.int().positive().optional(),
  tensorParallel: z.int().positive().optional().describe('GPUs that share the model; without it all of the job.'),
  vllmArguments: z.array(z.string()).default([]).describe('Further words for vllm serve.'),
  idleMinutes: z.number().positive().optional().describe('It ends after so long without a request.'),
});

const commandSchema = <Kind extends 'study' | 'curation'>(kind: Kind) =>
  z.strictObject({
    kind: z.literal(kind),
    ...common,
    file: name(`The *.${kind}.yaml file.`),
    base: name('A folder of this machine: inputs below it keep their place in $ST_IN, so that paths hold.').optional(),
    arguments: z.array(z.string()).default([]).describe('Further words for the command.'),
  });

export const jobSpecSchema = z.discriminatedUnion('kind', [
  customSchema,
  fineTuneSchema.extend(common),
  serveSchema,
  commandSchema('study'),
  commandSchema('curation'),
]);
export type JobSpec = z.output<typeof jobSpecSchema>;
export type ServeSpec = z.output<typeof serveSchema>;

/** A job is a file `*.job.yaml`. @throws SecondThoughtError `invalid-file`, naming line and field */
export const parseJob = (text: string, from: string): JobSpec => parseYaml(text, jobSpecSchema, from);

/** The id of a job: when, what, and four random letters. Also its name in Slurm, by which it is found again. */
export const jobIdPattern = /^\d{8}T\d{6}-[a-z-]{1,20}-[0-9a-f]{8}$/;

/** `job.json`: the truth about what was asked for; what became of it is in status/. */
export const jobRecordSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string().regex(jobIdPattern),
  name: z.string(),
  kind: z.enum(['custom', 'fine-tune', 'serve', 'study', 'curation']),
  createdAt: z.string(),
  scheduler: z.enum(['process', 'slurm']),
  tasks: z.int().min(1).default(1),
  spec: jobSpecSchema,
});
export type JobRecord = z.output<typeof jobRecordSchema>;
