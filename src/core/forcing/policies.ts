import type { Trace } from '../traces/trace';
import type { Preset } from './condition';
import { defaultPolicy } from './defaultPolicy';
import { harnessPolicy } from './harnessPolicy';
import type { ForcingPolicy } from './plan';
import { readmePolicy } from './readmePolicy';

const policies: Record<Preset, ForcingPolicy> = {
  default: defaultPolicy,
  's1-harness': harnessPolicy,
  's1-readme': readmePolicy,
};

export function policyOf(trace: Trace): ForcingPolicy {
  return policies[trace.condition.preset];
}
