import { defineAgent, voice } from '@livekit/agents';
import { TheAgent, greeting, providers, turnHandling } from './paced-agent.mjs';

export default defineAgent({
  entry: async (ctx) => {
    const session = new voice.AgentSession({ ...providers(), turnHandling });
    session.on('close', () => ctx.shutdown());
    await ctx.connect();
    await session.start({ agent: new TheAgent(), room: ctx.room, record: false });
    session.say(greeting);
  },
});
