import { SecondThoughtError } from '../../base/errors';
import type { CurationFile } from '../curationFile';
import { featuresOf, type Rules } from '../rules';
import { blankLine, countsSteps, qwenSystem, type TextDialect, type TrainingFormat } from './trainingText';

/** How the set is written, with nothing left open. */
export interface OutputRules {
  dialect: TextDialect;
  formats: readonly TrainingFormat[];
  system: string | null;
  stepSeparator: string;
  /** The feature that holds the length of the thinking. */
  length: string;
  testShare: number;
  seed: number;
}

/** @throws SecondThoughtError `bad-usage` where a format cannot be written, before anything is asked of models */
export function outputRulesOf(curation: CurationFile, { select, seed }: Rules): OutputRules {
  const { output = {} } = curation;
  const { dialect = 's1', formats = ['plain'], system = qwenSystem, stepSeparator = blankLine } = output;
  const { length = select.length, testShare = 0 } = output;
  const counted = formats.find(countsSteps);
  if (counted && dialect !== 's1') {
    throw new SecondThoughtError('bad-usage', `The format ${counted} counts steps in s1's marks, not in ${dialect}.`, {
      remedy: 'Use output.dialect: s1, or the formats plain and tcc.',
    });
  }
  if (formats.includes('tcc') && !featuresOf(curation).includes(length)) {
    throw new SecondThoughtError('bad-usage', `The format tcc needs the feature "${length}", and nothing gives it.`, {
      remedy: 'Declare it (features: { length: { kind: length, of: teacher } }) or name another with output.length.',
    });
  }
  return { dialect, formats, system, stepSeparator, length, testShare, seed };
}
