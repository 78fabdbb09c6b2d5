import path from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile, writeWholeFile } from '../core/base/files';
import { lockFolder } from '../core/base/folderLock';
import { printable } from '../core/base/untrustedText';
import { type CurationFile, parseCuration } from '../core/curate/curationFile';
import { CurationFolder } from '../core/curate/curationFolder';
import type { FunnelStage } from '../core/curate/decide';
import { describeDecision } from '../core/curate/describeReason';
import { diffSets } from '../core/curate/diffSets';
import { planCuration } from '../core/curate/planCuration';
import { stages } from '../core/curate/row';
import { runCuration } from '../core/curate/runCuration';
import { describeDuration } from '../core/evaluate/estimate';
import { type Connection, connect } from '../core/servers/connect';
import { usualDialect } from '../core/servers/serverSpec';
import { addCurateAdd } from './curateAdd';
import { untilInterrupted } from './interrupt';
import { count, positive } from './numbers';
import { printJson } from './output';
import { ProgressLine } from './progressLine';
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
  plan.action(planOf);
  const run = curate
    .command('run')
    .argument('<curation>', 'a *.curation.yaml file')
    .description('Collect, ask models for what is missing, drop, select, and write the set. Run it again to go on.')
    .option('--out <folder>', 'where to; without it: curations/NAME beside the file')
    .option('--dialect <name>', 'how the models write thinking, where a feature does not say')
    .option('--concurrency <n>', 'replies at the same time (8)', positive, 8)
    .option('--wait-for <seconds>', 'how long to wait for a server that is away (600)', count, 600)
    .option('--json', 'print one JSON document');
  addServerOptions(run)
    .addHelpText('after', '\nExample:\n  second-thought curate run s1k.curation.yaml')
    .action((file: string, flags: RunFlags) => runFile(file, flags, packageRoot));
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

interface RunFlags extends ServerFlags {
  out?: string;
  concurrency: number;
  waitFor: number;
  json?: boolean;
}

interface Place {
  curation: CurationFile;
  base: string;
  folder: string;
}

async function placeOf(file: string, out: string | undefined): Promise<Place> {
  const name = path.basename(file).replace(/(\.curation)?\.ya?ml$/, '');
  const base = path.dirname(path.resolve(file));
  const curation = parseCuration(await readTextFile(file), path.basename(file));
  return { curation, base, folder: path.resolve(out ?? path.join(base, 'curations', name)) };
}

/** Takes the folder for this process until the work ends or is stopped. */
async function inFolder<T>(
  folder: string,
  work: (signal: AbortSignal, progress: ProgressLine) => Promise<T>,
): Promise<T> {
  const { signal, release } = untilInterrupted();
  const progress = new ProgressLine(process.stderr);
  await new CurationFolder(folder).make();
  const free = await lockFolder(folder);
  try {
    return await work(signal, progress);
  } finally {
    progress.clear();
    release();
    await free();
  }
}

async function planOf(file: string, flags: { out?: string; json?: boolean }): Promise<void> {
  const place = await placeOf(file, flags.out);
  const plan = await inFolder(place.folder, (signal, progress) =>
    planCuration(place.curation, {
      ...place,
      signal,
      onProgress: ({ source, rows }) => progress.show(`${source}: ${rows} rows`),
    }),
  );
  if (flags.json) return printJson({ schemaVersion: 1, folder: place.folder, ...plan });
  const producers = plan.producers.map(({ name, rows, requests, tokens }) => {
    const cost = tokens === null ? 'tokens not measured yet' : `≈ ${tokens} tokens`;
    return `${name.padEnd(20)} ${rows} rows, up to ${requests} requests, ${requests === 0 ? 'no tokens' : cost}`;
  });
  process.stdout.write(`${funnelText(plan.funnel)}\n${producers.join('\n')}${producers.length > 0 ? '\n' : ''}`);
}

async function runFile(file: string, flags: RunFlags, packageRoot: string): Promise<void> {
  const { curation, base, folder } = await placeOf(file, flags.out);
  const connections = new Map<string, Promise<Connection>>();
  const { verdicts, hashes } = await inFolder(folder, async (signal, progress) => {
    const connectTo = (id: string | undefined) => {
      const server = flags.server ?? id;
      const known = connections.get(server ?? '');
      if (known) return known;
      const own = server === undefined ? flags : { ...flags, server };
      const deterministic = flags.deterministic ? { deterministic: true } : {};
      const opened = chooseServer(own).then((choice) =>
        connect(choice.server, { packageRoot, signal, ...deterministic }),
      );
      connections.set(server ?? '', opened);
      return opened;
    };
    try {
      return await runCuration(curation, {
        base,
        folder,
        signal,
        onProgress: ({ source, rows }) => progress.show(`${source}: ${rows} rows`),
        features: {
          connectTo,
          usualDialect: flags.dialect ?? usualDialect,
          taxonomyFile: path.join(packageRoot, 'media', 'curation', 'msc.json'),
          concurrency: flags.concurrency,
          clock: systemClock,
          patienceMs: flags.waitFor * 1_000,
          onProgress: (name, done, of) => progress.show(name, done, of),
          onAway: (name, waitedMs) => progress.show(`${name}: the server is away, for ${describeDuration(waitedMs)}`),
        },
      });
    } finally {
      for (const opened of connections.values()) await opened.then((one) => one.close()).catch(() => {});
    }
  });
  if (flags.json) printJson({ schemaVersion: 1, folder, stages: verdicts.funnel, files: hashes });
  else process.stdout.write(`${funnelText(verdicts.funnel)}\n${folder}\n`);
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
  const lines = decisions.flatMap((decision, index) => {
    const { texts: _, ...row } = rows[index] ?? { texts: {} };
    if (flags.kept && !decision.isKept) return [];
    if (flags.stage !== undefined && decision.stage !== flags.stage) return [];
    return [`${JSON.stringify({ ...row, ...decision, sentence: describeDecision(decision) })}\n`];
  });
  await writeWholeFile(path.resolve(file), lines.join(''));
  if (flags.json) printJson({ schemaVersion: 1, file: path.resolve(file), rows: lines.length });
  else process.stdout.write(`${lines.length} rows in ${file}\n`);
}

/** One line per stage: rows left, and what was dropped by which rule. */
function funnelText(funnel: readonly FunnelStage[]): string {
  return funnel
    .map(({ stage, left, dropped }) => {
      const rules = Object.entries(dropped).map(([rule, count]) => `${count} ${printable(rule)}`);
      return `${stage.padEnd(16)} ${String(left).padStart(8)}${rules.length > 0 ? `   − ${rules.join(', ')}` : ''}`;
    })
    .join('\n');
}

async function explain(folder: string, ids: string[], flags: { json?: boolean }): Promise<void> {
  const place = new CurationFolder(path.resolve(folder));
  const [rows, decisions] = [await place.rows(), await place.decisions()];
  const found = ids.map((id) => {
    const index = decisions.findIndex((decision) => decision.id.startsWith(id));
    const [decision, row] = [decisions[index], rows[index]];
    if (decision && row) return { ...decision, question: row.question, sentence: describeDecision(decision) };
    throw new SecondThoughtError('file-not-found', `The curation in ${folder} has no row "${id}".`, {
      remedy: 'An id is the first 16 hexadecimal digits of the SHA-256 of its question; decisions.jsonl lists them.',
    });
  });
  if (flags.json) printJson(found);
  else
    for (const { id, source, question, sentence } of found) {
      process.stdout.write(
        `${id} (${printable(source)}) ${printable(question.slice(0, 200))}\n${printable(sentence)}\n`,
      );
    }
}
