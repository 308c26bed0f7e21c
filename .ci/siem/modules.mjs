// Modules of npm, which are installed outside of the repository.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// folder is where they are installed; .ci/siem/check sets it.
export const folder = process.env.MODULES ?? import.meta.dirname;

export const isInstalled = (name) => existsSync(join(folder, 'node_modules', name));

export const load = createRequire(join(folder, 'package.json'));
