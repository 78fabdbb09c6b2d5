import type { FromRunViewer } from '../../src/protocol/runViewer';
import './styles.css';

// Stands in for VS Code around the page of a run that is one file: it has the run inside, and the traces below the page.

const run: unknown = JSON.parse(document.getElementById('run')?.textContent ?? 'null');
let kept: unknown;

Object.assign(globalThis, {
  acquireVsCodeApi: () => ({
    postMessage: answer,
    getState: () => kept,
    setState: (state: unknown) => {
      kept = state;
    },
  }),
});

const isDark = matchMedia('(prefers-color-scheme: dark)');
const showTheme = () => {
  document.body.className = isDark.matches ? 'vscode-dark' : 'vscode-light'; // the toolkit looks at it
};
isDark.addEventListener('change', showTheme);
showTheme();
addEventListener('hashchange', openNamed);
addEventListener('load', openNamed);

function answer(message: FromRunViewer): void {
  switch (message.type) {
    case 'ready':
      // As from VS Code: after the page's script has run to its end.
      queueMicrotask(() => dispatchEvent(new MessageEvent('message', { data: run })));
      return;
    case 'run/openTraces':
      openTraces(message.traceIds);
      return;
    case 'run/copy':
      void navigator.clipboard
        .writeText(message.text)
        .catch(() => save('copied.txt', `data:text/plain,${encodeURIComponent(message.text)}`));
      return;
    case 'run/save':
      save(message.name, `data:application/octet-stream;base64,${message.base64}`);
      return;
    case 'run/action':
      return; // nothing runs here
    default:
      message satisfies never;
  }
}

function openTraces(ids: readonly string[]): void {
  const found = ids.flatMap((id) => document.getElementById(`trace-${id}`) ?? []);
  for (const part of found) if (part instanceof HTMLDetailsElement) part.open = true;
  const [first] = found;
  if (first) {
    first.scrollIntoView({ block: 'center' });
    first.querySelector('summary')?.focus();
  } else document.getElementById('traces')?.scrollIntoView(); // it says how many are in the file
}

/** A link to a trace opens it. */
function openNamed(): void {
  if (location.hash.startsWith('#trace-')) openTraces([decodeURIComponent(location.hash.slice('#trace-'.length))]);
}

function save(name: string, address: string): void {
  const link = document.createElement('a');
  link.download = name;
  link.href = address;
  link.click();
}
