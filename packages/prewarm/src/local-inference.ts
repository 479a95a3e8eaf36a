import { createRequire } from 'node:module';
import type * as localInference from '@livekit/local-inference';
import { OpenRtcError } from '@openrtc/core';

/** The native package with the VAD and the turn detector. */
export type LocalInference = Omit<typeof localInference, 'default'>;

const PACKAGE = '@livekit/local-inference';
const require = createRequire(import.meta.url);

/** Absolute path of the native package, for a thread that was started from a string and cannot resolve its name. */
export function localInferencePath(): string {
  return require.resolve(PACKAGE);
}

/**
 * Loads the native package. Throws `PREWARM_FAILED` when the package or its binary for this platform is missing or
 * broken.
 * @param load - loads a package. Default: from the dependencies of this package
 */
export function loadLocalInference(load: (id: string) => unknown = require): LocalInference {
  try {
    return load(PACKAGE) as LocalInference;
  } catch (cause) {
    const platform = `${process.platform}-${process.arch}`;
    throw new OpenRtcError(
      'PREWARM_FAILED',
      `${PACKAGE} could not be loaded on ${platform}. Its binary is an optional dependency ` +
        '(there is none for Alpine and other musl systems): install again without leaving optional ' +
        'dependencies out, or give the pool `models: null`.',
      { cause },
    );
  }
}
