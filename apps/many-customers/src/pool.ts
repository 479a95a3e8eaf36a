import { voice } from '@livekit/agents';
import { AgentPool, type AgentPoolOptions } from '@openrtc/core';

import { findCustomer } from './customers.js';

class Orders extends voice.Agent {
  constructor() {
    super({ instructions: 'You take orders.' });
  }
}

class Support extends voice.Agent {
  constructor() {
    super({ instructions: 'You help with what was ordered.' });
  }
}

/** One pool for all customers. */
export function createPool(options: AgentPoolOptions = {}): AgentPool {
  const pool = new AgentPool({
    tenants: findCustomer,
    maxSessionsPerTenant: 20,
    breaker: { minCalls: 3 },
    ...options,
  });
  pool.add('orders', Orders);
  pool.add('support', Support);
  return pool;
}
