import type { Companion, WorkerContext } from './companion.js';
import { dashboard } from './dashboard/dashboard.js';
import { reload } from './reload.js';

const companions: readonly Companion[] = [dashboard, reload];

/** Opens all companions. When one cannot be opened, those opened before it are closed and the error is thrown. */
export async function openCompanions(
  worker: WorkerContext,
  list: readonly Companion[] = companions,
): Promise<AsyncDisposable> {
  const open: AsyncDisposable[] = [];
  const close = async (): Promise<void> => {
    for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
  };
  try {
    for (const companion of list) {
      const opened = await companion.open(worker);
      if (opened !== undefined) open.push(opened);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { [Symbol.asyncDispose]: close };
}
