import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseCuration } from '../../../src/core/curate/curationFile';
import { expectedInAll, expectedOf, parsePipeline } from '../../../src/core/jobs/pipeline';
import { conditionsOf, parseStudy } from '../../../src/core/studies/studyFile';

const folder = path.resolve(import.meta.dirname, '..', '..', '..', 'media', 'samples', 'miniature');
const text = (name: string) => readFileSync(path.join(folder, name), 'utf8');
const pipeline = (name: string) => parsePipeline(text(name), name);
const named = (ending: string) => readdirSync(folder).filter((name) => name.endsWith(ending));

describe('the files of the miniature', () => {
  test.each(named('.pipeline.yaml'))('%s is a pipeline whose scripts and inputs exist', (name) => {
    for (const { job } of pipeline(name).steps) {
      const own = job.kind === 'custom' ? [job.script] : job.kind === 'curation' ? [job.file] : [];
      for (const file of [...own, ...job.inputs]) expect(existsSync(path.join(folder, file)), file).toBe(true);
    }
  });

  test.each(named('.study.yaml'))('%s is a study', (name) => {
    expect(conditionsOf(parseStudy(text(name), name), 's1').length).toBeGreaterThan(0);
  });

  test('distil is a curation whose last two lines are what each set says for itself', () => {
    parseCuration(text('distil.curation.yaml'), 'distil.curation.yaml');
    const lines = text('distil.curation.yaml').trimEnd().split('\n');
    expect(lines.slice(-2).map((line) => line.split(':')[0])).toEqual(['select', 'output']);
  });

  test('three seeds of each set and of both arms of the loop are trained as in the paper: 5 epochs in batches of 16', () => {
    const trained = pipeline('miniature.pipeline.yaml').steps.flatMap(({ step, job }) =>
      job.kind === 'fine-tune' ? [{ step, ...job }] : [],
    );
    expect(
      new Set(
        trained.map(({ epochs, batchSize, weightDecay, warmup }) => `${epochs} ${batchSize} ${weightDecay} ${warmup}`),
      ),
    ).toEqual(new Set(['5 16 0.0001 0.05']));
    const students = trained.filter(({ step }) => step.startsWith('train-'));
    expect(new Set(students.map(({ learningRate }) => learningRate))).toEqual(new Set(['in/rate/rate.txt']));
    // Of the full set the student that the rate was chosen by is the first seed.
    const fewer: Record<string, number> = { 'train-one-pass': 1, 'train-tokens': 1, 'train-steps': 1, 'train-full': 2 };
    for (const { step, seeds } of students) expect(seeds, step).toHaveLength(fewer[step] ?? 3);
  });

  test('takes at most 150 minutes when two steps run at the same time', () => {
    const { minutes, gpuHours } = expectedInAll(pipeline('miniature.pipeline.yaml').steps);
    expect((minutes ?? Number.NaN) / 2).toBeLessThanOrEqual(150);
    expect(gpuHours).toBe(0);
    expect(expectedInAll(pipeline('small.pipeline.yaml').steps).minutes).toBeLessThanOrEqual(2);
  });

  test('the profile for eight GPUs names real data sets and says what each step costs', () => {
    const { steps } = pipeline('gpu.pipeline.yaml');
    for (const step of steps) expect(expectedOf(step).gpuHours, step.step).toBeGreaterThan(0);
    expect(steps.find(({ step }) => step === 'train')?.job).toMatchObject({
      data: 'simplescaling/s1K-1.1_tokenized',
      gpus: 8,
      preset: 's1.1',
    });
    const { problems } = parseStudy(text('gpu-forcing.study.yaml'), 'gpu-forcing.study.yaml');
    expect(problems.map(({ preset }) => preset)).toEqual(['aime24', 'math500', 'gpqa-diamond']);
  });
});
