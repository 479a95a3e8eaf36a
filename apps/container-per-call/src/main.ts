import { voice } from '@livekit/agents';
import { AgentPool } from '@openrtc/core';
import { EchoLLM, ToneTTS } from '@openrtc/core/testing';

import { containers } from './containers.js';
import { docker } from './docker.js';

// The worker's program, and what its image runs for each call: `pool.run()` knows which of them it is.

class Receptionist extends voice.Agent {
  constructor() {
    super({ instructions: 'You answer the telephone of a hotel.' });
  }
}

const pool = new AgentPool({
  isolation: containers({
    client: docker({ image: 'openrtc-calls' }),
    // Docker's own bridge on Linux: not reachable from other machines.
    listenOn: process.env['LISTEN_ON'] ?? '172.17.0.1',
    connectModule: 'file:///app/dist/connect.js',
  }),
  // So many times the memory of a container, and one that waits.
  maxConcurrentSessions: 8,
  defaults: { llm: () => new EchoLLM(), tts: () => new ToneTTS() },
});
pool.add('receptionist', Receptionist, { greeting: 'Hotel Zur Post, good evening.' });
await pool.run();
