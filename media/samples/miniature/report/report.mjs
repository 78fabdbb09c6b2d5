// Writes report.md from the runs of a miniature: numbers from second-thought's own commands, the paper's beside them. A part whose
// steps were not run says so. The rules of the verdicts stand in docs/miniature.md and were fixed before.
import fs from 'node:fs';
import path from 'node:path';
import {
  accuracy,
  ask,
  compare,
  costs,
  given,
  links,
  part,
  percent,
  points,
  range,
  readLines,
  runsOf,
  samplesFile,
  score,
  signed,
  table,
  thinking,
} from './runs.mjs';
import { margin, overSeedsAndProblems, verdictOf } from './verdicts.mjs';

const published = JSON.parse(fs.readFileSync(new URL('published.json', import.meta.url), 'utf8'));
/** SCC has no limit in tokens; the paper takes 100 a step, and a pass of this model has about 40. */
const tokensPerStep = 40;

const forcing = runsOf('forcing').bundled;
const parallel = runsOf('parallel').bundled;
/** The student that the learning rate was chosen by is a seed of the full set. */
const full = Object.entries(runsOf('evaluate-full')).map(([model, run]) => [model.replace(/^rate-/, 'full-'), run]);
const sets = { ...runsOf('evaluate-sets'), ...Object.fromEntries(full) };
const loop = runsOf('evaluate-loop');
const [student] = Object.values(runsOf('evaluate-student'));
const [told] = Object.values(runsOf('evaluate-tokens'));
const [counted] = Object.values(runsOf('evaluate-steps'));
const seedsOf = (runs, name) =>
  Object.entries(runs)
    .filter(([model]) => model.startsWith(`${name}-seed-`))
    .map(([, run]) => run);
const numbersOf = (run) => JSON.parse(fs.readFileSync(`numbers/${run.step}--${run.model}.json`, 'utf8')).problemSets[0];

/** As docs/miniature.md sorted the directions before any run. */
const builtIn = '*Built in: training data was designed for it, so this checks the instrument.*';
const open = '*Open: a finding.*';

const abstract = [];
const sections = [];
const section = (title, ...blocks) => sections.push(`#### ${title}\n\n${blocks.join('\n\n')}`);
const notRun = (title) => section(title, 'Not run.');

function data() {
  const { questions, clean, ...flaws } = JSON.parse(
    fs.readFileSync(path.join(given, 'collect', 'planted.json'), 'utf8'),
  );
  const { stages } = JSON.parse(fs.readFileSync(path.join(given, 'select', 's1k', 'funnel.json'), 'utf8'));
  const decided = readLines(path.join(given, 'select', 's1k', 'decisions.jsonl'));
  const asked = decided.filter(({ features }) => typeof features.length === 'number');
  const sources = [...new Set(decided.map(({ source }) => source))].map((source) => {
    const own = asked.filter((row) => row.source === source);
    const mean = own.reduce((sum, { features }) => sum + features.length, 0) / Math.max(1, own.length);
    return [source, decided.filter((row) => row.source === source).length, mean.toFixed(0)];
  });
  const right = asked.filter(({ features }) => features.teacherCorrect === true).length;
  const chosen = decided.filter(({ isKept }) => isKept);
  const domains = new Set(chosen.map(({ features }) => features.domain)).size;
  section(
    'Data (§2, Table 7)',
    `${questions} questions, ${Object.entries(flaws)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(
        ', ',
      )} planted. The teacher is right on ${percent(right / asked.length)} % of ${asked.length} (paper: 53.6 % of s1K, 1,000). Chosen: ${chosen.length} rows of ${domains} domains, the teacher right on ${percent(chosen.filter(({ features }) => features.teacherCorrect === true).length / chosen.length)} % of them.`,
    table(['source', 'questions', 'mean thinking tokens'], sources),
    table(
      ['stage', 'rows left', 'dropped'],
      stages.map(({ stage, left, dropped }) => [
        stage,
        left,
        Object.entries(dropped)
          .map(([rule, count]) => `${count} ${rule}`)
          .join(', '),
      ]),
    ),
  );
}

function students() {
  const names = ['s1k', 'random', 'diverse', 'longest', 'full'].filter((name) => seedsOf(sets, name).length > 0);
  if (!names.includes('s1k')) return notRun('Students and base, and training sets (Tables 1 and 2)');
  const base = forcing ? [part('base', [forcing])] : [];
  const file = samplesFile('samples/sets.jsonl', [...base, ...names.map((name) => part(name, seedsOf(sets, name)))]);
  const rows = score(file).conditions;
  const row = (name) => rows.find(({ condition }) => condition.name === name);
  if (forcing) {
    const gain = compare(file, 'base', 's1k');
    abstract.push(
      `A student of the rows that Algorithm 1 chose answers ${percent(row('s1k').accuracy)} % without any forcing, its base ${percent(row('base').accuracy)} %: ${points(gain)} points.`,
    );
    section(
      'Student and base (Table 1)',
      open,
      table(
        ['model', 'accuracy % [95 %]', 'thinking tokens', 'paper', ''],
        [
          ['base', accuracy(row('base')), thinking(row('base')), published.table1.base, links([forcing])],
          [
            'student, without forcing',
            accuracy(row('s1k')),
            thinking(row('s1k')),
            published.table1['student without forcing'],
            links(seedsOf(sets, 's1k')),
          ],
        ],
      ),
      `Student minus base: ${points(gain)} points.`,
    );
  }
  const against = names.filter((name) => name !== 's1k').map((name) => [name, compare(file, 's1k', name)]);
  section(
    'Training sets (Table 2)',
    open,
    table(
      ['set', 'seeds', 'accuracy % [95 %]', 'minus s1k', 'thinking tokens', 'paper', ''],
      names.map((name) => [
        name,
        seedsOf(sets, name).length,
        accuracy(row(name)),
        name === 's1k' ? '–' : points(against.find(([other]) => other === name)[1]),
        thinking(row(name)),
        published.table2[name],
        links(seedsOf(sets, name)),
      ]),
    ),
  );
  const random = names.includes('random') && compare(file, 'random', 's1k');
  if (random)
    abstract.push(
      `Selection minus random: ${points(random)} points: **${verdictOf(random)}** (margin ${margin} points, fixed before).`,
    );
}

function forcingPart() {
  if (!forcing) return notRun('Forcing (Figures 1 and 4a, Tables 4 and 5)');
  for (const [run, who] of [[forcing, 'base'], ...(student ? [[student, 'student']] : [])]) {
    const numbers = numbersOf(run);
    const bf = numbers.methods.find(({ method }) => method === 'bf');
    const rows = numbers.conditions.filter(({ condition }) => condition.method === 'bf');
    const slope = ({ scaling }) =>
      `${signed(scaling.leastSquares.value)} ${scaling.leastSquares.interval ? range(scaling.leastSquares.interval) : ''}`;
    const parts = ['capped', 'extended']
      .filter((each) => bf[each])
      .map((each) => `${each} part ${slope(bf[each])} points per doubling, ${bf[each].direction ?? 'no verdict'}`);
    section(
      `Forcing on the ${who} (Figures 1 and 4a, Table 5)`,
      builtIn,
      table(
        ['condition', 'accuracy % [95 %]', 'thinking tokens', 'paper', ''],
        rows.map((row) => [
          row.condition.name,
          accuracy(row),
          thinking(row),
          published.table5[row.condition.name],
          links([run]),
        ]),
      ),
      `Control ${percent(bf.control.value)} %. Slopes by least squares: ${parts.join('; ')}. Best with ${bf.best?.cues ?? '–'} cues; from there ${bf.dropAfterBest?.value === undefined || bf.dropAfterBest === null ? 'no more were measured' : `${signed(bf.dropAfterBest.value)} points at the most`}.`,
    );
    if (who === 'base')
      abstract.push(
        `Forcing moves the base from ${percent(Math.min(...rows.map(({ accuracy: share }) => share ?? 1)))} to ${percent(bf.performance.value / 100)} % (${parts.join('; ')}), with Control ${percent(bf.control.value)} %.`,
      );
  }
  const cues = ['natural', '2 × no string', '2 × Alternatively', '2 × Hmm', 'Wait × 2'];
  const rows = numbersOf(forcing).conditions.filter(({ condition }) => cues.includes(condition.name));
  section(
    'Cues (Table 4)',
    builtIn,
    table(
      ['cue', 'accuracy % [95 %]', 'paper', ''],
      rows.map((row) => [row.condition.name, accuracy(row), published.table4[row.condition.name], links([forcing])]),
    ),
  );
}

/** Which conditions of which run are points of which method, with the limit that Control asks about. */
function methodParts() {
  const numberIn = (name) => Number(/\d+/.exec(name.replace(/^2 × /, ''))?.[0]);
  const of = (run, method, test, limits) =>
    (run?.conditions ?? [])
      .filter(({ name }) => test(name))
      .map(({ name }) => part(`${method}: ${name}`, [run], name, { method, ...limits(name) }));
  const natural = student && numbersOf(student).conditions.find(({ condition }) => condition.name === 'natural');
  const usual = natural?.thinkingTokens?.mean ?? null;
  return [
    ...of(
      forcing,
      'BF',
      (name) => /^(natural|cap|Wait)/.test(name),
      (name) => ({ limit: name.startsWith('cap') ? numberIn(name) : null }),
    ),
    ...of(
      told,
      'TCC',
      (name) => name.startsWith('told Think'),
      (name) => ({ limit: numberIn(name) }),
    ),
    ...of(
      told,
      'TCC + BF',
      (name) => name.startsWith('told and'),
      (name) => ({ limit: numberIn(name) }),
    ),
    ...of(
      counted,
      'SCC',
      (name) => name.startsWith('told Think'),
      (name) => ({ limit: tokensPerStep * numberIn(name) }),
    ),
    ...of(
      counted,
      'SCC + BF',
      (name) => name.startsWith('told and'),
      (name) => ({ limit: tokensPerStep * numberIn(name) }),
    ),
    ...of(
      student,
      'CCC',
      (name) => name.startsWith('told'),
      (name) => (name.endsWith('short') ? { limit: usual } : { minimum: usual }),
    ),
    ...of(
      parallel,
      'RS',
      (name) => name.startsWith('rejection'),
      (name) => ({ limit: numberIn(name) }),
    ),
  ];
}

function methods() {
  const parts = methodParts();
  if (parts.length === 0) return notRun('Control, Scaling, Performance (Table 3)');
  const numbers = ask('score', '--samples', samplesFile('samples/methods.jsonl', parts), '--x', 'thinking')
    .problemSets[0];
  const ours = ({ value, interval }) =>
    value === null ? '–' : `${signed(value)}${interval ? ` ${range(interval)}` : ''}`;
  section(
    'Control, Scaling, Performance (Table 3)',
    open,
    table(
      ['method', 'Control % (paper)', 'Scaling, points per doubling [95 %] (paper)', 'Performance % (paper)', ''],
      numbers.methods.map(({ method, control, scaling, performance }) => {
        const paper = published.table3[method];
        const run = parts.find((each) => each.method === method).runs;
        return [
          method,
          `${control.value === null ? '–' : percent(control.value)} (${paper.control})`,
          `${ours(scaling.log2)} (${paper.scaling})`,
          `${performance.value?.toFixed(1) ?? '–'} (${paper.performance})`,
          links(run),
        ];
      }),
    ),
    `SCC is held to ${tokensPerStep} tokens a step (the paper: 100). CCC is asked to be below and above the natural run.`,
  );
  const tcc = numbers.methods.find(({ method }) => method === 'TCC');
  if (tcc)
    abstract.push(
      `Told a number of tokens and not forced, the token-conditional student keeps it in ${percent(tcc.control.value)} % of the runs (paper: 40 %).`,
    );
  const rejection = numbers.methods.find(({ method }) => method === 'RS');
  if (rejection)
    abstract.push(
      `Rejection sampling has a slope of ${ours(rejection.scaling.log2)} points per doubling (paper: −35).`,
    );
}

function parallelPart() {
  if (!parallel) return notRun('Rejection, votes, tree search (Figures 4b, 6 and 7)');
  const numbers = numbersOf(parallel);
  const votes = numbers.conditions.find(({ condition }) => condition.name === 'votes');
  const generated = (row) => row.generatedTokens?.mean.toFixed(0);
  const majority = (votes?.atK ?? []).map(({ k, majority: { value, interval } }) => [
    `majority of ${k}`,
    accuracy({ accuracy: value, interval }),
    (k * votes.generatedTokens.mean).toFixed(0),
    k === 16 ? published.figure7['majority of 16'] : null,
    links([parallel]),
  ]);
  const rows = numbers.conditions.filter(({ condition }) => condition.name !== 'votes');
  section(
    'Rejection, votes, tree search (Figures 4b, 6 and 7)',
    open,
    table(
      ['way', 'accuracy % [95 %]', 'generated tokens a problem', 'paper', ''],
      [
        ...rows.map((row) => [
          row.condition.name,
          accuracy(row),
          generated(row),
          row.condition.name === 'REBASE' ? published.figure7['REBASE 16'] : null,
          links([parallel]),
        ]),
        ...majority,
      ],
    ),
    ...numbers.sentences
      .filter((sentence) => /votes?|tokens/.test(sentence))
      .slice(0, 8)
      .map((sentence) => `- ${sentence}`),
  );
  const longest = rows.filter(({ condition }) => condition.name.startsWith('Wait')).at(-1);
  const same = numbers.equalTokens?.points.findLast(({ condition }) => condition === longest?.condition.name);
  if (longest && same)
    abstract.push(
      `For the tokens of ${longest.condition.name} (${percent(longest.accuracy)} %) a vote of ${same.k} reaches ${percent(same.accuracy?.value)} %.`,
    );
}

function sequenceLength() {
  const title = 'Sequence length in training (Table 8)';
  const [short, long] = [seedsOf(sets, 'short'), seedsOf(sets, 's1k')];
  if (short.length === 0) return notRun(title);
  const file = samplesFile('samples/length.jsonl', [part('short', short), part('long', long)]);
  const rows = score(file).conditions;
  const gain = compare(file, 'short', 'long');
  section(
    title,
    open,
    table(
      ['training', 'accuracy % [95 %]', 'thinking tokens', 'paper: accuracy, thinking', ''],
      rows.map((row, index) => [
        row.condition.name,
        accuracy(row),
        thinking(row),
        `${published.table8[row.condition.name].accuracy}, ${published.table8[row.condition.name].thinking}`,
        links([short, long][index]),
      ]),
    ),
    `Whole rows minus cut rows: ${points(gain)} points.`,
  );
  abstract.push(`Rows cut in training: whole minus cut ${points(gain)} points.`);
}

function loopPart() {
  const title = 'The loop: long traces against natural ones';
  const [long, control, base] = [seedsOf(loop, 'long'), seedsOf(loop, 'control'), seedsOf(loop, 'one-pass')];
  if (long.length === 0 || control.length === 0) return notRun(title);
  const file = samplesFile('samples/loop.jsonl', [
    ...(base.length > 0 ? [part('base', base)] : []),
    part('control', control),
    part('long', long),
  ]);
  const gain = overSeedsAndProblems(control, long);
  section(
    title,
    open,
    'The base answers after one short pass. Both arms have the same questions, rows and steps; only the traces differ. No cue is forced here.',
    table(
      ['arm', 'seeds', 'accuracy % [95 %]', 'thinking tokens', ''],
      score(file).conditions.map((row) => [
        row.condition.name,
        row.condition.samples,
        accuracy(row),
        thinking(row),
        links({ base, control, long }[row.condition.name]),
      ]),
    ),
    `Long minus control: ${points(gain)} points, over seeds × problems.`,
  );
  abstract.push(
    `Fine-tuned on long traces instead of natural ones: ${points(gain)} points without any cue (interval over seeds × problems).`,
  );
}

data();
students();
forcingPart();
methods();
parallelPart();
sequenceLength();
loopPart();
section('Costs', table(['step', 'minutes', 'tokens generated or trained on'], costs()));
fs.writeFileSync('report.md', `${abstract.join(' ')}\n\n${sections.join('\n\n')}\n`);
console.log('report.md');
