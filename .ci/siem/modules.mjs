// npm's packages, which lie outside the repository.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// folder is where they were installed; check sets it.
export const folder = process.env.MODULES ?? import.meta.dirname;

export const isInstalled = (name) => existsSync(join(folder, 'node_modules', name));

export const load = createRequire(join(folder, 'package.json'));
