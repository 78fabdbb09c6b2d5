import type { Command } from 'commander';
import { convertCheckpoint } from '../core/checkpoints/convert';
import { bundledModelFile } from '../core/servers/connect';
import { printJson } from './output';

/** `second-thought convert`: a fine-tuned checkpoint for the local server. */
export function addConvert(program: Command, packageRoot: string): void {
  program
    .command('convert <checkpoint>')
    .description('Write a fine-tuned checkpoint as a GGUF file for serve: its base model with the new weights.')
    .requiredOption('--out <file>', 'the GGUF file to write')
    .option('--like <file>', 'the GGUF file (F16 or F32) of the base model; without it: the bundled model')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  second-thought convert out/model --out student.gguf && second-thought serve --model student.gguf',
    )
    .action(async (checkpoint: string, flags: { out: string; like?: string; json?: boolean }) => {
      const { tensors } = await convertCheckpoint(checkpoint, flags.like ?? bundledModelFile(packageRoot), flags.out);
      if (flags.json) printJson({ schemaVersion: 1, file: flags.out, tensors });
      else process.stdout.write(`${flags.out}: ${tensors} tensors\n`);
    });
}
