import { voice } from '@livekit/agents';
import { AgentPool } from '@openrtc/core';
import { EchoLLM, ToneTTS } from '@openrtc/core/testing';

import { containers } from './containers.js';
import { docker } from './docker.js';

// The program of the worker and of the image for each call: `pool.run()` knows which one it is.

class Receptionist extends voice.Agent {
  constructor() {
    super({ instructions: 'You answer the telephone of a hotel.' });
  }
}

const pool = new AgentPool({
  isolation: containers({
    client: docker({ image: 'openrtc-calls' }),
    // Docker's default bridge on Linux, which other machines cannot reach.
    listenOn: process.env['LISTEN_ON'] ?? '172.17.0.1',
    connectModule: 'file:///app/dist/connect.js',
  }),
  // This many containers must fit into memory, and an idle one.
  maxConcurrentSessions: 8,
  defaults: { llm: () => new EchoLLM(), tts: () => new ToneTTS() },
});
pool.add('receptionist', Receptionist, { greeting: 'Hotel Zur Post, good evening.' });
await pool.run();
