import type { IsolationStrategy } from '@openrtc/core';
import type { coroutine } from '@openrtc/isolation-coroutine';
import type { ProcessesOptions, processes } from '@openrtc/isolation-process';

import { UsageError } from '../usage-error.js';
import { importFrom } from './import-from.js';

/**
 * Calls in the process of the worker, or of the command.
 * @param folder - folder of the agents
 * @throws UsageError when the package is not installed
 */
export async function coroutineIsolation(folder: string): Promise<IsolationStrategy> {
  const module = await importFrom('@openrtc/isolation-coroutine', folder);
  const found = (module as { readonly coroutine?: typeof coroutine } | undefined)?.coroutine;
  if (found === undefined) throw notInstalled('@openrtc/isolation-coroutine');
  return found();
}

/**
 * Calls in processes of their own.
 * @param folder - folder of the agents
 * @throws UsageError when the package is not installed
 */
export async function processIsolation(
  folder: string,
  options: ProcessesOptions,
): Promise<IsolationStrategy> {
  const module = await importFrom('@openrtc/isolation-process', folder);
  const found = (module as { readonly processes?: typeof processes } | undefined)?.processes;
  if (found === undefined) throw notInstalled('@openrtc/isolation-process');
  return found(options);
}

function notInstalled(name: string): UsageError {
  return new UsageError(`${name} is not installed: npm install ${name}`);
}
