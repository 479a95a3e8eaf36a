import { expect } from 'vitest';

import type { Example, ExampleCall } from './example-calls.js';

/** What is typed, on the embedded endpoint. */
export const typed: readonly Example<ExampleCall>[] = [
  {
    shape: 'One agent with a tool',
    agent: 'basic',
    async talk(call) {
      expect(await call.next()).toBe('Hello, I know the weather.');
      expect(await call.say('/lookupWeather {"city":"Rome"}')).toBe('It is sunny in Rome.');
      expect(await call.say('thanks')).toBe('You said: thanks');
    },
  },
  {
    shape: 'Several agents, with data of the session',
    agent: 'multi-agent',
    async talk(call) {
      expect(await call.next()).toBe('Who are you?');
      expect(await call.say('/introduced {"name":"Ada","city":"Rome"}')).toBe(
        `Who are you? Ada of Rome, the caller in ${call.room}.`,
      );
    },
  },
  {
    shape: 'Tasks',
    agent: 'tasks',
    async talk(call) {
      expect(await call.next()).toBe('What is your name?');
      expect(await call.say('/saveName {"name":"Ada"}')).toBe('What is your role?');
      expect(await call.say('/saveRole {"role":"pilot"}')).toBe('Ada is a pilot.');
      expect(await call.say('/changeName')).toBe('What is your name?');
      expect(await call.say('/saveName {"name":"Grace"}')).toBe('Now you are Grace.');
    },
  },
  {
    shape: 'Task groups',
    agent: 'task-group',
    async talk(call) {
      expect(await call.next()).toBe('Welcome.');
      expect(await call.say('/onboard')).toBe('What is your name?');
      expect(await call.say('/save_name {"value":"Ada"}')).toBe('Done: name.');
      expect(await call.next()).toBe('What is your email?');
      expect(await call.say('/out_of_scope {"task_ids":["name"]}')).toBe('What is your name?');
      expect(await call.say('/save_name {"value":"Grace"}')).toBe('Done: name.');
      expect(await call.next()).toBe('What is your email?');
      expect(await call.say('/save_email {"value":"g@example.com"}')).toBe('Done: email.');
      expect(await call.next()).toBe('{"name":"Grace","email":"g@example.com"}');
    },
  },
  {
    shape: 'Asynchronous tools',
    agent: 'async-tools',
    async talk(call) {
      expect(await call.next()).toBe('Where to?');
      expect(await call.say('/research')).toBe('I look into it.');
      expect(await call.say('/bookFlight {"to":"Rome"}')).toBe('I look for flights to Rome.');
      expect(await call.next()).toBe('Still looking.');
      expect(await call.next()).toBe('What is your email?');
      expect(await call.say('/saveEmail {"email":"a@example.com"}')).toBe(
        'Booked a flight to Rome, for a@example.com.',
      );
    },
    async afterwards(call) {
      expect(await call.noted('research')).toBe('cancelled');
    },
  },
  {
    shape: 'Toolsets',
    agent: 'toolsets',
    async talk(call) {
      expect(await call.next()).toBe('Hello.');
      expect(await call.say('/time')).toBe('It is noon.');
      expect(await call.say('/swap')).toBe('Swapped.');
      expect(await call.say('/time')).toBe('It is midnight.');
    },
    async afterwards(call) {
      expect(await call.noted('toolset')).toBe('closed');
    },
  },
  {
    shape: 'Tools with a JSON schema',
    agent: 'raw-tools',
    async talk(call) {
      expect(await call.next()).toBe('Which gate?');
      expect(await call.say('/openGate {"gate":"north"}')).toBe('The north gate is open.');
    },
  },
  {
    shape: 'Own text handlers',
    agent: 'text-handler',
    async talk(call) {
      expect(await call.next()).toBe('Type something.');
      expect(await call.say('/status')).toMatch(/^All is well, caller-/);
      expect(await call.say('this is spam')).toBe('I do not answer that.');
      expect(await call.say('hello')).toBe('You said: HELLO');
    },
  },
  {
    shape: 'Instructions for typed and spoken words',
    agent: 'modality',
    async talk(call) {
      expect(await call.next()).toBe('When?');
      expect(await call.say('now')).toBe('You said: The caller types. now');
    },
  },
  {
    shape: 'Own nodes',
    agent: 'nodes',
    async talk(call) {
      expect(await call.next()).toBe('HELLO.');
      expect(await call.say('tea')).toBe('YOU SAID: TEA!');
    },
  },
  {
    shape: 'A fallback for models',
    agent: 'fallback',
    async talk(call) {
      expect(await call.next()).toBe('Hello.');
      expect(await call.say('anybody?')).toBe('You said: anybody?');
      expect(await call.noted('available')).toEqual(['examples.BrokenLLM', false]);
    },
  },
  {
    shape: 'Manual shutdown',
    agent: 'manual-shutdown',
    reason: 'agent_shutdown',
    async talk(call) {
      expect(await call.next()).toBe('Hello.');
      expect(await call.say('/endCall {"reason":"done"}')).toBe(
        'You said: Goodbye, because of: done',
      );
    },
    async afterwards(call) {
      expect(await call.noted('closed')).toBe('done');
      expect(await call.noted('shutdown')).toBe('done');
    },
  },
  {
    shape: 'Session reports',
    agent: 'session-report',
    async talk(call) {
      expect(await call.next()).toBe('Hello.');
      expect(await call.say('note this')).toBe('You said: note this');
    },
    async afterwards(call) {
      expect(await call.noted('report')).toMatchObject({
        jobId: expect.stringMatching(/^AJ_/),
        said: ['assistant: Hello.', 'user: note this', 'assistant: You said: note this'],
      });
    },
  },
  {
    shape: 'OpenTelemetry traces',
    agent: 'traces',
    async talk(call) {
      expect(await call.next()).toBe('Hello.');
      expect(await call.say('/handOver')).toBe('I am the second one.');
    },
    async afterwards(call) {
      expect(await call.noted('spans')).toMatchObject({
        names: expect.arrayContaining([
          'agent_session',
          'agent_turn',
          'function_tool',
          'job_entrypoint',
          'llm_node',
          'on_enter',
        ]),
        sessions: 1,
        services: ['examples'],
      });
    },
  },
  {
    shape: 'Agents without a class',
    agent: 'functional',
    inFile: false,
    async talk(call) {
      expect(await call.next()).toBe('Hello.');
      expect(await call.say('/add {"a":2,"b":3}')).toBe('It is 5.');
    },
  },
];
