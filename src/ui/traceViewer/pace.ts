/** Pieces of text are collected for this long before they go to the page that the reader is in. */
const activeMs = 50;
/** Other pages share what eight of them would need, so that 64 cost no more; a line is never later than this. */
const sharedBy = 8;
const latestMs = 400;

/** How long to collect text for one page. @param livePages pages that show a running trace */
export function collectMs(isActive: boolean, livePages: number): number {
  return isActive ? activeMs : Math.min(latestMs, activeMs * Math.max(1, Math.ceil(livePages / sharedBy)));
}
