// The program of `npm start`.
import { Cleanup } from './cleanup.js';
import { demo } from './demo.js';
import { Interrupted, watchSignals } from './interrupt.js';
import { help, readOptions, UsageError } from './options.js';
import { reloadDemo } from './reload/reload-demo.js';

async function main(args: readonly string[]): Promise<number> {
  let options;
  try {
    options = readOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${help}`);
    return 2;
  }
  if (options === 'help') {
    console.log(help);
    return 0;
  }
  const cleanup = new Cleanup();
  let stopNow: () => void = () => undefined;
  const signal = watchSignals(() => stopNow());
  try {
    const run = options.reload ? reloadDemo : demo;
    return await run({ options, cleanup, signal, onStoppable: (stop) => (stopNow = stop) });
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error(`\nInterrupted: stopping the worker, the callers and the server.`);
      return error.exitCode;
    }
    console.error(`\nThe demo failed: ${(error as Error).message}`);
    return 1;
  } finally {
    await cleanup.close();
  }
}

process.exitCode = await main(process.argv.slice(2));
// Everything is closed; ends the process even if a handle is left.
setTimeout(() => process.exit(), 2_000).unref();
