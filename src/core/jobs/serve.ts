import { SecondThoughtError } from '../base/errors';
import type { HostSpec } from './hostSpec';
import { jobIdPattern, type ServeSpec } from './jobSpec';
import { commandLine, quoteWord } from './shellQuote';

/**
 * Flags of `vllm serve` by dialect. Forcing needs no reasoning parser: it sends ids and reads ids; the parsers are for other
 * clients of the same server. https://docs.vllm.ai/en/latest/features/reasoning_outputs.html
 */
const dialectArguments: Record<string, string[]> = {
  s1: [],
  's1-steps': [],
  'think-tags': ['--reasoning-parser', 'deepseek_r1'],
  harmony: ['--reasoning-parser', 'openai_gptoss'],
};

/**
 * The script of a server: on loopback of the machine where it runs, on a port that is free there, with the key from the
 * environment. Port and machine are written to status/address once it is chosen, and status/ready once it answers.
 */
export function serveCommand(spec: ServeSpec, host: HostSpec, prefix: string): string {
  if (host.python === 'uv') {
    throw new SecondThoughtError('bad-usage', 'Serving needs a Python that has vllm: "uv" gives a script its own.', {
      remedy: 'Set python of this host to the one of an environment with vllm.',
    });
  }
  const python = quoteWord(host.python);
  const isInJob = spec.model.startsWith('in/');
  const own = isInJob ? `"$ST_JOB"/${quoteWord(spec.model)}` : quoteWord(spec.model);
  const model = jobIdPattern.test(spec.model) ? `"$ST_JOB"/../${spec.model}/out/model` : own;
  const gpus = spec.tensorParallel ?? Math.max(1, spec.gpus);
  const words = [
    ...['--host', '127.0.0.1'],
    ...(gpus > 1 ? ['--tensor-parallel-size', String(gpus)] : []),
    ...(spec.maxModelLength === undefined ? [] : ['--max-model-len', String(spec.maxModelLength)]),
    ...(dialectArguments[spec.dialect] ?? []),
    ...['--served-model-name', spec.name ?? 'model'],
    ...spec.vllmArguments,
  ];
  const idle = spec.idleMinutes === undefined ? '0' : String(Math.ceil(spec.idleMinutes * 60));
  return `# A free port of this machine; another program may take it in between, then vllm ends and says so.
port=$(${python} -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])') || exit 1
printf '%s %s\\n' "$(hostname)" "$port" > "$ST_STATUS/address"
: "\${VLLM_API_KEY:?The key of the server is missing from the file env}"
${prefix}${python} -m vllm.entrypoints.openai.api_server --model ${model} --port "$port" ${commandLine(words)} &
server=$!
trap 'kill -TERM $server' TERM INT
# Says when it answers, and ends it when nobody has asked for ${idle} s (0: never).
idle_for=0 seen=
while kill -0 $server 2>/dev/null; do
  metrics=$(${python} -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())' "http://127.0.0.1:$port/metrics" 2>/dev/null) && {
    [ -f "$ST_STATUS/ready" ] || date +%s > "$ST_STATUS/ready"
    now=$(printf '%s\\n' "$metrics" | grep -E '^vllm:(generation_tokens_total|num_requests_running)' | tr -d '\\n')
    if [ "$now" = "$seen" ]; then idle_for=$((idle_for + 5)); else idle_for=0 seen=$now; fi
    if [ ${idle} -gt 0 ] && [ $idle_for -ge ${idle} ]; then kill -TERM $server; break; fi
  }
  sleep 5 & wait $!
done
wait $server
code=$?
[ $code = 143 ] && exit 0
exit $code
`;
}
