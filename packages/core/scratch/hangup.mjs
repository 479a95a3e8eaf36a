import { voice } from '@livekit/agents';
import { AgentPool } from '@openrtc/core';
import { startEmbeddedLiveKit, EchoLLM } from '@openrtc/core/testing';
import { coroutine } from '@openrtc/isolation-coroutine';
const lk = await startEmbeddedLiveKit();
const delayMs = Number(process.argv[2] ?? 0);
const pool = new AgentPool({ isolation: coroutine(), models: null, livekit: { url: lk.url, apiKey: lk.apiKey, apiSecret: lk.apiSecret } });
pool.add('a', () => new voice.Agent({ instructions: '' }), { greeting: 'Hello.', llm: () => new EchoLLM({ reply: (t) => t }) });
const running = pool.run({ cli: false });
await lk.until(({ workers }) => workers.length > 0, 60000);
for (let i = 0; i < 3; i++) {
  const call = await lk.call();
  const t0 = performance.now();
  if (delayMs > 0) await new Promise((r) => setTimeout(r, delayMs));
  call.hangUp();
  const out = await call.ended;
  const t1 = performance.now();
  while (pool.runtimeSnapshot().activeSessions > 0) await new Promise((r) => setTimeout(r, 20));
  console.log(i, out, Math.round(t1 - t0), 'free after', Math.round(performance.now() - t0));
}
await pool.close(); await lk.close(); await running; process.exit(0);
