import { expect, test } from 'vitest';

import { resolveOptions } from './resolve-options.js';

test.each([
  ['a label is not registered', { deploymentVersion: 'v2' }, {}, ''],
  ['the option', { deployment: ' blue ' }, {}, 'blue'],
  ['the variable', {}, { LIVEKIT_AGENT_DEPLOYMENT: 'green' }, 'green'],
  ['the option wins', { deployment: 'blue' }, { LIVEKIT_AGENT_DEPLOYMENT: 'green' }, 'blue'],
  ['none', {}, {}, ''],
] as const)('what LiveKit chooses workers by: %s', (_what, options, env, deployment) => {
  expect(resolveOptions(options, env).deployment).toBe(deployment);
});
