#!/usr/bin/env node
// There before the package is built: pnpm links it when it installs the workspace.
import '../dist/bin.js';
