import { describe } from 'vitest';

import { describeProcesses } from './conformance.fixture.js';

describe('with 1 session a process', () => describeProcesses(1));
