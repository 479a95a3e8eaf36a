import { expect } from 'vitest';

import type { Example, SpokenCall } from './example-calls.js';

/** What is heard, on a real server. */
export const spoken: readonly Example<SpokenCall>[] = [
  {
    shape: 'Background audio',
    agent: 'background-audio',
    async talk(call) {
      expect(await call.next()).toBe('Welcome to the office.');
      expect(await call.say('/search')).toBe('Nothing was found.');
      const { state, tracks } = (await call.noted('sounds')) as { state: string; tracks: string[] };
      expect(state).toBe('thinking');
      expect(new Set(tracks)).toEqual(new Set(['background_audio', 'roomio_audio']));
    },
  },
  {
    shape: 'A sound file in an own track',
    agent: 'own-audio',
    async talk({ caller }) {
      await caller.waitForAudio({ minMs: 500, fromJoin: true });
    },
    async afterwards(call) {
      expect(await call.noted('music')).toBe('stopped');
    },
  },
  {
    shape: 'RPC',
    agent: 'rpc',
    async talk(call) {
      expect(await call.next()).toBe('Hello.');
      expect(JSON.parse(await call.caller.rpc('who', 'me?'))).toMatchObject({
        callerIdentity: 'caller',
        payload: 'me?',
        agent: expect.stringMatching(/rpc$/),
      });
      expect(await call.say('/askScreen')).toBe('The screen is on.');
    },
  },
  {
    shape: 'Push-to-talk',
    agent: 'push-to-talk',
    async talk(call) {
      const { caller } = call;
      expect(await call.next()).toBe('Over to you.');
      expect(await caller.rpc('start_turn')).toBe('listening');
      await caller.speak('goodbye', { tailMs: 500 });
      expect((await caller.nextTranscript('user')).text).toBe('forget this');
      expect(await caller.rpc('cancel_turn')).toBe('forgotten');
      expect(await caller.rpc('start_turn')).toBe('listening');
      await caller.speak('goodbye', { tailMs: 500 });
      expect((await caller.nextTranscript('user')).text).toBe('is anybody there');
      expect(await caller.rpc('end_turn')).toBe('answering');
      expect(await call.next()).toBe('You said: is anybody there');
    },
  },
  {
    shape: 'Idle callers',
    agent: 'idle-user',
    reason: 'agent_shutdown',
    async talk(call) {
      expect(await call.next()).toBe('I am listening.');
      expect(await call.next()).toBe('Are you still there?');
      await call.caller.speak('goodbye');
      const said = [await call.next(), await call.next()];
      if (said[0] === 'Are you still there?') said[0] = await call.next();
      expect(said).toContain('You said: yes, I am here');
    },
  },
  {
    shape: 'Realtime models',
    agent: 'realtime',
    async talk(call) {
      expect(await call.next()).toBe('Hello, I am fast.');
      const heard = call.caller.waitForAudio();
      expect(await call.say('/lookup')).toBe('The answer is 42.');
      await heard;
      await call.caller.speak('goodbye');
      expect(await call.next()).toBe('I heard the words of the caller.');
    },
  },
  {
    shape: 'Answering machine detection',
    agent: 'answering-machine',
    reason: 'agent_shutdown',
    async talk(call) {
      expect(await call.next()).toBe('I will call again.');
      expect(await call.noted('answered by')).toBe('uncertain');
    },
  },
  {
    shape: 'The tool that ends the call',
    agent: 'end-call',
    reason: 'agent_shutdown',
    async talk(call) {
      expect(await call.next()).toBe('Hello.');
      expect(await call.say('/end_call')).toBe('Goodbye.');
      expect(await call.caller.waitForEnd()).toBe('ROOM_DELETED');
    },
  },
  {
    shape: 'Warm transfer',
    agent: 'warm-transfer',
    faults: { toolErrors: 1 },
    async talk(call) {
      expect(await call.next()).toBe('Support, hello.');
      expect(await call.say('/transfer')).toBe('Please hold.');
      expect(await call.next()).toBe('could not dial human agent');
    },
  },
];
