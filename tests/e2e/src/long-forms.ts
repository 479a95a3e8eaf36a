/** Set by `npm run nightly`: outages and the like last longer than in CI, which asserts the same. */
const nightly = process.env['OPENRTC_NIGHTLY'] === '1';

/** How long something lasts: short in CI, long at night. */
export function lasting(ms: { readonly inCi: number; readonly nightly: number }): number {
  return nightly ? ms.nightly : ms.inCi;
}
