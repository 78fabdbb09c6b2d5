import path from 'node:path';
import { SecondThoughtError } from '../core/base/errors';
import { withByHand } from '../core/curate/byHand';
import { decide, ruleName } from '../core/curate/decide';
import { describeDecision } from '../core/curate/describeReason';
import type { IndexedReply } from '../core/curate/features/replyIndex';
import { type Stage, stages } from '../core/curate/row';
import { type Rules, rulesOf } from '../core/curate/rules';
import { testSets } from '../core/curate/runCuration';
import type { TestSet } from '../core/curate/stages/decontaminate';
import type {
  CurationQuery,
  CurationReply,
  WireChange,
  WireListedRow,
  WireRow,
  WireRowFilter,
  WireRowTrace,
} from '../protocol/curationViewer';
import { curationSummary } from './curationSummary';
import { OpenCuration } from './openCuration';

const questionCharacters = 300;
const textCharacters = 20_000;

/** Answers what the page of a curation asks. Keeps the rows of the curation that was asked about last. */
export class CurationViews {
  #open: OpenCuration | undefined;
  #tests: { key: string; sets: Promise<TestSet[]> } | undefined;
  #listed: { key: string; places: number[] } = { key: '', places: [] };
  #before: Promise<unknown> = Promise.resolve();

  /** One question after another: each sees a whole state of the folder. */
  answer(folder: string, query: CurationQuery): Promise<CurationReply> {
    const answer = this.#before.catch(() => {}).then(() => this.#answer(folder, query));
    this.#before = answer.catch(() => {}); // the asker is told
    return answer;
  }

  async #answer(folder: string, query: CurationQuery): Promise<CurationReply> {
    if (this.#open?.folder.path !== folder) this.#open = new OpenCuration(folder);
    const open = this.#open;
    if (query.type === 'summary' || open.version === 0) await open.update();
    switch (query.type) {
      case 'summary':
        return curationSummary(open);
      case 'rows': {
        const places = this.#placesOf(open, query.filter);
        const shown = places.slice(query.offset, query.offset + query.limit);
        return { type: 'rows', total: places.length, rows: shown.map((place) => listedRow(open, place)) };
      }
      case 'row':
        return { type: 'row', row: await wholeRow(open, query.id) };
      case 'whatIf':
        return this.#whatIf(open, query.change);
      default:
        return query satisfies never;
    }
  }

  #placesOf(open: OpenCuration, filter: WireRowFilter): number[] {
    const key = JSON.stringify([open.folder.path, open.version, filter]);
    if (this.#listed.key !== key) this.#listed = { key, places: matching(open, filter) };
    return this.#listed.places;
  }

  /** The funnel that other parameters would give. Nothing is written, and no model is asked. */
  async #whatIf(open: OpenCuration, change: WireChange): Promise<CurationReply> {
    if (!open.isDecided) {
      throw new SecondThoughtError('bad-usage', 'Models are still being asked: what if needs every feature.', {
        remedy: 'Wait for the run to finish.',
      });
    }
    const { curation, file } = open.about;
    const rules = changed(rulesOf(withByHand(curation, [...open.byHand.values()])), change);
    const key = JSON.stringify([file, curation.decontaminate]);
    if (this.#tests?.key !== key) this.#tests = { key, sets: testSets(curation, path.dirname(file)) };
    const rows = open.rows.map((row, place) => ({ ...row, features: open.featuresOf(place) }));
    const { funnel, chosen } = decide(rows, await this.#tests.sets, rules);
    return { type: 'whatIf', stages: funnel, same: chosen.filter((place) => open.decisions[place]?.isKept).length };
  }
}

/** A band stands in place of the rule that solved rows are dropped, for the same feature. */
function changed(rules: Rules, { ngram, passRate, size }: WireChange): Rules {
  const { decontaminate, difficulty, select } = rules;
  const others = difficulty.passRate.filter(({ feature }) => feature !== passRate?.feature);
  return {
    ...rules,
    decontaminate: { ...decontaminate, ngram: ngram ?? decontaminate.ngram },
    difficulty: passRate
      ? {
          ...difficulty,
          passRate: [...others, passRate],
          solvedBy: difficulty.solvedBy.filter((feature) => feature !== passRate.feature),
        }
      : difficulty,
    select: { ...select, size: size ?? select.size },
  };
}

function fateOf({ decisions }: OpenCuration, place: number): WireListedRow['fate'] {
  const decision = decisions[place];
  if (!decision || decision.reason.rule === 'undecided') return 'undecided';
  return decision.isKept ? 'kept' : 'dropped';
}

function sentenceOf({ decisions }: OpenCuration, place: number): string {
  const decision = decisions[place];
  if (!decision) return 'Nothing is decided yet.';
  if (decision.reason.rule === 'undecided') return 'Not decided yet: models are being asked about it.';
  return describeDecision(decision);
}

/** Places of the rows that a list holds, in the order of the sources; `landed`: newest first. */
function matching(open: OpenCuration, filter: WireRowFilter): number[] {
  const text = filter.text.trim().toLowerCase();
  const isMeant = (place: number) => {
    const row = open.rows[place];
    const decision = open.decisions[place];
    if (!row || (filter.source !== null && row.source !== filter.source)) return false;
    if (filter.rule !== null && (!decision || ruleName(decision.reason) !== filter.rule)) return false;
    if (!isOfStage(open, place, filter)) return false;
    if (text === '') return true;
    return [row.question, row.id, sentenceOf(open, place)].some((part) => part.toLowerCase().includes(text));
  };
  return candidates(open, filter).filter(isMeant);
}

function candidates(open: OpenCuration, { fate }: WireRowFilter): number[] {
  if (fate !== 'landed') return [...open.rows.keys()];
  const placeOf = new Map(open.rows.map(({ id }, place) => [id, place]));
  const folders = (open.status?.features ?? []).flatMap(({ folder }) => folder ?? []).reverse();
  const ids = new Set(folders.flatMap((folder) => [...open.repliesIn(folder).landed].reverse()));
  return [...ids].flatMap((id) => placeOf.get(id) ?? []);
}

/** A stage lists the rows that came to it: dropped there, or kept, which is to say passed on. */
function isOfStage(open: OpenCuration, place: number, { stage, fate }: WireRowFilter): boolean {
  const own = fateOf(open, place);
  if (fate === 'undecided') return own === 'undecided';
  if (stage === null || stage === 'collected') {
    return fate === 'all' || fate === 'landed' || own === fate;
  }
  const at = stages.indexOf(stage as Stage);
  const decision = open.decisions[place];
  // What is not decided yet has passed decontamination and deduplication and waits for quality.
  const reached = own === 'undecided' ? 2 : stages.indexOf(decision?.stage ?? 'decontamination');
  if (fate === 'dropped') return own === 'dropped' && reached === at;
  if (fate === 'kept') return reached > at || (reached === at && own === 'kept');
  return reached >= at;
}

function listedRow(open: OpenCuration, place: number): WireListedRow {
  const { id = '', source = '', question = '' } = open.rows[place] ?? {};
  const features = open.featuresOf(place);
  const domain = features[open.rules.select.domain] ?? null;
  const length = features[open.rules.select.length] ?? null;
  const hand = open.byHand.get(id);
  return {
    id,
    source,
    question: question.slice(0, questionCharacters),
    fate: fateOf(open, place),
    sentence: sentenceOf(open, place),
    domain: domain === null ? null : String(domain),
    length: typeof length === 'number' ? length : null,
    byHand: hand ? { decision: hand.decision, note: hand.note } : null,
  };
}

async function wholeRow(open: OpenCuration, id: string): Promise<WireRow> {
  const place = open.rows.findIndex((row) => row.id === id);
  const row = open.rows[place];
  if (!row) throw new SecondThoughtError('file-not-found', `The curation has no row "${id}" any more.`);
  return {
    ...listedRow(open, place),
    question: row.question.slice(0, textCharacters),
    solution: row.solution?.slice(0, textCharacters) ?? null,
    sourceType: row.sourceType,
    cotType: row.cotType,
    metadata: row.metadata.slice(0, textCharacters),
    features: Object.entries(open.featuresOf(place)),
    traces: await tracesOf(open, place),
  };
}

/** Traces that came with the source, then what models said, in the order of the features. */
async function tracesOf(open: OpenCuration, place: number): Promise<WireRowTrace[]> {
  const row = open.rows[place];
  if (!row) return [];
  const traces: WireRowTrace[] = [];
  for (const name of Object.keys(row.texts)) {
    const given = await open.folder.givenTrace(row, name);
    if (given)
      traces.push({ name, sample: 0, value: null, thinkingTokens: null, error: null, trace: null, ...cut(given) });
  }
  for (const { name, folder } of open.status?.features ?? []) {
    if (folder === null) continue;
    const index = open.repliesIn(folder);
    const isTrace = open.about.curation.features?.[name]?.kind === 'trace';
    for (const reply of index.of(row.id)) {
      const trace = await replyTrace(name, folder, reply, await index.textsOf(reply));
      traces.push(isTrace ? { ...trace, value: null } : trace); // a trace has no verdict of its own
    }
  }
  return traces;
}

async function replyTrace(
  name: string,
  folder: string,
  { sample, value, thinkingTokens, error, traceId }: IndexedReply,
  texts: { thinking: string; attempt: string },
): Promise<WireRowTrace> {
  const trace = traceId === null ? null : { folder, id: traceId };
  return { name, sample, value, thinkingTokens, error: error ?? null, trace, ...cut(texts) };
}

function cut({ thinking, attempt }: { thinking: string; attempt: string }) {
  const left = Math.max(0, thinking.length - textCharacters) + Math.max(0, attempt.length - textCharacters);
  return { thinking: thinking.slice(0, textCharacters), attempt: attempt.slice(0, textCharacters), cut: left };
}
