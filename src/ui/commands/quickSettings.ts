import * as vscode from 'vscode';
import { toLabel } from '../../core/base/untrustedText';
import {
  type Condition,
  describeCondition,
  type Preset,
  presetSchema,
  usualSampling,
} from '../../core/forcing/condition';
import type { Problem } from '../../core/problems/problem';
import { type RunSettings, runSettings } from '../config';
import type { UiContext } from '../context';
import { type QuickDecoder, type QuickSettings, quickDecoderSchema } from '../memory';

interface Item extends vscode.QuickPickItem {
  /** Undefined: start. Otherwise asks for a value; undefined there leaves everything as it is. */
  change?: (now: RunSettings) => Promise<QuickSettings | 'reset' | undefined>;
}

/**
 * What to do with a problem, in one list: Enter on the first row starts, the others change a value and come back. The
 * values are remembered for the workspace. Undefined: the user changed their mind.
 */
export async function askQuickSettings(ui: UiContext, problem: Problem): Promise<RunSettings | undefined> {
  let activeRow = 0;
  for (;;) {
    const now = await runSettings(ui);
    const rows = items(now);
    const chosen = await pick(rows, `Force Thinking: ${toLabel(problem.question, 60)}`, activeRow);
    if (!chosen) return undefined;
    if (!chosen.change) return now;
    activeRow = rows.indexOf(chosen);
    const change = await chosen.change(now);
    if (change === 'reset') await ui.memory.setQuickSettings({});
    else if (change) await ui.memory.setQuickSettings({ ...ui.memory.quickSettings, ...change });
    if (change) activeRow = 0;
  }
}

function items({ condition, samples, server }: RunSettings): Item[] {
  const { maxThinkingTokens, sampling } = condition;
  const isEqual = samples > 1 && sampling.temperature === 0;
  return [
    {
      label: '$(play) Start',
      description: `${describeCondition(condition)}${samples > 1 ? `, ${samples} samples` : ''} · ${toLabel(server.id)}`,
    },
    {
      label: '$(type-hierarchy) Decoder',
      description: decoderTexts[condition.decoder as QuickDecoder],
      change: askDecoder,
    },
    ...(condition.decoder === 'bf' ? forcingItems(condition) : []),
    { label: '$(stop-circle) Cap', description: capText(maxThinkingTokens), change: askCap },
    {
      label: '$(flame) Temperature',
      description: samplingText(condition),
      change: askTemperature,
    },
    {
      label: '$(layers) Samples',
      description: `${samples}${isEqual ? ' (greedy samples are all the same: raise the temperature)' : ''}`,
      change: askSamples,
    },
    { label: '$(discard) Reset', description: 'to the settings', change: async () => 'reset' },
  ];
}

/** Greedy, or the temperature and what else the dialect's makers say. */
function samplingText({ sampling, ...condition }: Condition): string {
  const { temperature, topP, topK } = sampling;
  const also = [...(topP < 1 ? [`top-p ${topP}`] : []), ...(topK > 0 ? [`top-k ${topK}`] : [])];
  const usual = usualSampling(condition).temperature;
  const advised = usual > 0 && usual !== temperature ? [`the dialect's makers say ${usual}`] : [];
  return [temperature === 0 ? '0 (greedy)' : String(temperature), ...(temperature > 0 ? also : []), ...advised].join(
    ', ',
  );
}

/** What belongs to budget forcing only. */
function forcingItems({ ignore, preset, cues: [cue = ''] }: Condition): Item[] {
  return [
    {
      label: '$(debug-continue) Cues',
      description: `${ignore} × ${cue === '' ? 'nothing' : JSON.stringify(cue)}`,
      change: askIgnore,
    },
    {
      label: '$(quote) Cue text',
      description: cue === '' ? 'nothing is appended' : JSON.stringify(cue),
      change: askCue,
    },
    { label: '$(law) Preset', description: preset, change: askPreset },
  ];
}

function pick(rows: Item[], title: string, activeRow: number): Promise<Item | undefined> {
  const picker = vscode.window.createQuickPick<Item>();
  picker.title = title;
  picker.placeholder = 'Enter starts; choose a row to change it';
  picker.items = rows;
  picker.activeItems = rows.slice(activeRow, activeRow + 1);
  const chosen = new Promise<Item | undefined>((resolve) => {
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]);
      picker.hide();
    });
    picker.onDidHide(() => resolve(undefined));
  });
  picker.show();
  return chosen.finally(() => picker.dispose());
}

const capText = (cap: Condition['maxThinkingTokens']) =>
  cap === null ? 'none' : typeof cap === 'number' ? `${cap} tokens` : `${cap}, as the s1 evaluation`;

async function askIgnore({ condition }: RunSettings): Promise<QuickSettings | undefined> {
  const ignore = await askNumber('How many times to suppress the end of thinking', Number(condition.ignore), {
    min: 0,
    max: 1_000,
    isWhole: true,
  });
  return ignore === undefined ? undefined : { ignore };
}

async function askCue({ condition }: RunSettings): Promise<QuickSettings | undefined> {
  const cue = await vscode.window.showInputBox({
    title: 'Cue text',
    prompt: 'Appended in place of each suppressed end; empty for nothing',
    value: condition.cues[0] ?? '',
  });
  return cue === undefined ? undefined : { cue };
}

async function askCap({ condition }: RunSettings): Promise<QuickSettings | undefined> {
  const text = await vscode.window.showInputBox({
    title: 'Cap',
    prompt: 'Thinking tokens at most; “auto” as the s1 evaluation computes it; empty for no cap',
    value: condition.maxThinkingTokens === null ? '' : String(condition.maxThinkingTokens),
    validateInput: (value) =>
      /^\s*(\d{1,9}|auto)?\s*$/.test(value) ? undefined : 'A whole number, “auto”, or nothing',
  });
  if (text === undefined) return undefined;
  const value = text.trim();
  return { maxThinkingTokens: value === '' ? null : value === 'auto' ? 'auto' : Number(value) };
}

const decoderTexts: Record<QuickDecoder, string> = {
  bf: 'budget forcing: cues and caps',
  none: 'no forcing: the model answers as it likes',
  rebase: 'tree search (REBASE): the scorer of the settings judges each step',
};

async function askDecoder(): Promise<QuickSettings | undefined> {
  const rows = quickDecoderSchema.options.map((decoder) => ({
    label: decoder,
    description: decoderTexts[decoder],
    decoder,
  }));
  const chosen = await vscode.window.showQuickPick(rows, { title: 'How the thinking is controlled' });
  return chosen && { decoder: chosen.decoder };
}

const presetTexts: Record<Preset, string> = {
  default: 'one total budget, cue tokens included',
  's1-harness': 'as the released evaluation of s1, quirks included',
  's1-readme': 'as the README of s1',
};

async function askPreset(): Promise<QuickSettings | undefined> {
  const rows = presetSchema.options.map((preset) => ({ label: preset, description: presetTexts[preset], preset }));
  const chosen = await vscode.window.showQuickPick(rows, { title: 'How budgets are counted' });
  return chosen && { preset: chosen.preset };
}

async function askTemperature({ condition }: RunSettings): Promise<QuickSettings | undefined> {
  const temperature = await askNumber('Temperature; 0 is greedy', condition.sampling.temperature, { min: 0, max: 2 });
  return temperature === undefined ? undefined : { temperature };
}

async function askSamples({ samples }: RunSettings): Promise<QuickSettings | undefined> {
  const count = await askNumber('Samples per problem', samples, { min: 1, max: 64, isWhole: true });
  return count === undefined ? undefined : { samples: count };
}

async function askNumber(
  title: string,
  now: number,
  { min, max, isWhole = false }: { min: number; max: number; isWhole?: boolean },
): Promise<number | undefined> {
  const isGood = (text: string) => {
    const value = Number(text);
    return text.trim() !== '' && value >= min && value <= max && (!isWhole || Number.isInteger(value));
  };
  const text = await vscode.window.showInputBox({
    title,
    value: String(now),
    validateInput: (value) => (isGood(value) ? undefined : `A ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`),
  });
  return text === undefined ? undefined : Number(text);
}
