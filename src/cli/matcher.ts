import { systemClock } from '../core/base/clock';
import type { ConfigFile } from '../core/config/configFile';
import { type GraderSpec, isMatcher } from '../core/grade/graderSpec';
import { Matcher } from '../core/grade/matcher';
import { chatModel } from '../core/servers/chatModel';
import { connect } from '../core/servers/connect';
import { serverNamed } from './serverOptions';

/** The language model that a grader asks. */
export interface OpenMatcher {
  matcher: Matcher | undefined;
  close(): Promise<void>;
}

/**
 * Connects to the language model of a grader; to nothing for one that asks nobody.
 * @throws SecondThoughtError `bad-usage` where its server is not configured; as `connect`
 */
export async function openMatcher(
  grader: GraderSpec | undefined,
  { packageRoot, signal, config }: { packageRoot: string; signal: AbortSignal; config: ConfigFile },
): Promise<OpenMatcher> {
  if (grader === undefined || !isMatcher(grader)) return { matcher: undefined, close: async () => {} };
  const spec = serverNamed(grader.server, { config });
  const named = spec.kind === 'url' && grader.model !== undefined ? { ...spec, model: grader.model } : spec;
  const connection = await connect(named, { packageRoot, signal });
  return {
    matcher: new Matcher(chatModel(connection, { clock: systemClock })),
    close: () => connection.close(),
  };
}
