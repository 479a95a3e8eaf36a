import { telemetry } from '@livekit/agents';
import { INVALID_SPAN_CONTEXT, type Span, type TracerProvider, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';

import { ticketOf } from '../call/ticket.fixture.js';
import { inCallSpan } from './call-span.js';

const before = telemetry.tracer.getProvider();
afterEach(() => telemetry.tracer.setProvider(before));

/** A provider of a user, which writes down its spans, and when they end. */
function recorder() {
  const seen: unknown[] = [];
  const provider = {
    getTracer: () => ({
      startActiveSpan(
        name: string,
        { attributes }: { attributes: object },
        _context: unknown,
        run: (span: Span) => unknown,
      ) {
        seen.push({ name, ...attributes });
        const span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
        return run(Object.assign(span, { end: () => seen.push('end') }));
      },
    }),
  };
  return { seen, provider: provider as unknown as TracerProvider };
}

const expected = {
  name: 'job_entrypoint',
  'lk.job_id': 'AJ_1',
  'lk.agent_name': 'echo',
  'lk.pii.room_name': 'lobby',
};

test('a call is one span, which names it', async () => {
  const { seen, provider } = recorder();
  telemetry.tracer.setProvider(provider);
  const begun = inCallSpan(ticketOf(), async () => void seen.push('begun'));
  await begun;
  expect(seen).toEqual([expected, 'begun', 'end']);
});

test('it ends when the call cannot begin', async () => {
  const { seen, provider } = recorder();
  telemetry.tracer.setProvider(provider);
  const begun = inCallSpan(ticketOf(), () => Promise.reject(new Error('no room')));
  await expect(begun).rejects.toThrow('no room');
  expect(seen).toEqual([expected, 'end']);
});

test('without a tracer provider the call begins all the same', async () => {
  await expect(inCallSpan(ticketOf(), async () => 'begun')).resolves.toBe('begun');
});
