import { stat } from 'node:fs/promises';
import path from 'node:path';
import { readJsonFile } from '../core/base/files';
import { type HandDecision, readByHand } from '../core/curate/byHand';
import { type Collection, CurationFolder, type DecidedRow, funnelSchema } from '../core/curate/curationFolder';
import { type CurationAbout, type CurationStatus, readAbout, readCurationStatus } from '../core/curate/curationStatus';
import type { FunnelStage } from '../core/curate/decide';
import { ReplyIndex } from '../core/curate/features/replyIndex';
import type { FeatureValue, Row } from '../core/curate/row';
import { type Rules, rulesOf } from '../core/curate/rules';
import type { StoredRow } from '../core/curate/storedRows';

/** A curation's folder in memory: read once, and again what has changed. Texts of traces stay on disk. */
export class OpenCuration {
  readonly folder: CurationFolder;
  about!: CurationAbout;
  rules!: Rules;
  status: CurationStatus | undefined;
  collection: Collection | undefined;
  rows: StoredRow[] = [];
  /** One per row; empty before anything is decided. */
  decisions: DecidedRow[] = [];
  funnel: FunnelStage[] = [];
  byHand = new Map<string, HandDecision>();
  /** Grows with every change. */
  version = 0;
  readonly #replies = new Map<string, ReplyIndex>();
  #decidedRows: StoredRow[] | undefined;
  readonly #stamps = new Map<string, string>();

  constructor(folder: string) {
    this.folder = new CurationFolder(folder);
  }

  async update(): Promise<void> {
    if ((await this.#hasChanged('curation.json')) || !this.about) {
      this.about = await readAbout(this.folder.path);
      this.rules = rulesOf(this.about.curation);
    }
    this.status = await readCurationStatus(this.folder.path);
    const isCollected = await this.#hasChanged('collected.json');
    if (isCollected) await this.#readRows();
    if ((await this.#hasChanged('decisions.jsonl')) || isCollected) {
      await this.#readDecisions();
      this.#decidedRows = undefined;
    }
    this.byHand = new Map((await readByHand(this.about.file)).map((each) => [each.id, each]));
    for (const { folder } of this.status?.features ?? []) if (folder !== null) await this.repliesIn(folder).update();
    this.version++;
  }

  /** Whether the selection was made; before it, models are asked. */
  get isDecided(): boolean {
    return this.funnel.some(({ stage }) => stage === 'selection');
  }

  repliesIn(folder: string): ReplyIndex {
    let index = this.#replies.get(folder);
    if (!index) {
      index = new ReplyIndex(this.folder.file('features', folder));
      this.#replies.set(folder, index);
    }
    return index;
  }

  /** What is known of a row now: as it was decided with, or what models have said so far. */
  featuresOf(place: number): Record<string, FeatureValue> {
    const decided = this.decisions[place];
    if (decided && decided.reason.rule !== 'undecided') return decided.features;
    const row = this.rows[place];
    const features = { ...row?.features };
    for (const { name, folder } of this.status?.features ?? []) {
      if (folder === null || !row) continue;
      const replies = this.repliesIn(folder).of(row.id);
      const isTrace = this.about.curation.features?.[name]?.kind === 'trace';
      const value = isTrace ? replies[0]?.thinkingTokens : replies.find((reply) => reply.value !== null)?.value;
      if (value !== undefined) features[name] = value;
    }
    return features;
  }

  /** Rows with the features that they were decided with. */
  get decidedRows(): Row[] {
    this.#decidedRows ??= this.rows.map((row, place) => row.withFeatures(this.featuresOf(place)));
    return this.#decidedRows;
  }

  async #readRows(): Promise<void> {
    const isThere = this.#stamps.get('collected.json') !== '';
    this.collection = isThere ? await this.folder.collection() : undefined;
    this.rows = isThere ? await this.folder.rows() : [];
  }

  /** Decisions about other rows than those collected now are of an earlier state of the sources: they say nothing. */
  async #readDecisions(): Promise<void> {
    const isThere = this.#stamps.get('decisions.jsonl') !== '';
    const decisions = isThere ? await this.folder.decisions() : [];
    const isOfThese = decisions.length === this.rows.length && decisions.at(-1)?.id === this.rows.at(-1)?.id;
    this.decisions = isOfThese ? decisions : [];
    const funnel = funnelSchema.safeParse(await readJsonFile(this.folder.file('funnel.json')).catch(() => undefined));
    this.funnel = isOfThese && funnel.success ? funnel.data.stages : [];
  }

  async #hasChanged(name: string): Promise<boolean> {
    const found = await stat(path.join(this.folder.path, name)).catch(() => undefined);
    const stamp = found ? `${found.mtimeMs} ${found.size} ${found.ino}` : '';
    const isNew = (this.#stamps.get(name) ?? '') !== stamp;
    this.#stamps.set(name, stamp);
    return isNew;
  }
}
