import { rebasePolicy } from '../search/rebasePolicy';
import type { Trace } from '../traces/trace';
import type { Decoder, Preset } from './condition';
import { defaultPolicy } from './defaultPolicy';
import { harnessPolicy } from './harnessPolicy';
import { plainPolicy } from './plainPolicy';
import type { ForcingPolicy } from './plan';
import { readmePolicy } from './readmePolicy';
import { rejectionPolicy } from './rejectionPolicy';

const presets: Record<Preset, ForcingPolicy> = {
  default: defaultPolicy,
  's1-harness': harnessPolicy,
  's1-readme': readmePolicy,
};

const decoders: Record<Exclude<Decoder, 'bf'>, ForcingPolicy> = {
  none: plainPolicy,
  'native-budget': plainPolicy,
  rejection: rejectionPolicy,
  rebase: rebasePolicy,
};

export function policyOf({ condition: { decoder, preset } }: Pick<Trace, 'condition'>): ForcingPolicy {
  return decoder === 'bf' ? presets[preset] : decoders[decoder];
}
