import { initializeLogger, llm } from '@livekit/agents';
import { beforeAll, expect, test } from 'vitest';
import { EchoLLM, type EchoLLMOptions } from './echo-llm.js';

beforeAll(() => initializeLogger({ pretty: false, level: 'silent' }));

function contextWith(...messages: [llm.ChatRole, string][]): llm.ChatContext {
  const chatCtx = llm.ChatContext.empty();
  for (const [role, content] of messages) {
    chatCtx.addMessage({ role, content });
  }
  return chatCtx;
}

async function answer(chatCtx: llm.ChatContext, options?: EchoLLMOptions): Promise<string> {
  return (await new EchoLLM(options).chat({ chatCtx }).collect()).text;
}

test('answers with what the user said last', async () => {
  const chatCtx = contextWith(
    ['system', 'Be kind.'],
    ['user', 'one'],
    ['assistant', 'x'],
    ['user', 'two three'],
  );
  expect(await answer(chatCtx)).toBe('You said: two three');
});

test('streams word by word and reports usage', async () => {
  const chunks: llm.ChatChunk[] = [];
  for await (const chunk of new EchoLLM().chat({ chatCtx: contextWith(['user', 'a b']) })) {
    chunks.push(chunk);
  }
  expect(chunks.flatMap((chunk) => chunk.delta?.content ?? [])).toEqual([
    'You ',
    'said: ',
    'a ',
    'b',
  ]);
  expect(chunks.at(-1)?.usage).toMatchObject({ completionTokens: 4, promptTokens: 2 });
});

test('speaks the last instruction when there is no user turn', async () => {
  const chatCtx = contextWith(['system', 'You are a dentist.\nGreet the caller.']);
  expect(await answer(chatCtx)).toBe('Greet the caller.');
  chatCtx.addMessage({ role: 'user', content: 'hi' });
  chatCtx.addMessage({ role: 'assistant', content: 'hello' });
  expect(await answer(chatCtx)).toBe('Greet the caller.');
});

test('takes a reply function', async () => {
  const reply = (text: string, chatCtx: llm.ChatContext) =>
    `${text.toUpperCase()} ${chatCtx.items.length}`;
  expect(await answer(contextWith(['user', 'hi']), { reply })).toBe('HI 1');
});

test('stops when the stream is closed', async () => {
  const failures: unknown[] = [];
  const echo = new EchoLLM({ tokenDelayMs: 1 });
  echo.on('error', (error) => failures.push(error));
  const ended = new Promise<void>((resolve) => echo.once('metrics_collected', () => resolve()));
  const stream = echo.chat({ chatCtx: contextWith(['user', 'word '.repeat(1000)]) });
  await stream.next();
  stream.close();
  await ended;
  expect(failures).toEqual([]);
});
