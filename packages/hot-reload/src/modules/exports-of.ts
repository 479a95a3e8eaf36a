import type { Namespace } from './module-runner.js';

/** The exports that have a value: one of a circle of imports may have none yet. */
export function* exportsOf(exports: Namespace): Generator<readonly [string, unknown]> {
  // The default export first: it stays the default export when its class gets another name.
  const names = Object.keys(exports).sort(
    (one, other) => Number(other === 'default') - Number(one === 'default'),
  );
  for (const name of names) {
    try {
      yield [name, exports[name]];
    } catch {
      // Its module has not come that far, or has failed.
    }
  }
}
