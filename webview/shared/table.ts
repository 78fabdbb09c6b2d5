import { element } from './dom';

/** A plain table whose first column names the rows, in a box that scrolls where it is wider than the page. */
export function table(label: string, head: string[], rows: string[][], className = ''): HTMLElement {
  const made = element('table', className);
  made.setAttribute('aria-label', label);
  const heads = element('tr');
  heads.append(...head.map((text) => headCell(text, 'col')));
  const thead = element('thead');
  thead.append(heads);
  const tbody = element('tbody');
  for (const [name = '', ...cells] of rows) {
    const row = element('tr');
    row.append(headCell(name, 'row'), ...cells.map((text) => element('td', '', text)));
    tbody.append(row);
  }
  made.append(thead, tbody);
  const box = scrollBox(label);
  box.append(made);
  return box;
}

/** Wide content scrolls inside of it, by keyboard too. */
export function scrollBox(label: string): HTMLElement {
  const box = element('div', 'scroll-box');
  box.tabIndex = 0;
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', label);
  return box;
}

export function headCell(text: string, scope: 'col' | 'row'): HTMLTableCellElement {
  const made = element('th', '', text);
  made.scope = scope;
  return made;
}
