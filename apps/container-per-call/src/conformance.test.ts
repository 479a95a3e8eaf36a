import { describeIsolation } from '@openrtc/core/testing';
import { afterAll, describe, it } from 'vitest';

import { containers } from './containers.js';
import { docker } from './docker.js';
import { FakeDocker } from './fake-docker.fixture.js';

// No Docker engine is asked for here: each container is a plain process that a stand-in for the docker command
// starts. Everything else is what users run: the strategy, its connections, the real client, the built connect.js.
const fake = new FakeDocker();
Object.assign(process.env, fake.env);
afterAll(() => fake[Symbol.dispose]());

describeIsolation({
  describe,
  it,
  patienceMs: 20_000,
  createStrategy: (scenario) =>
    containers({
      client: docker({ image: 'conformance' }),
      listenOn: '127.0.0.1',
      connectModule: 'file:///app/dist/connect.js',
      env: { SCENARIO: JSON.stringify(scenario) },
    }),
  // Also the one that waits for the next call.
  crash: () => fake.killAll(),
});
