// A command that reloads the agents of its pools. It is compiled, and not run.
import { AgentPool, type ReloadReport, type ReloadedCall, pinReload } from '@openrtc/core';
import { hostCommand, isAgentFile } from '@openrtc/core/host';
import { type Compiler, HotCode, watchAgents } from '@openrtc/hot-reload';
import { type Plugin, build } from 'esbuild';

const packages = (): Plugin => ({ name: 'packages', setup() {} });
const compiler: Compiler = { build, packages };
const code = new HotCode({ compiler, folder: '/tmp/private', agentsBeside: () => [] });
const release = hostCommand({
  run: (hosted, options) => hosted.run({ ...options, cli: false }),
  importer: code,
});
const pool = new AgentPool();
release();

export const watching: Promise<AsyncDisposable> = watchAgents({
  pool,
  code,
  isAgentFile,
  onReload: ({ outcome, calls }: ReloadReport) => {
    const kept: readonly ReloadedCall[] = calls.filter(({ result }) => result === 'kept_old');
    if (outcome === 'applied' && kept.length > 0) process.exitCode = 1;
  },
  onError: (error) => {
    throw error;
  },
});

export async function pay(session: Parameters<typeof pinReload>[0]): Promise<void> {
  using pin = pinReload(session);
  await Promise.resolve();
  pin.release();
}
