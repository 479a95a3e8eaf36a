import { describe } from 'vitest';

import { describeProcesses } from './conformance.fixture.js';

describe('with 5 sessions a process', () => describeProcesses(5));
