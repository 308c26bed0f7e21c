// Checks JSON with the types that its reader publishes for TypeScript. An unknown member,
// a missing one and a value of another type are errors.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, load } from './modules.mjs';

const panelTypes = 'node_modules/@grafana/schema/dist/types/raw/composable';

// String enums are written as their value in JSON.
const plain = `
type Plain<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
`;

function program(siem) {
  const read = (file) => JSON.parse(readFileSync(join(siem, file), 'utf8'));
  const board = read('grafana/dashboard.json');
  const lines = [
    `import type { estypes } from '@elastic/elasticsearch';`,
    `import type { Dashboard } from '@grafana/schema';`,
    `import type { Options as Stat } from './${panelTypes}/stat/panelcfg/x/types.gen';`,
    `import type { Options as TimeSeries, FieldConfig as TimeSeriesField } from './${panelTypes}/timeseries/panelcfg/x/types.gen';`,
    plain,
    value('template', `Omit<estypes.IndicesPutIndexTemplateRequest, 'name'>`, read('elasticsearch/index-template.json')),
    value('pipeline', `Omit<estypes.IngestPutPipelineRequest, 'id'>`, read('elasticsearch/ingest-pipeline.json')),
    value('dashboard', 'Plain<Dashboard>', board),
  ];
  for (const panel of board.panels) {
    const kind = { stat: 'Stat', timeseries: 'TimeSeries' }[panel.type];
    lines.push(value(`options${panel.id}`, `Partial<Plain<${kind}>>`, panel.options));
    if (kind === 'TimeSeries') {
      lines.push(value(`custom${panel.id}`, 'Partial<Plain<TimeSeriesField>>', panel.fieldConfig.defaults.custom));
    }
  }
  return lines.join('\n');
}

const value = (name, type, json) => `export const ${name}: ${type} = ${JSON.stringify(json)};`;

export function types(siem) {
  const ts = load('typescript');
  const file = join(folder, 'generated.ts');
  const text = program(siem);
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) => name === file ? ts.createSourceFile(name, text, options.target) : getSourceFile.call(host, name, ...rest);
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  host.readFile = (name) => name === file ? text : readFile.call(host, name);
  const problems = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
  if (problems.length > 0) {
    throw new Error(problems.map((p) => ts.flattenDiagnosticMessageText(p.messageText, '\n')).join('\n'));
  }
}
