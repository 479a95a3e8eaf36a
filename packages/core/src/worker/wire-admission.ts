import { Admission } from '../admit/admission.js';
import { CallRate } from '../admit/call-rate.js';
import { capGates } from '../admit/cap-gates.js';
import type { MemoryGuard } from '../admit/memory-guard.js';
import { Quarantine } from '../admit/quarantine.js';
import { TenantBreaker } from '../admit/tenant-breaker.js';
import { rateGate } from '../admit/tenant-check.js';
import type { BreakerChange } from '../call/breaker-change.js';
import type { WorkerOptions } from './worker-options.js';

/** What decides about a place for a call. */
export interface AdmissionParts {
  /** Decides whether there is a place for a call. */
  readonly admission: Admission;
  /** Refuses tenants whose calls are not answered. Undefined when the pool has none. */
  readonly breaker: TenantBreaker | undefined;
  /** Refuses jobs that fail again and again. Undefined when the pool has none. */
  readonly quarantine: Quarantine | undefined;
  /** Counts the new calls of tenants. */
  readonly rate: CallRate;
}

/** Parts that are built later: no call is offered before all are there. */
export interface LaterParts {
  readonly memory: () => MemoryGuard;
  readonly onBreakerChange: (change: BreakerChange) => void;
}

/** Builds the admission of a worker with its gates, in the order in which they are asked. */
export function admissionOf(
  { resolved, registry, tenants, logger }: WorkerOptions,
  { memory, onBreakerChange }: LaterParts,
): AdmissionParts {
  const { maxConcurrentSessions, maxSessionsPerAgent, maxSessionsPerTenant } = resolved;
  const rate = new CallRate();
  const admission: Admission = new Admission({
    maxConcurrentSessions,
    gates: [
      ...capGates({
        admission: () => admission,
        perAgent: maxSessionsPerAgent,
        perTenant: {
          of: (name) => tenants?.peek(name)?.maxSessions ?? maxSessionsPerTenant.of(name),
        },
      }),
      () => memory().gate(),
      // The last ones: a call that they let through may be the one that is tried, and counts.
      (call) => breaker?.gate(call),
      (call, metadata) => quarantine?.gate(call, metadata),
      ...(tenants === undefined ? [] : [rateGate(tenants, rate)]),
    ],
  });
  const breaker =
    resolved.breaker &&
    new TenantBreaker({
      limits: resolved.breaker,
      admission: () => admission,
      onChange: onBreakerChange,
      logger,
    });
  const quarantine =
    resolved.quarantine &&
    new Quarantine({
      limits: resolved.quarantine,
      admission: () => admission,
      revisionOf: (agent) => (registry.has(agent) ? registry.get(agent).revision : -1),
      logger,
    });
  return { admission, breaker, quarantine, rate };
}
