import type { ModuleRunner } from './modules/module-runner.js';

// As long as discover() gives each file.
const IMPORT_MS = 30_000;

/**
 * Waits for imports of a runner.
 * @throws an Error that names the files that wait, when they take too long
 */
export async function importInTime(runner: ModuleRunner, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new Error(
            `${runner.waiting.join(', ')}: something at the top level waits, for more than ${IMPORT_MS / 1_000} s`,
          ),
        ),
      IMPORT_MS,
    );
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
