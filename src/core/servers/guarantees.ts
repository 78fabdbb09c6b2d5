/** What vLLM is known to do from a version on: read in its source, not believed of its name. */
interface Guarantee {
  from: readonly [major: number, minor: number, patch: number];
  source: string;
}

const vllm: Record<string, Guarantee> = {
  ids: { from: [0, 10, 2], source: 'vLLM #22587: return_token_ids' },
  'stop-ids': { from: [0, 16, 0], source: 'vLLM v1/core/sched/utils.py, check_stop' },
  'min-tokens': { from: [0, 16, 0], source: 'vLLM v1/core/sched/utils.py, check_stop' },
};

/** Who says that this version does it; undefined where nobody does, or the server is not vLLM. */
export function guaranteeOf(capability: string, version: string | null): string | undefined {
  const guarantee = vllm[capability];
  const numbers = version === null ? null : /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1, 4).map(Number);
  if (!guarantee || !numbers) return undefined;
  const difference = guarantee.from.map((part, index) => (numbers[index] ?? 0) - part).find((part) => part !== 0) ?? 0;
  return difference >= 0 ? guarantee.source : undefined;
}
