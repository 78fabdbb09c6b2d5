import { toSecondThoughtError } from '../base/errors';
import type { Condition } from '../forcing/condition';
import { findDialect, type ResolvedDialect, resolveDialect } from '../inference/dialects';
import type { MeasuringClient } from '../inference/inferenceClient';
import type { ServerKind } from '../inference/wireFormat';
import { extraChecks } from './extraChecks';
import { forcingChecks } from './forcingChecks';
import { guaranteeOf } from './guarantees';
import { type Check, judge } from './measure';
import type { Finding } from './serverFacts';

/** The problem every check uses: short, harmless, and one that any model can begin to answer. */
const question = 'What is 2+3?';

export interface Examination {
  client: MeasuringClient;
  dialect: Condition['dialect'];
  /** Kind and version decide what is guaranteed. */
  kind: ServerKind;
  version: string | null;
  signal: AbortSignal;
  /** Before each check, for people who wait. */
  onCheck?(title: string): void;
}

/**
 * Asks a server for each thing that forcing uses, and compares what it did with what it was asked. A server ignores fields
 * it does not know, so only its behaviour counts; what its version promises is a guarantee only if it was kept.
 */
export async function examineServer(examination: Examination): Promise<Finding[]> {
  const { client, signal } = examination;
  const findings: Finding[] = [];
  const examine = async (check: Check) => void findings.push(await find(check, examination));

  if (client.level === 'text' || client.level === 'chat') return [withoutIds[client.level]];
  let promptIds: number[] = [];
  await examine({
    capability: 'template',
    title: 'Chat template as ids',
    need: 'needed',
    consequence: 'Prompts cannot be made without guessing the template.',
    async measure() {
      ({ promptIds } = await client.renderChat(question, signal));
      const other = (await client.renderChat('What is 4+5?', signal)).promptIds;
      if (other.join() === promptIds.join()) return judge(false, `the same ${other.length} ids for two questions`);
      return judge(promptIds.length > 0, `${promptIds.length} ids`);
    },
  });
  let dialect: ResolvedDialect | undefined;
  await examine({
    capability: 'dialect',
    title: `Dialect ${typeof examination.dialect === 'string' ? examination.dialect : examination.dialect.name}`,
    need: 'needed',
    consequence: 'Choose another dialect with --dialect.',
    async measure() {
      const forced = { cues: ['Wait'], bannedWords: [] };
      dialect = await resolveDialect(findDialect(examination.dialect), forced, promptIds, client, signal);
      const ends = dialect.thinkingEndIds.map((id) => `${dialect?.endTexts[String(id)]} = ${id}`);
      return { verdict: 'works', evidence: ends.join(', ') };
    },
  });
  if (!dialect) return findings;
  const thinkingIds = [...promptIds, ...dialect.openingIds];
  for (const check of forcingChecks(client, thinkingIds, signal)) await examine(check);
  for (const check of extraChecks(client, thinkingIds, dialect, signal)) await examine(check);
  return findings;
}

const noIds = { capability: 'ids', title: 'Token ids in and out', verdict: 'missing' } as const;

/** Servers that are not worth more questions: what follows from their kind. */
const withoutIds: Record<'text' | 'chat', Finding> = {
  text: {
    ...noIds,
    need: 'useful',
    evidence: 'it continues a text, and takes and gives no ids',
    consequence: 'Forcing is by texts here, and everything made so is labelled approximate.',
  },
  chat: {
    ...noIds,
    need: 'needed',
    evidence: 'it only chats',
    consequence: 'Nothing can be forced; evaluate it as it is with --decoder none.',
  },
};

async function find(check: Check, { kind, version, signal, onCheck }: Examination): Promise<Finding> {
  const { measure, ...about } = check;
  onCheck?.(check.title);
  try {
    const measured = await measure();
    const source = measured.verdict === 'works' && kind === 'vllm' ? guaranteeOf(check.capability, version) : undefined;
    return source === undefined ? { ...about, ...measured } : { ...about, ...measured, verdict: 'guaranteed', source };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ...about, verdict: 'missing', evidence: toSecondThoughtError(error).message };
  }
}
