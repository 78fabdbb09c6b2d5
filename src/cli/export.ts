import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { writeWholeFile } from '../core/base/files';
import { writeParquet } from '../core/data/parquet';
import { exportInspect } from '../core/interchange/exportInspect';
import { exportedRows, toCsv } from '../core/interchange/exportRun';
import { readProbes } from '../core/lab/probeFile';
import { runSamplesOf } from '../core/studies/readRunSamples';
import { readRunStatus } from '../core/studies/runStatus';
import { StudyRun } from '../core/studies/studyRun';
import { RunStore } from '../core/traces/runStore';
import type { Trace } from '../core/traces/trace';
import { offlinePage } from '../runPage/offlinePage';
import { runReport } from '../runPage/runReport';
import { runSnapshot } from '../runPage/runSnapshot';
import { wireStatus } from '../runPage/toWire';
import { positive } from './numbers';
import { printJson } from './output';

const formats = ['csv', 'jsonl', 'parquet', 'html', 'inspect'] as const;
type Format = (typeof formats)[number];

interface ExportFlags {
  format?: Format;
  html?: boolean;
  out?: string;
  traces: number;
  json?: boolean;
}

const example = `
A page (html) is one file that needs no network: numbers, figure, table, every problem, and the traces behind them.
Logs of Inspect (inspect, .eval) are one per problem set and condition: a run with several makes a folder of them.

Examples:
  second-thought export runs/cues-20260102T030405 --out cues.parquet
  second-thought export runs/cues-20260102T030405 --out cues.html
  second-thought export runs/cues-20260102T030405 --format inspect --out logs`;

/** \`second-thought export\`: a run for other programs, or as a page to send around. */
export function addExport(program: Command, packageRoot: string): void {
  program
    .command('export')
    .argument('<run>', 'folder of a run')
    .description('Write the samples of a run as a table, one row per sample; or the whole run as one page.')
    .addOption(new Option('--format <name>', 'without it: what the name of --out ends in, else csv').choices(formats))
    .addOption(new Option('--html', 'the same as --format html').conflicts('format'))
    .option('--out <file>', 'where to; without it: standard output')
    .option('--traces <n>', 'how many traces a page holds at most', positive, 1_000)
    .option('--json', 'say as JSON what was written; needs --out')
    .addHelpText('after', example)
    .action((folder: string, flags: ExportFlags) => exportRun(folder, flags, packageRoot));
}

async function exportRun(folder: string, flags: ExportFlags, packageRoot: string): Promise<void> {
  const { out, json } = flags;
  const format = formatOf(flags);
  if (out === undefined && json) {
    throw new SecondThoughtError('bad-usage', '--json tells of a file, and none is named.', {
      remedy: 'Add --out FILE; for samples as JSON lines: --format jsonl.',
    });
  }
  const run = await StudyRun.open(path.resolve(folder), systemClock);
  const rows = [...exportedRows(run)];
  if (rows.length === 0) {
    throw new SecondThoughtError('bad-usage', `The run in ${folder} has no sample yet.`, {
      remedy: `Make some: second-thought run --resume ${folder}`,
    });
  }
  if (format === 'parquet') await writeParquet(fileOf(out, 'samples.parquet'), rows);
  else if (format === 'inspect') await exportInspect(run, path.resolve(folder), fileOf(out, 'logs'));
  else {
    const texts = {
      csv: () => toCsv(rows),
      jsonl: () => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
      html: () => pageOf(run, path.resolve(folder), flags.traces, packageRoot),
    };
    const text = await texts[format]();
    if (out === undefined) process.stdout.write(text);
    else await writeWholeFile(out, text);
  }
  if (json && out !== undefined) printJson({ schemaVersion: 1, file: path.resolve(out), format, samples: rows.length });
}

function fileOf(out: string | undefined, example: string): string {
  if (out !== undefined) return out;
  throw new SecondThoughtError('bad-usage', 'This format is not written to standard output: it is no text.', {
    remedy: `Name a place: --out ${example}`,
  });
}

function formatOf({ format, html, out = '' }: ExportFlags): Format {
  if (html) return 'html';
  if (format) return format;
  const ending = path.extname(out).slice(1).toLowerCase();
  const known = ending === 'eval' ? 'inspect' : formats.find((each) => each === ending && each !== 'inspect');
  if (known || ending === '') return known ?? 'csv';
  throw new SecondThoughtError('bad-usage', `Nothing is known to be written as .${ending}: ${path.basename(out)}`, {
    remedy: 'Let the name end in .csv, .jsonl, .parquet, .html or .eval, or add --format.',
  });
}

async function pageOf(run: StudyRun, folder: string, most: number, packageRoot: string): Promise<string> {
  const status = wireStatus(await readRunStatus(folder));
  const parts = { folder: path.basename(folder), records: [...run.records], status };
  const { snapshot } = runSnapshot(run, parts);
  const studyFile = path.basename(snapshot.studyFile); // the page is for others
  const report = runReport(runSamplesOf(run), await readProbes(run.folder));
  const inOrder = snapshot.samples.toSorted((a, b) => a.problem - b.problem || a.condition - b.condition);
  const wanted = new Set(inOrder.flatMap(({ traceId }) => traceId ?? []).slice(0, most));
  const traces = new Map<string, Trace>();
  for await (const trace of RunStore.at(folder, systemClock).finished()) {
    if (wanted.has(trace.id)) traces.set(trace.id, trace);
  }
  const asset = (name: string) => readFile(path.join(packageRoot, 'dist', 'webview', name), 'utf8');
  const [host, page, colours, style] = await Promise.all(
    ['offlineHost.js', 'runViewer.js', 'offlineHost.css', 'runViewer.css'].map(asset),
  );
  return offlinePage(
    { snapshot: { ...snapshot, studyFile, samples: inOrder, report }, traces },
    { scripts: [host ?? '', page ?? ''].map(withoutMap), styles: [style ?? '', colours ?? ''].map(withoutMap) },
  );
}

/** A page that is one file has no source map beside it. */
function withoutMap(text: string): string {
  return text.replace(/(\/\/|\/\*)# sourceMappingURL=\S+( \*\/)?\s*$/, '');
}
