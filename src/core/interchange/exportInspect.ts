import path from 'node:path';
import { systemClock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { shortHash } from '../base/seeds';
import { problemKey } from '../problems/problem';
import type { SampleRecord } from '../studies/sampleRecord';
import type { PlannedCondition } from '../studies/studyPlan';
import type { StudyRun } from '../studies/studyRun';
import { RunStore } from '../traces/runStore';
import { answerText, thinkingText } from '../traces/trace';
import { type OwnMetadata, ownKey } from './inspectLog';
import { ZipWriter } from './zip';

const scorer = 'second_thought';

interface Texts {
  thinking: string;
  answer: string;
}

/**
 * Writes a run as logs of Inspect, which its reader and its viewer take: one for each problem set under each condition, since
 * a log has one task and one configuration. A file if that is one, else a folder.
 * @returns the files written
 */
export async function exportInspect(run: StudyRun, runFolder: string, out: string): Promise<string[]> {
  const groups = groupsOf(run);
  const isFile = out.endsWith('.eval');
  if (isFile && groups.length > 1) {
    throw new SecondThoughtError(
      'bad-usage',
      `A log of Inspect has one task and one condition; this run makes ${groups.length}.`,
      {
        remedy: 'Name a folder: --format inspect --out logs',
      },
    );
  }
  const texts = new Map<string, Texts>();
  for await (const trace of RunStore.at(runFolder, systemClock).finished()) {
    texts.set(trace.id, { thinking: thinkingText(trace), answer: answerText(trace) });
  }
  const files: string[] = [];
  for (const group of groups) {
    const name = `${group.problemSet}_${group.condition.name}_${group.condition.key}`.replaceAll(/[^\w.-]+/g, '-');
    const file = isFile ? out : path.join(out, `${name}.eval`);
    await writeLog(file, run, group, texts);
    files.push(file);
  }
  return files;
}

interface Group {
  problemSet: string;
  condition: PlannedCondition;
  samples: { record: SampleRecord; question: string; target: string }[];
}

function groupsOf(run: StudyRun): Group[] {
  const sets = [...new Set(run.problems.map(({ problemSet }) => problemSet))];
  const groups = sets.flatMap((problemSet) =>
    run.about.conditions.map((condition): Group => {
      const problems = run.problems.filter((each) => each.problemSet === problemSet);
      const samples = problems.flatMap(({ problem }) =>
        Array.from({ length: condition.samples }, (_, sample) => {
          const name = { problemSet, problemKey: problemKey(problem), conditionKey: condition.key, sample };
          const record = run.record(name);
          return record ? [{ record, question: problem.question, target: problem.answer ?? '' }] : [];
        }).flat(),
      );
      return { problemSet, condition, samples };
    }),
  );
  return groups.filter(({ samples }) => samples.length > 0);
}

async function writeLog(file: string, run: StudyRun, group: Group, texts: ReadonlyMap<string, Texts>): Promise<void> {
  const header = headerOf(run, group);
  const zip = new ZipWriter(file);
  zip.add('_journal/start.json', { version: header.version, eval: header.eval, plan: header.plan });
  const documents = group.samples.map(({ record, question, target }) =>
    sampleOf(record, { question, target, texts: texts.get(record.traceId ?? '') }),
  );
  // `/` would be a folder, and a name may not leave the archive
  for (const document of documents)
    zip.add(`samples/${document.id.replaceAll(/[\\/]|^\.\./g, '_')}_epoch_${document.epoch}.json`, document);
  const summaries = documents.map(({ messages, output, store, events, attachments, ...summary }) => ({
    ...summary,
    completed: true,
    error: summary.error?.message ?? null,
  }));
  zip.add('_journal/summaries/1.json', summaries);
  zip.add('summaries.json', summaries);
  zip.add('reductions.json', [
    { scorer, reducer: 'mean', samples: means(group).map(([id, value]) => ({ sample_id: id, value })) },
  ]);
  zip.add('header.json', header);
  await zip.close();
}

function headerOf(run: StudyRun, group: Group) {
  const { problemSet, condition, samples } = group;
  const { server, createdAt, seed } = run.about;
  const at = new Date(createdAt).toISOString();
  const id = (what: string) => shortHash(`${what} ${createdAt} ${problemSet} ${condition.key}`);
  const shares = means(group);
  const values = shares.map(([, value]) => value);
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  const metric = (name: string, value: number) => ({ [name]: { name, value, params: {} } });
  const own: OwnMetadata = { problemSet, name: condition.name, condition: condition.condition };
  const usage = total(samples.map(({ record }) => usageOf(record)));
  return {
    version: 2,
    status: 'success',
    eval: {
      eval_id: id('eval'),
      run_id: id('run'),
      created: at,
      task: problemSet,
      task_id: id('task'),
      task_version: 0,
      task_attribs: {},
      task_args: {},
      dataset: {
        name: problemSet,
        samples: values.length,
        sample_ids: shares.map(([key]) => key),
        shuffled: false,
      },
      model: server.model,
      model_args: {},
      config: { epochs: condition.samples },
      packages: {},
      metadata: { seed, [ownKey]: own },
      scorers: [
        {
          name: scorer,
          options: {},
          metrics: [
            { name: 'accuracy', options: {} },
            { name: 'stderr', options: {} },
          ],
          metadata: {},
        },
      ],
    },
    plan: { name: 'plan', steps: [{ solver: 'budget_forcing', params: { condition: condition.name } }], config: {} },
    results: {
      total_samples: samples.length,
      completed_samples: samples.filter(({ record }) => record.outcome !== 'error').length,
      scores: [
        {
          name: scorer,
          scorer,
          params: {},
          metrics: {
            ...metric('accuracy', mean),
            ...metric('stderr', Math.sqrt(variance / Math.max(1, values.length))),
          },
        },
      ],
    },
    stats: { started_at: at, completed_at: at, model_usage: { [server.model]: usage } },
  };
}

/** Share right of each problem over its samples that have a verdict, as Inspect reduces epochs. */
function means({ samples }: Group): [key: string, share: number][] {
  const verdicts = new Map<string, number[]>();
  for (const { record } of samples) {
    if (record.outcome === 'error' || record.outcome === 'ungraded') continue;
    const known = verdicts.get(record.problemKey) ?? [];
    verdicts.set(record.problemKey, [...known, record.outcome === 'correct' ? 1 : 0]);
  }
  return [...verdicts].map(([key, values]) => [key, values.reduce((a, b) => a + b, 0) / values.length]);
}

interface Usage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  reasoning_tokens: number;
}

function usageOf({ promptTokens, generatedTokens, thinkingTokens }: SampleRecord): Usage {
  return {
    input_tokens: promptTokens,
    output_tokens: generatedTokens,
    total_tokens: promptTokens + generatedTokens,
    reasoning_tokens: thinkingTokens,
  };
}

function total(all: readonly Usage[]): Usage {
  const sum = (field: keyof Usage) => all.reduce((before, usage) => before + usage[field], 0);
  return {
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    total_tokens: sum('total_tokens'),
    reasoning_tokens: sum('reasoning_tokens'),
  };
}

const values: Partial<Record<SampleRecord['outcome'], string>> = {
  correct: 'C',
  wrong: 'I',
  truncated: 'I',
  'no-answer': 'N',
};

function sampleOf(
  record: SampleRecord,
  { question, target, texts }: { question: string; target: string; texts: Texts | undefined },
) {
  const { thinking = '', answer = '' } = texts ?? {};
  const value = values[record.outcome];
  const id = (role: string) => shortHash(`${role} ${record.problemKey} ${record.conditionKey} ${record.sample}`);
  const content = [
    ...(thinking === '' ? [] : [{ type: 'reasoning', reasoning: thinking, redacted: false }]),
    { type: 'text', text: answer },
  ];
  const message = { id: id('assistant'), role: 'assistant', source: 'generate', model: record.model, content };
  const usage = usageOf(record);
  const stop = record.outcome === 'truncated' ? 'max_tokens' : 'stop';
  const score = { value, answer: record.answer, explanation: answer, metadata: { outcome: record.outcome } };
  return {
    id: record.problemKey,
    epoch: record.sample + 1,
    input: question,
    target,
    messages: [{ id: id('user'), role: 'user', source: 'input', content: question }, message],
    output: {
      model: record.model,
      choices: texts ? [{ message, stop_reason: stop }] : [],
      completion: answer,
      usage,
      time: record.durationMs / 1_000,
    },
    scores: value === undefined ? {} : { [scorer]: score },
    metadata: { trace: record.traceId, cues: record.cuesUsed, thinking_ended_by: record.thinkingEndedBy },
    store: {},
    events: [],
    model_usage: { [record.model]: usage },
    total_time: record.durationMs / 1_000,
    attachments: {},
    ...(record.error ? { error: { message: record.error.message, traceback: '', traceback_ansi: '' } } : {}),
  };
}
