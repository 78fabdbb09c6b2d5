import { doctor, reward, splitCharacters, traces } from '../vllm/conversations';
import { recordAll } from '../vllm/recorder';
import { startLlamaServer } from './llamaServer';

/** Has the conversations with llama.cpp's own server, and writes what was said: `npm run llamacpp:record`. */
async function main(): Promise<void> {
  const program = process.env.LLAMA_SERVER ?? '';
  const files: [string, Parameters<typeof recordAll>[2]][] = [
    ['media/model/s1-tiny.gguf', { ...traces, doctor, splitCharacters }],
    ['media/model/s1-tiny-prm.gguf', { reward }],
  ];
  for (const [file, conversations] of files) {
    const server = await startLlamaServer(program, file);
    try {
      await recordAll(server.url, 'llamaCpp', conversations);
    } finally {
      await server.stop();
    }
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
