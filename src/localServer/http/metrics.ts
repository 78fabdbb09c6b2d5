import type { Engine } from '../model/engine';

/** `/metrics` in Prometheus' text format, under the names vLLM uses. */
export function renderMetrics(engine: Engine): string {
  const load = engine.load();
  const label = `{model_name=${JSON.stringify(engine.modelName)}}`;
  const lines = [
    metric('num_requests_running', 'gauge', 'Generations that hold a sequence.', load.running),
    metric('num_requests_waiting', 'gauge', 'Generations that wait for a sequence.', load.waiting),
    metric('kv_cache_usage_perc', 'gauge', 'Context memory of running generations; 1 is all.', load.cacheUsage),
    metric('prefix_cache_queries_total', 'counter', 'Prompt tokens looked up in memory.', load.prefixQueries),
    metric('prefix_cache_hits_total', 'counter', 'Prompt tokens found in memory.', load.prefixHits),
    metric('prompt_tokens_total', 'counter', 'Prompt tokens processed.', load.promptTokens),
    metric('generation_tokens_total', 'counter', 'Tokens generated.', load.generationTokens),
  ];
  return lines
    .map(({ name, type, help, value }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name}${label} ${value}\n`)
    .join('');
}

function metric(name: string, type: 'gauge' | 'counter', help: string, value: number) {
  return { name: `vllm:${name}`, type, help, value };
}
