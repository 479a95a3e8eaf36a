import { expect, it } from 'vitest';

import { describeRealCalls } from './real-calls.js';
import { roomName } from './real-server.js';

describeRealCalls('deployments', (real) => {
  it('a version is a label, and a deployment gets no automatic calls and says so', async () => {
    const apart = await real.startWorker({ agents: 'text', pool: { deployment: 'v2' } });
    const labelled = await real.startWorker({ agents: 'text', pool: { deploymentVersion: 'v2' } });
    const caller = await real.join(roomName('text'), { microphone: false });
    await caller.nextTranscript('agent');
    expect((await labelled.snapshot()).sessions).toHaveLength(1);
    expect(await apart.snapshot()).toMatchObject({ deployment: 'v2', totalSessionsStarted: 0 });
    expect(apart.output).toContain('only dispatches that name it arrive, no automatic ones');
    expect(labelled.output).not.toContain('no automatic ones');
    await caller.hangUp();
  });
});
