/** Pieces of text are collected for this long before they go to the page that the reader is in. */
const activeMs = 50;
/** Other pages share what three of them would need, so that 64 on one screen cost little more; no text is later than this. */
const sharedBy = 3;
const latestMs = 1_000;

/** How long to collect text for one page. @param livePages pages that show a running trace */
export function collectMs(isActive: boolean, livePages: number): number {
  return isActive ? activeMs : Math.min(latestMs, activeMs * Math.max(1, Math.ceil(livePages / sharedBy)));
}
