import { createPool } from './pool.js';

// A worker for a LiveKit server: LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, and LLM_KEY_ACME and so on.
await createPool().run();
