import type { IsolationStrategy } from '@openrtc/core';
import { expect, it } from 'vitest';

const { isolation } = (await import(
  new URL('../fixtures/isolation.mjs', import.meta.url).href
)) as { isolation: (choice?: string) => IsolationStrategy };

it('runs calls in the process of the worker when told so', () => {
  expect(isolation('coroutine').name).toBe('coroutine');
});

it('runs calls in processes, so many in each', () => {
  expect(isolation('processes').name).toBe('process');
  expect(isolation('processes:5').name).toBe('process');
  expect(() => isolation('processes:none')).toThrow('sessionsPerProcess');
});

it.each(['threads', 'constructor', 'coroutine:5', ':'])('does not know %s', (choice) => {
  expect(() => isolation(choice)).toThrow(
    `OPENRTC_E2E_ISOLATION is '${choice}'; known are: coroutine, processes`,
  );
});
