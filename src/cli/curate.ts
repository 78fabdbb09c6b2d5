import path from 'node:path';
import type { Command } from 'commander';
import { SecondThoughtError } from '../core/base/errors';
import { printable } from '../core/base/untrustedText';
import { decideByHand } from '../core/curate/byHand';
import { costOf, describeCost } from '../core/curate/cost';
import { CurationFolder, type DecidedRow, LineWriter } from '../core/curate/curationFolder';
import { describeDecision } from '../core/curate/describeReason';
import { diffSets } from '../core/curate/diffSets';
import { planCuration } from '../core/curate/planCuration';
import { stages } from '../core/curate/row';
import { describeDuration } from '../core/evaluate/estimate';
import { parseShard } from '../core/studies/shard';
import { addCurateAdd } from './curateAdd';
import { funnelText, inFolder, placeOf } from './curatePlace';
import { type MergeFlags, mergeFile, type RunFlags, runFile } from './curateRun';
import { count, positive } from './numbers';
import { printJson } from './output';
import { addServerOptions, chooseServer, type ServerFlags } from './serverOptions';

/** `second-thought curate`: from many questions to a small training set, with a reason for every row. */
export function addCurate(program: Command, packageRoot: string): void {
  const curate = program
    .command('curate')
    .description('Make a small training set of many questions, with a reason for every row.')
    .addHelpText('after', '\nExample:\n  second-thought curate run s1k.curation.yaml');
  const plan = curate
    .command('plan')
    .argument('<curation>', 'a *.curation.yaml file')
    .description('Collect, and say how many rows are left and what asking models about them takes.')
    .option('--out <folder>', 'where to; without it: curations/NAME beside the file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought curate plan s1k.curation.yaml');
  addServerOptions(plan).action(planOf);
  const run = curate
    .command('run')
    .argument('<curation>', 'a *.curation.yaml file')
    .description('Collect, ask models for what is missing, drop, select, and write the set. Run it again to go on.')
    .option('--out <folder>', 'where to; without it: curations/NAME beside the file')
    .option(
      '--shard <i/n>',
      'ask models about the rows of this shard only, from 0/n on; merge makes the set',
      parseShard,
    )
    .option('--dialect <name>', 'how the models write thinking, where a feature does not say')
    .option('--concurrency <n>', 'replies at the same time (8)', positive, 8)
    .option('--memory <MB>', 'for comparing n-grams (256); it decides nothing', positive)
    .option('--wait-for <seconds>', 'how long to wait for a server that is away (600)', count, 600)
    .option('--json', 'print one JSON document');
  addServerOptions(run)
    .addHelpText('after', '\nExample:\n  second-thought curate run s1k.curation.yaml')
    .action((file: string, flags: RunFlags) => runFile(file, flags, packageRoot));
  curate
    .command('merge')
    .argument('<curation>', 'a *.curation.yaml file whose shards were run')
    .description('Make the set of what all shards asked, as one run would have made it. Asks no model.')
    .option('--out <folder>', 'where they were run; without it: curations/NAME beside the file')
    .option('--when-complete', 'do nothing where a shard is still missing, or another process merges')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  second-thought curate run s1k.curation.yaml --shard 0/2\n  second-thought curate run s1k.curation.yaml --shard 1/2\n  second-thought curate merge s1k.curation.yaml',
    )
    .action((file: string, flags: MergeFlags) => mergeFile(file, flags, packageRoot));
  curate
    .command('by-hand')
    .argument('<curation>', 'a *.curation.yaml file that was run')
    .argument('<id...>', 'ids of rows, or their beginnings')
    .description('Keep or drop rows whatever the rules say; the next run honours it.')
    .option('--keep', 'they are to be in the set')
    .option('--drop', 'they are not to be in the set')
    .option('--undo', 'leave them to the rules again')
    .option('--note <text>', 'why', '')
    .option('--out <folder>', 'where it was run; without it: curations/NAME beside the file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought curate by-hand s1k.curation.yaml 2f5d9c --drop --note "a typo"')
    .action(byHand);
  curate
    .command('diff')
    .argument('<one>', 'the folder of a curation')
    .argument('<other>', 'the folder of another')
    .description('Say which rows are in one set only, and why they are not in the other.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought curate diff curations/paper curations/notebook')
    .action(diff);
  curate
    .command('export')
    .argument('<folder>', 'the folder of a curation')
    .argument('<file>', 'a *.jsonl file to write')
    .description('Write every collected row with what became of it and why.')
    .option('--stage <name>', 'only rows whose fate was decided there: selection, difficulty …')
    .option('--kept', 'only rows of the set')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought curate export curations/s1k dropped.jsonl --stage quality')
    .action(exportRows);
  addCurateAdd(curate, packageRoot);
  curate
    .command('explain')
    .argument('<folder>', 'the folder that curate run wrote')
    .argument('<id...>', 'ids of rows, or their beginnings')
    .description('Say what became of a row, and why.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought curate explain curations/s1k 2f5d9c')
    .action(explain);
}

async function planOf(file: string, flags: ServerFlags & { out?: string; json?: boolean }): Promise<void> {
  const place = await placeOf(file, flags.out);
  const plan = await inFolder(place, (curation, signal, progress) =>
    planCuration(curation, {
      ...place,
      signal,
      onProgress: ({ source, rows }) => progress.show(`${source}: ${rows} rows`),
    }),
  );
  const producers = await Promise.all(
    plan.producers.map(async (producer) => {
      const { requests, promptTokens, tokens, server } = producer;
      if (requests === 0 || promptTokens === null || tokens === null)
        return { ...producer, cost: requests === 0 ? 0 : null };
      const { price } = await chooseServer({ ...flags, ...(server === null ? {} : { server }) });
      return { ...producer, cost: costOf({ prompt: promptTokens, generated: tokens }, price) };
    }),
  );
  if (flags.json) return printJson({ schemaVersion: 1, folder: place.folder, ...plan, producers });
  const lines = producers.map(({ name, rows, requests, tokens, promptTokens, durationMs, cost }) => {
    const known = tokens === null || promptTokens === null ? null : { prompt: promptTokens, generated: tokens };
    const told = known
      ? `≈ ${describeCost(known, cost)}, ${describeDuration(durationMs ?? 0)}`
      : 'tokens not measured yet';
    return `${name.padEnd(20)} ${rows} rows, up to ${requests} requests, ${requests === 0 ? 'no tokens' : told}`;
  });
  process.stdout.write(`${funnelText(plan.funnel)}\n${lines.join('\n')}${lines.length > 0 ? '\n' : ''}`);
}

interface HandFlags {
  keep?: boolean;
  drop?: boolean;
  undo?: boolean;
  note: string;
  out?: string;
  json?: boolean;
}

async function byHand(file: string, beginnings: string[], flags: HandFlags): Promise<void> {
  const wanted = (['keep', 'drop', 'undo'] as const).filter((name) => flags[name]);
  const [wish] = wanted;
  if (wish === undefined || wanted.length > 1) {
    throw new SecondThoughtError('bad-usage', 'Say one of --keep, --drop and --undo.');
  }
  const place = await placeOf(file, flags.out);
  const decisions = await new CurationFolder(place.folder).decisions();
  const ids = beginnings.map((id) => decisions[placeOfRow(decisions, id, place.folder)]?.id ?? id);
  await decideByHand(place.file, ids, wish === 'undo' ? null : wish, flags.note);
  if (flags.json) printJson({ schemaVersion: 1, decision: wish, ids });
  else process.stdout.write(`${ids.map((id) => `${id} ${wish}`).join('\n')}\nThe next run honours it.\n`);
}

function placeOfRow(decisions: readonly { id: string }[], id: string, folder: string): number {
  const index = decisions.findIndex((decision) => decision.id.startsWith(id));
  if (index >= 0) return index;
  throw new SecondThoughtError('file-not-found', `The curation in ${folder} has no row "${id}".`, {
    remedy: 'An id is the first 16 hexadecimal digits of the SHA-256 of its question; decisions.jsonl lists them.',
  });
}

async function diff(one: string, other: string, flags: { json?: boolean }): Promise<void> {
  const read = (folder: string) => new CurationFolder(path.resolve(folder)).decisions();
  const { both, onlyInOne, onlyInOther } = diffSets(await read(one), await read(other));
  if (flags.json) return printJson({ schemaVersion: 1, both, onlyInOne, onlyInOther });
  const part = (title: string, rows: typeof onlyInOne) =>
    [`${title}: ${rows.length}`, ...rows.map(({ id, source, sentence }) => `  ${id} (${source}) ${sentence}`)].join(
      '\n',
    );
  const text = [`In both: ${both}`, part(`Only in ${one}`, onlyInOne), part(`Only in ${other}`, onlyInOther)];
  process.stdout.write(`${text.join('\n').split('\n').map(printable).join('\n')}\n`);
}

async function exportRows(
  folder: string,
  file: string,
  flags: { stage?: string; kept?: boolean; json?: boolean },
): Promise<void> {
  if (flags.stage !== undefined && !(stages as readonly string[]).includes(flags.stage)) {
    throw new SecondThoughtError('bad-usage', `There is no stage "${flags.stage}".`, {
      remedy: `Stages: ${stages.join(', ')}.`,
    });
  }
  const place = new CurationFolder(path.resolve(folder));
  const [rows, decisions] = [await place.rows(), await place.decisions()];
  const lines = new LineWriter(path.resolve(file));
  let written = 0;
  for (const [index, decision] of decisions.entries()) {
    const row = rows[index];
    if (!row || (flags.kept && !decision.isKept)) continue;
    if (flags.stage !== undefined && decision.stage !== flags.stage) continue;
    const { id, question, solution, source, sourceType, cotType, metadata } = row;
    const told = { id, question, solution, source, sourceType, cotType, metadata };
    await lines.write({ ...told, ...decision, sentence: describeDecision(decision) });
    written++;
  }
  await lines.close();
  if (flags.json) printJson({ schemaVersion: 1, file: path.resolve(file), rows: written });
  else process.stdout.write(`${written} rows in ${file}\n`);
}

async function explain(folder: string, ids: string[], flags: { json?: boolean }): Promise<void> {
  const place = new CurationFolder(path.resolve(folder));
  const [rows, decisions] = [await place.rows(), await place.decisions()];
  const found = ids.map((id) => {
    const index = placeOfRow(decisions, id, folder);
    const { question = '' } = rows[index] ?? {};
    const decision = decisions[index] as DecidedRow;
    return { ...decision, question, sentence: describeDecision(decision) };
  });
  if (flags.json) printJson(found);
  else
    for (const { id, source, question, sentence } of found) {
      process.stdout.write(
        `${id} (${printable(source)}) ${printable(question.slice(0, 200))}\n${printable(sentence)}\n`,
      );
    }
}
