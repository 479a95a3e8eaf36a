import { voice } from '@livekit/agents';

import { silentLogger } from '../../base/logger.js';
import { AgentPool } from '../../pool/agent-pool.js';
import type { AgentPoolOptions } from '../../options/pool-options.js';
import type { SessionOutcome } from '../../call/session-outcome.js';
import { cloning } from '../cloning-isolation.js';
import { EchoLLM } from '../providers/echo-llm.js';
import type { EmbeddedLiveKit } from './embedded-livekit.js';

class Echo extends voice.Agent {
  constructor() {
    super({ instructions: 'You repeat.' });
  }
}

/** A real pool on an embedded endpoint, with one agent that greets and repeats. */
export class RunningPool implements AsyncDisposable {
  readonly pool: AgentPool;
  readonly outcomes: SessionOutcome[] = [];
  readonly finished: Promise<void>;

  constructor(livekit: EmbeddedLiveKit, options: AgentPoolOptions = {}) {
    const { url, apiKey, apiSecret } = livekit;
    this.pool = new AgentPool({
      isolation: cloning(),
      models: null,
      logger: silentLogger,
      livekit: { url, apiKey, apiSecret },
      observers: [{ onSessionEnd: (_info, outcome) => void this.outcomes.push(outcome) }],
      ...options,
    });
    this.pool.add('echo', Echo, { llm: () => new EchoLLM(), greeting: 'Hello.' });
    this.finished = this.pool.run({ processHandlers: false });
    // Who waits for it sees a rejection; nobody has to.
    this.finished.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
    await this.finished.catch(() => undefined);
  }
}
