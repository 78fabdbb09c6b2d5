/** An element with a class and text. Text is always text, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = '',
  text = '',
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag);
  if (className) created.className = className;
  if (text) created.textContent = text;
  return created;
}

/** Writes a text only if it is another one, so that a selection survives. */
export function write(place: Element, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}
