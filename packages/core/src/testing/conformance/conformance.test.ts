import { describe, it } from 'vitest';

import { cloning } from '../cloning-isolation.js';
import { describeIsolation } from './isolation-suite.js';

describeIsolation({ describe, it, createStrategy: () => cloning() });
