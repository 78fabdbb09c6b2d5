import { createButton } from './controls';
import { element } from './dom';

/** A button that opens a list of actions: by click, Enter or arrow down; arrows move, Escape closes and gives the focus back. */
export function createMenu(
  label: string,
  entries: readonly (readonly [label: string, act: () => void])[],
): HTMLElement {
  const root = element('div', 'menu');
  const list = element('div', 'menu-list');
  list.setAttribute('role', 'menu');
  list.setAttribute('aria-label', label);
  list.hidden = true;
  const button = createButton(`${label} ▾`, 'secondary', () => setOpen(list.hidden));
  button.setAttribute('aria-haspopup', 'menu');
  button.setAttribute('aria-expanded', 'false');
  const items = entries.map(([text, act]) => {
    const item = element('button', 'menu-item', text);
    item.setAttribute('role', 'menuitem');
    item.tabIndex = -1;
    item.addEventListener('click', () => {
      setOpen(false);
      act();
    });
    return item;
  });
  list.append(...items);
  root.append(button, list);

  function setOpen(isOpen: boolean): void {
    list.hidden = !isOpen;
    button.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) items[0]?.focus();
    else button.focus();
  }

  root.addEventListener('keydown', (event) => {
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape' && !list.hidden) setOpen(false);
    else if (step && list.hidden) setOpen(true);
    else if (step) items[(at + step + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
  });
  root.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && root.contains(relatedTarget)) return;
    list.hidden = true;
    button.setAttribute('aria-expanded', 'false');
  });
  return root;
}
