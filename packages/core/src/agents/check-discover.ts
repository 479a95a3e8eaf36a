import { kindOf } from '../base/kind-of.js';
import { checkFunction, checkKeys, invalidOption } from '../base/option-checks.js';

const WHERE = 'discover()';

/**
 * Checks the arguments of `discover()`.
 * @throws OpenRtcError `CONFIG_INVALID_OPTION`
 */
export function checkDiscover(directory: unknown, options: unknown): void {
  const problem = problemOf(directory);
  if (problem !== undefined)
    throw invalidOption(
      WHERE,
      `the directory must be a path or a file: URL, such as './agents', got ${problem}`,
    );
  checkKeys(WHERE, options, ['importModule']);
  checkFunction(WHERE, 'importModule', options['importModule']);
}

function problemOf(directory: unknown): string | undefined {
  if (directory instanceof URL)
    return directory.protocol === 'file:' ? undefined : `a URL with ${directory.protocol}`;
  if (typeof directory !== 'string') return kindOf(directory);
  return directory.trim() === '' ? 'a blank string' : undefined;
}
