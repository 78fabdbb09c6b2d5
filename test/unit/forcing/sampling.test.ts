import { describe, expect, it } from 'vitest';
import { conditionFrom } from '../../../src/cli/conditionOptions';
import { conditionWith, greedy, usualSampling } from '../../../src/core/forcing/condition';
import { conditionFlags } from '../../../src/core/forcing/conditionFlags';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { bundledServer } from '../../../src/core/servers/serverSpec';
import { ScriptedClient } from '../support/scriptedClient';

const clock = { now: () => 0, after: () => () => {} };
const server = { id: 's', url: 'http://s/v1', model: 'm', version: null, contextLength: 4096 };
const published = { ...greedy, temperature: 0.6, topP: 0.95, topK: 20 };
const choice = { server: bundledServer, dialect: 'think-tags', config: {}, price: null };

describe('sampling where nothing is said', () => {
  it('is greedy in s1, and what the makers of its models publish in think-tags and harmony', () => {
    expect(usualSampling({ dialect: 's1', preset: 'default' })).toEqual(greedy);
    expect(usualSampling({ dialect: 'think-tags', preset: 'default' })).toEqual(published);
    expect(usualSampling({ dialect: 'harmony', preset: 'default' })).toEqual({ ...greedy, temperature: 1 });
  });

  it.each(['s1-harness', 's1-readme'] as const)('stays greedy under %s, whatever the dialect', (preset) => {
    expect(conditionWith('think-tags', { preset }).sampling).toEqual(greedy);
    expect(conditionFrom({ preset: [preset] }, choice).sampling).toEqual(greedy);
  });

  it('is the same in a study and on the command line; what is said stands above it', () => {
    expect(conditionWith('s1', { dialect: 'think-tags' }).sampling).toEqual(published);
    expect(conditionWith('think-tags', { sampling: { temperature: 0 } }).sampling).toEqual({
      ...published,
      temperature: 0,
    });
    expect(conditionFrom({}, choice).sampling).toEqual(published);
    expect(conditionFrom({ temperature: ['0'] }, choice).sampling.temperature).toBe(0);
  });

  it.each([0, 0.6, 1])('a command that is copied says temperature %s where it is not the usual one', (temperature) => {
    const condition = conditionWith('think-tags', { sampling: { temperature } });
    const words = conditionFlags.find(({ flags }) => flags.startsWith('--temperature '))?.write(condition);
    expect(words).toEqual(temperature === 0.6 ? [] : [temperature]);
  });

  it.each([
    ['think-tags', 0, /^Greedy.*temperature 0\.6/],
    ['think-tags', 0.6, undefined],
    ['s1', 0, undefined],
  ])(
    'a trace of %s at temperature %s is warned of loops only where they are known',
    async (dialect, temperature, note) => {
      const condition = conditionWith(dialect, { sampling: { temperature } });
      const trace = await prepareTrace(
        { problem: { question: 'q?' }, condition, server },
        new ScriptedClient([]),
        clock,
      );
      if (note) expect(trace.warnings).toEqual([expect.stringMatching(note)]);
      else expect(trace.warnings).toEqual([]);
    },
  );
});
