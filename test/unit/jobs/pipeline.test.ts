import { describe, expect, it } from 'vitest';
import { expectedInAll, parsePipeline } from '../../../src/core/jobs/pipeline';

const steps = (text: string) => parsePipeline(`steps:\n${text}`, 'x.pipeline.yaml').steps;

describe('a pipeline file', () => {
  it('adds up what its steps take, GPU hours by GPUs and nodes', () => {
    const two = steps(`
  - { step: a, takes: { tokens: 100, minutes: 30 }, job: { kind: custom, script: a.sh } }
  - { step: b, takes: { minutes: 60 }, job: { kind: custom, script: b.sh, gpus: 8, nodes: 2 } }`);
    expect(expectedInAll(two)).toEqual({ tokens: 100, minutes: 90, gpuHours: 16 });
  });

  it('gives no sum where a step does not say how long it takes', () => {
    const two = steps(`
  - { step: a, takes: { minutes: 30 }, job: { kind: custom, script: a.sh } }
  - { step: b, job: { kind: custom, script: b.sh } }`);
    expect(expectedInAll(two)).toEqual({ tokens: null, minutes: null, gpuHours: null });
    expect(expectedInAll([])).toEqual({ tokens: 0, minutes: 0, gpuHours: 0 });
  });

  it('takes fields that steps share from one place', () => {
    const [, second] = steps(`
  - { step: a, job: &recipe { kind: fine-tune, data: a.jsonl, epochs: 3, seeds: [1, 2] } }
  - { step: b, after: [a], job: { <<: *recipe, data: b.jsonl } }`);
    expect(second?.job).toMatchObject({ kind: 'fine-tune', data: 'b.jsonl', epochs: 3, seeds: [1, 2] });
  });
});
