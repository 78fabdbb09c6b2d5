import { beforeEach, describe, expect, it } from 'vitest';
import { runViewerTests } from './runViewerTests';
import { condition, largeRun, sample, smallRun } from './wireRun';

const tests = runViewerTests();
const { cell, drawn, field, focused, last, open, press, shownCount } = tests;

describe('the heat map', () => {
  beforeEach(() => open());

  it('has a sign and a spoken label for each cell', async () => {
    await tests.viewer.send(smallRun());
    expect(await cell(0, 0).innerText()).toBe('✗');
    expect(await cell(0, 1).innerText()).toBe('↑✓');
    expect(await cell(0, 1).getAttribute('aria-label')).toBe(
      'Wait ×2: Correct, answered 42, 90 thinking tokens, flip: wrong → right',
    );
    expect(await cell(2, 1).getAttribute('aria-label')).toBe('Wait ×2: Failed');
  });

  it('opens the trace of a cell by a click, and both traces of a flip by Shift or by a button', async () => {
    await tests.viewer.send(smallRun());
    await cell(0, 1).click();
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-0-1'] });
    await cell(1, 1).click({ modifiers: ['Shift'] });
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-1-0', 't-1-1'] });
    await cell(0, 1).focus();
    await tests.viewer.page.getByText('Open Both Side by Side').click();
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-0-0', 't-0-1'] });
  });

  it('says why there is no trace to open', async () => {
    await tests.viewer.send(smallRun());
    await cell(2, 1).click();
    expect((await tests.viewer.sent()).map(({ type }) => type)).not.toContain('run/openTraces');
    expect(await tests.viewer.page.locator('.details').innerText()).toContain('The server was lost.');
    expect(await tests.viewer.page.getByRole('status').textContent()).toBe('No trace: The server was lost.');
  });

  it('shows shares of several samples, and a list of them to open one from', async () => {
    const natural = condition('natural', { role: 'natural', samples: 4 });
    const outcomes = ['correct', 'wrong', 'correct', 'error'] as const;
    const samples = outcomes.map((outcome, at) => sample(0, 0, { sample: at, outcome, traceId: `s${at}` }));
    await tests.viewer.send(smallRun({ conditions: [natural], samples }));
    expect(await cell(0, 0).innerText()).toBe('2/3');
    await cell(0, 0).focus();
    await press('Enter', 'Tab', 'Enter');
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['s1'] });
    await press('Escape');
    expect(await focused()).toContain('2 of 3 correct');
  });

  it('of 1,000 × 20 keeps few rows in the document, and shows any of them', async () => {
    await tests.viewer.send(largeRun(1_000, 20));
    const rows = tests.viewer.page.locator('.map-body .map-row');
    expect(await rows.count()).toBeLessThan(50);
    await tests.viewer.page.locator('.map').evaluate((map) => map.scrollTo({ top: 500 * 28 }));
    await cell(505, 3).waitFor();
    expect(await rows.count()).toBeLessThan(60);
    expect(await tests.viewer.page.getByRole('grid').getAttribute('aria-rowcount')).toBe('1001');
    const heads = tests.viewer.page.locator('.map-head');
    const [map, head] = [await tests.viewer.page.locator('.map').boundingBox(), await heads.boundingBox()];
    expect(Math.abs((map?.y ?? 0) - (head?.y ?? 99))).toBeLessThan(3);
  });

  it('is gone through by keyboard from one end to the other', async () => {
    await tests.viewer.send(largeRun(1_000, 20));
    const place = () =>
      tests.viewer.page.evaluate(() => {
        const cell = document.activeElement as HTMLElement;
        return [cell.closest<HTMLElement>('.map-row')?.dataset.problem, cell.dataset.condition].map(Number);
      });
    await tests.viewer.page.locator('.map [tabindex="0"]').focus();
    await press('ArrowDown', 'ArrowRight', 'ArrowRight');
    expect(await place()).toEqual([1, 2]);
    await press('Control+End');
    expect(await place()).toEqual([999, 19]);
    const isSeen = await tests.viewer.page.evaluate(() => {
      const [a, b] = [document.activeElement, document.querySelector('.map')].map((each) =>
        each?.getBoundingClientRect(),
      );
      return a && b && a.right <= b.right + 1 && a.bottom <= b.bottom + 1;
    });
    expect(isSeen).toBe(true);
    await press('PageUp', 'Home');
    expect((await place())[1]).toBe(0);
    await press('Control+Home', 'Enter');
    expect(await place()).toEqual([0, 0]);
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-0-0-0'] });
  });

  it('keeps the focus on its cell when that is scrolled out of sight', async () => {
    await tests.viewer.send(largeRun(1_000, 20));
    await cell(3, 4).focus();
    const before = await focused();
    await tests.viewer.page.locator('.map').evaluate((map) => map.scrollTo({ top: 20_000 }));
    await drawn();
    expect(await focused()).toBe(before);
    await press('ArrowDown');
    await expect.poll(() => tests.viewer.page.locator('.map').evaluate((map) => map.scrollTop)).toBeLessThan(200);
  });
});

describe('traces to read in twos', () => {
  beforeEach(() => open());
  const list = () => tests.viewer.page.getByRole('region', { name: 'Traces to read in twos' });

  it('are those before and after a cue, first the ones that came right', async () => {
    await tests.viewer.send(smallRun());
    expect(await list().getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringMatching(/berry.*2.*natural, 40 tokens.*42.*Wait ×2, 90 tokens/s),
      expect.stringMatching(/town/),
    ]);
    await list().getByRole('button', { name: 'Open both traces of berry' }).click();
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-0-0', 't-0-1'] });
  });

  it('are those right when short and wrong when long', async () => {
    await tests.viewer.send(smallRun());
    await field('Pairs').selectOption('short');
    expect(await list().getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringMatching(/town.*natural, 50 tokens.*Wait ×2, 200 tokens/s),
    ]);
    await list().getByRole('button').focus();
    await press('Enter');
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-1-0', 't-1-1'] });
  });
});

describe('filters', () => {
  beforeEach(() => open());
  const keys = () => tests.viewer.page.locator('.map-body .map-name b').allInnerTexts();

  it('show the problems of a set, with a text, with an outcome in a condition', async () => {
    await tests.viewer.send(smallRun());
    await field('Problem set').selectOption('letters');
    expect(await shownCount()).toBe('2 of 3 problems');
    await field('Question').fill('BORDEAUX');
    expect(await keys()).toEqual(['town']);
    await tests.viewer.page.getByText('Clear Filters').click();
    expect(await shownCount()).toBe('3 problems');
    await field('Outcome').selectOption('wrong');
    expect(await shownCount()).toBe('2 of 3 problems');
    await field('Condition').selectOption('natural');
    expect(await keys()).toEqual(['berry']);
    expect(await tests.viewer.page.getByRole('status').textContent()).toBe('1 of 3 problems shown');
  });

  it('tell the kinds of flips apart, against a base of choice', async () => {
    const rescued = sample(2, 1);
    await tests.viewer.send(smallRun({ samples: [...smallRun().samples, rescued] }));
    for (const [flip, key] of [
      ['gained', 'berry'],
      ['lost', 'town'],
      ['rescued', 'sum'],
    ] as const) {
      await field('Flips').selectOption(flip);
      expect(await keys()).toEqual([key]);
    }
    await field('against').selectOption('Wait ×2');
    await field('Flips').selectOption('gained');
    expect(await keys()).toEqual(['town']);
  });

  it('show problems by how long the thinking was', async () => {
    await tests.viewer.send(smallRun());
    await field('Thinking tokens, least').fill('150');
    expect(await keys()).toEqual(['town']);
    await field('Thinking tokens, least').fill('');
    await field('Thinking tokens, most').fill('45');
    expect(await keys()).toEqual(['berry']);
  });

  it('say so when nothing matches', async () => {
    await tests.viewer.send(smallRun());
    await field('Question').fill('nowhere');
    await tests.viewer.page.getByText('No problem matches these filters.').waitFor();
    expect(await shownCount()).toBe('0 of 3 problems');
  });

  it('follow a row of the table, and let it go again', async () => {
    await tests.viewer.send(smallRun());
    const name = tests.viewer.page.getByRole('button', { name: 'Wait ×2', exact: true });
    await name.focus();
    await press('Enter');
    expect(await name.getAttribute('aria-pressed')).toBe('true');
    expect(await field('Condition').inputValue()).toBe('Wait ×2');
    await press('Enter');
    expect(await field('Condition').inputValue()).toBe('');
  });

  it('narrow what is copied', async () => {
    await tests.viewer.send(smallRun());
    await field('Question').fill('raspberry');
    await tests.viewer.page.getByText('Copy Problems ▾').click();
    await tests.viewer.page.getByRole('menuitem', { name: 'CSV' }).click();
    expect(await last()).toEqual({
      type: 'run/copy',
      text: 'problemSet,key,question,natural,Wait ×2\r\nletters,berry,How many r in raspberry?,wrong,correct\r\n',
    });
  });

  it('survive a reload with axis, sorting, cursor and places', async () => {
    await tests.viewer.send(largeRun(300, 20));
    await field('Outcome').selectOption('truncated');
    await field('Horizontal axis').selectOption({ label: 'generated tokens' });
    await tests.viewer.page.getByRole('button', { name: /Accuracy/ }).click();
    await tests.viewer.page.locator('.map').evaluate((map) => map.scrollTo({ top: 1_400 }));
    await tests.viewer.page.evaluate(() => scrollTo({ top: 400 }));
    await tests.viewer.page.waitForFunction(() => {
      const { saved } = globalThis as unknown as { saved: { scrollTop: number; mapTop: number } };
      return saved.scrollTop === 400 && saved.mapTop === 1_400;
    });
    const before = await shownCount();
    await tests.viewer.reload();
    await tests.viewer.send(largeRun(300, 20));
    expect(await shownCount()).toBe(before);
    expect(await field('Horizontal axis').inputValue()).toBe('generatedTokens');
    expect(await tests.viewer.page.locator('[aria-sort="descending"]').count()).toBe(1);
    expect(await tests.viewer.page.locator('.map').evaluate((map) => map.scrollTop)).toBe(1_400);
    expect(await tests.viewer.page.evaluate(() => document.documentElement.scrollTop)).toBe(400);
  });
});
