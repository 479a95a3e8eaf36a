import { describeIsolation } from '@openrtc/core/testing';
import { describe, it } from 'vitest';

import { coroutine } from './index.js';

describeIsolation({ describe, it, createStrategy: () => coroutine() });
