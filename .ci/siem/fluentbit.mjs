// Parses Fluent Bit's files with the parser that its makers publish.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from './modules.mjs';

export function fluentBit(siem) {
  const { FluentBitSchema } = load('@calyptia/fluent-bit-config-parser');
  const sections = (name) => {
    const file = join(siem, 'fluent-bit', name);
    return new FluentBitSchema(readFileSync(file, 'utf8'), file).AST;
  };
  const found = [...sections('fluent-bit.conf'), ...sections('parsers.conf')].map(({ command, name }) => `${command} ${name}`);
  const want = ['SERVICE undefined', 'INPUT tail', 'OUTPUT splunk', 'PARSER tlsfloor'];
  if (found.join() !== want.join()) {
    throw new Error(`read as ${found}`);
  }
}
