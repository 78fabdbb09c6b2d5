import * as z from 'zod';
import { refuseDash } from './shellQuote';

const words = z.array(z.string());

/** A host as people write it down, in their settings or `config.yaml`: how it is reached × how it runs jobs. */
export const hostSpecSchema = z.strictObject({
  id: z.string().regex(/^[\w.][\w.-]{0,63}$/, 'It must be a short name of letters, digits, dots and dashes'),
  ssh: z
    .string()
    .refine((name) => name !== '' && !name.startsWith('-'), 'It must not begin with "-"')
    .optional()
    .describe('A name in ~/.ssh/config, or user@machine; without it: this machine.'),
  sshConfig: z.string().min(1).optional().describe('A configuration of ssh other than ~/.ssh/config.'),
  scheduler: z.enum(['process', 'slurm']).default('process').describe('What runs the jobs there (process).'),
  workFolder: z
    .string()
    .min(1)
    .optional()
    .describe('Where job folders are; without it second-thought in the home folder.'),
  setup: words.default([]).describe('Lines of shell that run before each job: module load, source venv/bin/activate.'),
  prefix: words.default([]).describe('Words before each command: apptainer, exec, --nv, image.sif.'),
  python: z.string().min(1).default('python3').describe('Python with TRL or vLLM; "uv" installs what a script needs.'),
  node: z.string().min(1).default('node').describe('Node 20 or newer, for studies and curation beside the GPUs.'),
  environment: z.record(z.string(), z.string()).default({}).describe('Variables of each job: HF_HOME, HTTPS_PROXY.'),
  keysFrom: words.default([]).describe('Variables of this machine that each job gets too: HF_TOKEN.'),
  partition: z.string().min(1).optional(),
  account: z.string().min(1).optional(),
  qos: z.string().min(1).optional(),
  offline: z.boolean().default(false).describe('Compute nodes have no network: jobs use only what is cached there.'),
});
export type HostSpec = z.output<typeof hostSpecSchema>;
export type HostEntry = z.input<typeof hostSpecSchema>;

/** This machine, always there. */
export const hereId = 'here';

export const hereHost = (workFolder: string): HostSpec => hostSpecSchema.parse({ id: hereId, workFolder });

/** A host that only ~/.ssh/config knows. @throws SecondThoughtError `bad-usage` */
export const sshHost = (name: string): HostSpec =>
  hostSpecSchema.parse({ id: name.replace(/[^\w.-]/g, '-'), ssh: refuseDash(name, 'The host') });

/** The names that an OpenSSH configuration describes; patterns are none. https://man.openbsd.org/ssh_config */
export function hostsInSshConfig(text: string): string[] {
  const names = text
    .split('\n')
    .map((line) => /^\s*host(?:\s+|\s*=\s*)(.+)$/i.exec(line)?.[1] ?? '')
    .flatMap((rest) => rest.replace(/(^|\s)#.*$/, '').match(/"[^"]*"|\S+/g) ?? [])
    .map((name) => name.replace(/^"|"$/g, ''));
  return [...new Set(names)].filter((name) => name !== '' && !/[*?!]/.test(name) && !name.startsWith('-'));
}
