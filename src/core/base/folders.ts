import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Folder for what the command line keeps between calls: `SECOND_THOUGHT_HOME` if set, else the platform's place for
 * state (XDG base directories, ~/Library/Application Support, %LOCALAPPDATA%).
 */
export function stateFolder(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  if (env.SECOND_THOUGHT_HOME) return env.SECOND_THOUGHT_HOME;
  if (platform === 'win32')
    return path.join(env.LOCALAPPDATA ?? path.join(homedir(), 'AppData', 'Local'), 'second-thought');
  if (platform === 'darwin') return path.join(homedir(), 'Library', 'Application Support', 'second-thought');
  return path.join(env.XDG_STATE_HOME ?? path.join(homedir(), '.local', 'state'), 'second-thought');
}

/** The run that single traces of the command line go to. */
export const cliScratchFolder = () => path.join(stateFolder(), 'scratch');

/** Folder for what can be made again: `SECOND_THOUGHT_HOME` if set, else the platform's place for caches. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  if (env.SECOND_THOUGHT_HOME) return path.join(env.SECOND_THOUGHT_HOME, 'cache');
  if (platform === 'win32') return path.join(stateFolder(env, platform), 'cache');
  if (platform === 'darwin') return path.join(homedir(), 'Library', 'Caches', 'second-thought', 'replies');
  return path.join(env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'second-thought', 'replies');
}
