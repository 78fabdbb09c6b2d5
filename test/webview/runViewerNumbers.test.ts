import { beforeEach, describe, expect, it } from 'vitest';
import { runViewerTests } from './runViewerTests';
import { condition, largeRun, smallPart, smallPublished, smallReport, smallRun } from './wireRun';

const tests = runViewerTests();
const { field, focused, last, open, press, shownCount } = tests;

describe('the numbers', () => {
  beforeEach(() => open());

  it('are said to be computed until they are there', async () => {
    await tests.viewer.send(smallRun({ report: null }));
    const region = tests.viewer.page.getByRole('region', { name: 'What the numbers say' });
    expect(await region.innerText()).toContain('being computed');
    await tests.viewer.send({ type: 'run/report', report: smallReport() });
    expect(await region.innerText()).toContain('Wait ×2 is 20 points better');
    expect(await region.getByRole('row', { name: /Scaling/ }).innerText()).toContain('[0.02, 0.27]');
  });

  it('tell of probed conditions what stopping early would bring, and nothing where none was probed', async () => {
    await tests.viewer.send(smallRun());
    const region = tests.viewer.page.getByRole('region', { name: 'Answers along the thinking' });
    expect(await region.count()).toBe(0);
    const rows = [
      { thinkingTokens: 40, share: 0.25, low: 0.1, high: 0.5, thinking: 3 },
      { thinkingTokens: 80, share: 0.75, low: 0.5, high: 0.9, thinking: 0 },
    ];
    const probed = [{ condition: 0, traces: 4, rows, earlyStop: ['Stopped when 2 probes agree: 3 of 4 right.'] }];
    await tests.viewer.send({ type: 'run/report', report: { ...smallReport(), probed } });
    expect(await region.getByRole('row', { name: /^80/ }).innerText()).toContain('[50.0, 90.0]');
    expect(await region.innerText()).toContain('Stopped when 2 probes agree');
    await region.getByText('Copy Answers ▾').click();
    await tests.viewer.page.getByRole('menuitem', { name: 'CSV' }).click();
    expect(((await last()) as { text: string }).text).toContain('40,0.25,0.1,0.5,3');
  });

  it('stand beside the outcomes of each condition, which are kept apart', async () => {
    await tests.viewer.send(smallRun());
    const row = tests.viewer.page.getByRole('table', { name: 'Conditions' }).getByRole('row', { name: /natural/ });
    expect(await row.locator('td').allInnerTexts()).toEqual(
      ['3', '40.0 [30.0, 50.0]', '1', '1', '1', '0', '0', '0', '50', '120'], //
    );
  });

  it('sort the conditions, down, up and back to the order of the study', async () => {
    await tests.viewer.send(smallRun());
    const names = () => tests.viewer.page.locator('.condition-name').allInnerTexts();
    const sort = tests.viewer.page.getByRole('button', { name: /Accuracy/ });
    await sort.click();
    expect(await names()).toEqual(['Wait ×2', 'natural']);
    expect(await tests.viewer.page.locator('[aria-sort="descending"]').innerText()).toContain('Accuracy');
    await sort.click();
    expect(await names()).toEqual(['natural', 'Wait ×2']);
    await sort.click();
    expect(await tests.viewer.page.locator('[aria-sort="none"]').count()).toBe(10);
  });

  it('are copied as CSV and as LaTeX, with what TeX would misread escaped', async () => {
    await tests.viewer.send(smallRun({ conditions: [condition('a_b, 50 %'), condition('"q" & \\x')] }));
    await tests.viewer.page.getByText('Copy Table ▾').click();
    await tests.viewer.page.getByRole('menuitem', { name: 'CSV' }).click();
    const csv = (await last()) as { text: string };
    expect(csv.text.split('\r\n')[1]).toBe('"a_b, 50 %",3,0.4,0.30000000000000004,0.5,1,1,1,0,0,0,50,120');
    expect(csv.text).toContain('"""q"" & \\x"');
    await tests.viewer.page.getByText('Copy Table ▾').click();
    await tests.viewer.page.getByRole('menuitem', { name: 'LaTeX Table' }).click();
    const latex = (await last()) as { text: string };
    expect(latex.text).toContain('a\\_b, 50 \\% & 3 & 40.0 [30.0, 50.0]');
    expect(latex.text).toContain('"q" \\& \\textbackslash{}x');
  });
});

describe('the numbers of several problem sets', () => {
  beforeEach(() => open());

  it('are those of all together until one is chosen, in table, figure, sentences and problems alike', async () => {
    const { points, ...others } = smallPart();
    const sums = { ...others, problemSet: 'sums', points: points.slice(0, 1), sentences: ['Of sums alone.'] };
    await tests.viewer.send(smallRun({ report: { probed: [], parts: [smallPart(), sums] } }));
    await field('Numbers of').selectOption('sums');
    const said = tests.viewer.page.getByRole('region', { name: 'What the numbers say' });
    expect(await said.innerText()).toContain('Of sums alone.');
    expect(await tests.viewer.page.locator('.picture .point').count()).toBe(1);
    const row = tests.viewer.page.getByRole('table', { name: 'Conditions' }).getByRole('row', { name: /natural/ });
    expect(await row.locator('td').first().innerText()).toBe('1');
    expect(await shownCount()).toBe('1 of 3 problems');
    expect(await field('Problem set').inputValue()).toBe('sums');
  });
});

describe('the table of cues', () => {
  beforeEach(() => open());

  it('says what each step bought, and its flips show the problems they count', async () => {
    await tests.viewer.send(smallRun());
    const row = tests.viewer.page.getByRole('table', { name: 'Cues' }).getByRole('row', { name: /natural → Wait ×2/ });
    expect(await row.locator('td').allInnerTexts()).toEqual(
      ['60.0', '+20.0 [+5.0, +35.0]', '1', '1', '0', '80', '0.024'], //
    );
    await row.getByRole('button', { name: '1' }).first().click();
    expect(await tests.viewer.page.locator('.map-body .map-name b').allInnerTexts()).toEqual(['berry']);
    expect(await focused()).toContain('flip: wrong → right');
    await press('Shift+Enter');
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-0-0', 't-0-1'] });
  });

  it('is copied as CSV with plain numbers, and as LaTeX', async () => {
    await tests.viewer.send(smallRun());
    const copy = async (what: string) => {
      await tests.viewer.page.getByText('Copy Cue Table ▾').click();
      await tests.viewer.page.getByRole('menuitem', { name: what }).click();
      return ((await last()) as { text: string }).text;
    };
    expect((await copy('CSV')).split('\r\n')[1]).toBe('natural,Wait ×2,0.6,0.2,1,1,0,80,0.012,0.024,0.05,0.35,better');
    expect(await copy('LaTeX Table')).toContain('natural $\\rightarrow$ Wait $\\times$2 & 60.0');
  });
});

describe('a selected condition', () => {
  beforeEach(() => open());

  it('has its traces and its command a key away', async () => {
    await tests.viewer.send(smallRun());
    await tests.viewer.page.getByRole('button', { name: 'Wait ×2', exact: true }).click();
    await tests.viewer.page.getByText('Copy as CLI Command').nth(1).click();
    expect(await last()).toEqual({
      type: 'run/copy',
      text: "second-thought run '/studies/letters.study.yaml' --only 'Wait ×2'",
    });
    await tests.viewer.page.getByText('Go to Its Traces').click();
    expect(await focused()).toContain('Wait ×2: Correct');
    await tests.viewer.page.getByText('Let Go').click();
    expect(await field('Condition').inputValue()).toBe('');
  });
});

describe('published points', () => {
  beforeEach(() => open());

  it('stand beside the measured ones, labelled, and select nothing', async () => {
    await tests.viewer.send(smallRun({ published: smallPublished }));
    expect(await tests.viewer.page.locator('.picture .point').count()).toBe(4);
    await tests.viewer.page.getByRole('button', { name: /^Wait ×2 \(published, forcing\): 53.3 % at 6,657/ }).click();
    expect(await tests.viewer.page.locator('.conditions tr.selected, .point.selected').count()).toBe(0);
    const figure = tests.viewer.page.locator('.figure');
    expect(await figure.innerText()).toContain('s1, Figure 4 (left), sequential scaling by caps and cues.');
    expect(await figure.innerText()).toContain('those of aime24, not yours');
    await field('Published points').selectOption({ label: 'None' });
    expect(await tests.viewer.page.locator('.picture .point').count()).toBe(2);
  });

  it('over training examples have the model of the study beside them', async () => {
    const sets = [
      { problemSet: 'letters', points: [{ name: 's1-32B', series: 's1', x: 1_000, accuracy: 56.7, source: 'T' }] },
    ];
    const published = { ...smallPublished, axis: 'examples', sets } as const;
    await tests.viewer.send(smallRun({ published: { ...published, sets }, trainingExamples: 817 }));
    expect(await field('Horizontal axis').inputValue()).toBe('examples');
    await tests.viewer.page.getByRole('button', { name: /^natural .* at 817 training examples/ }).waitFor();
    await tests.viewer.page.getByRole('button', { name: /^s1-32B .* at 1,000 training examples/ }).waitFor();
  });

  it('of a table without an axis are rows of the table alone', async () => {
    const sets = [
      { problemSet: 'letters', points: [{ name: 'Hmm ×2', series: 'Hmm ×2', x: null, accuracy: 50, source: 'T' }] },
    ];
    await tests.viewer.send(smallRun({ published: { ...smallPublished, axis: null, sets } }));
    await tests.viewer.page.getByText('Figure as a table').click();
    const table = tests.viewer.page.getByRole('table', { name: 'Figure as a table' });
    expect(await table.getByRole('row', { name: /Hmm/ }).innerText()).toMatch(/published\s+50\.0/);
  });
});

describe('rejection sampling and tree search', () => {
  it('lie over the figure as curves of their own', async () => {
    await open();
    const names = ['natural', 'fits 64', 'fits 128', 'tree 4', 'tree 8'];
    const methods = ['bf', 'rejection at temperature 1', 'rejection at temperature 1', 'rebase', 'rebase'];
    const conditions = names.map((name, at) =>
      condition(name, { method: methods[at] ?? '', role: at === 0 ? 'natural' : 'other' }),
    );
    const [first] = smallPart().points;
    const points = names.map((_, at) => ({ ...first, condition: at, thinkingTokens: 50 * (at + 1) })) as ReturnType<
      typeof smallPart
    >['points'];
    await tests.viewer.send(smallRun({ conditions, samples: [], report: smallReport({ points, cueSteps: [] }) }));
    const legend = await tests.viewer.page.locator('.legend').innerText();
    expect(legend).toContain('rejection sampling');
    expect(legend).toContain('tree search');
    expect(await tests.viewer.page.locator('.picture .curve > path').count()).toBe(2);
  });
});

describe('the figure', () => {
  beforeEach(() => open());
  const points = () => tests.viewer.page.locator('.picture .point');
  const axis = (text: string) => field('Horizontal axis').selectOption({ label: text });

  it('has a point for each condition, which says its numbers and selects it', async () => {
    await tests.viewer.send(smallRun());
    expect(await points().count()).toBe(2);
    await tests.viewer.page
      .getByRole('button', { name: /^Wait ×2 \(extended\): 60.0 % \[50.0, 70.0\] at 130/ })
      .click();
    expect(await tests.viewer.page.locator('.conditions tr.selected').innerText()).toContain('Wait ×2');
    expect(await tests.viewer.page.locator('.map-condition.selected').innerText()).toBe('Wait ×2');
    expect(await field('Condition').inputValue()).toBe('Wait ×2');
  });

  it('is gone through by arrow keys, one stop for the tab key', async () => {
    await tests.viewer.send(smallRun());
    expect(await tests.viewer.page.locator('.picture [tabindex="0"]').count()).toBe(1);
    await points().first().focus();
    await press('ArrowRight');
    expect(await focused()).toContain('Wait ×2');
    expect(await tests.viewer.page.locator('.readout').innerText()).toContain('60.0 %');
    await press('Enter');
    expect(await tests.viewer.page.locator('.conditions tr.selected').innerText()).toContain('Wait ×2');
    expect(await focused()).toContain('Wait ×2');
  });

  it('shows voting where tokens are what it costs, and says so on the other axes', async () => {
    await tests.viewer.send(smallRun());
    await tests.viewer.page.getByText('Voting is compared at equal generated tokens').waitFor();
    await axis('generated tokens');
    expect(await points().count()).toBe(4);
    expect(await tests.viewer.page.locator('.picture .curve[stroke-dasharray="5 4"]').count()).toBe(1);
    await tests.viewer.page.getByRole('button', { name: /^majority of 4, natural/ }).waitFor();
    await axis('seconds');
    await tests.viewer.page.getByRole('button', { name: /natural .* at 0.5 seconds/ }).waitFor();
  });

  it('names the conditions that a logarithmic axis has no place for, and shows them on a linear one', async () => {
    const { points: all } = smallPart();
    for (const point of all.slice(0, 1)) point.thinkingTokens = 0;
    await tests.viewer.send(smallRun({ report: smallReport({ points: all }) }));
    expect(await points().count()).toBe(1);
    await tests.viewer.page.getByText('At zero, so not on a logarithmic axis: natural.').waitFor();
    await field('Scale').selectOption('linear');
    expect(await points().count()).toBe(2);
  });

  it('joins capped and extended conditions at the natural one, and leaves the others points', async () => {
    await tests.viewer.send(largeRun(2, 20));
    const lines = await tests.viewer.page
      .locator('.picture .curve > path')
      .evaluateAll((paths) => paths.map((path) => path.getAttribute('d') ?? '').filter((d) => d.includes('L')));
    const corners = lines.map((d) => d.split(/[ML]/).filter(Boolean)).filter((all) => all.length >= 6);
    expect(corners.map((all) => all.length).sort((a, b) => a - b)).toEqual([6, 10]);
    const [capped, extended] = corners.sort((a, b) => a.length - b.length);
    expect(capped?.at(-1)).toBe(extended?.[0]);
  });

  it('is a table too, for those who do not see it', async () => {
    await tests.viewer.send(smallRun());
    await tests.viewer.page.getByText('Figure as a table').click();
    const table = tests.viewer.page.getByRole('table', { name: 'Figure as a table' });
    expect(await table.getByRole('row').count()).toBe(5);
    expect(await table.innerText()).toContain('natural, majority of 4');
  });

  it('leaves the page as SVG that stands alone, as CSV, and as a PNG', async () => {
    const report = smallReport();
    await tests.viewer.send(smallRun({ report, conditions: [condition('<b>\u0000\ud800 & "x"'), condition('y')] }));
    const copy = async (what: string) => {
      await tests.viewer.page.getByText('Copy Figure ▾').click();
      await tests.viewer.page.getByRole('menuitem', { name: what }).click();
    };
    await copy('SVG');
    const { text: svg } = (await last()) as { text: string };
    const fault = await tests.viewer.page.evaluate(
      (text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent,
      svg,
    );
    expect(fault).toBeUndefined();
    expect(svg).not.toContain('var(--vscode');
    await copy('CSV');
    expect(((await last()) as { text: string }).text.split('\r\n')).toHaveLength(6);
    await copy('Save as PNG');
    await expect.poll(async () => (await last())?.type).toBe('run/save');
    const { name, base64 } = (await last()) as { name: string; base64: string };
    const png = Buffer.from(base64, 'base64');
    expect(name).toBe('accuracy.png');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(1_280);
  });
});
