/** Set by `npm run nightly`: outages last longer, and there are more calls, than in CI, which asserts the same. */
const nightly = process.env['OPENRTC_NIGHTLY'] === '1';

/** How long something lasts: short in CI, long at night. */
export function lasting(ms: { readonly inCi: number; readonly nightly: number }): number {
  return nightly ? ms.nightly : ms.inCi;
}

/** How often something is done: a few times in CI, many at night. */
export function times({ inCi, nightly: often }: { inCi: number; nightly: number }): number {
  return nightly ? often : inCi;
}

/** Rows of a table that are only run at night. */
export function onlyAtNight<Row>(rows: readonly Row[]): readonly Row[] {
  return nightly ? rows : [];
}
