// Makes src/lib/api.gen.ts of docs/openapi.json: the paths, their parameters, and the schemas.
// `--check` fails where the file is not what would be made.
import { readFileSync, writeFileSync } from 'node:fs';

const source = new URL('../../docs/openapi.json', import.meta.url);
const target = new URL('../src/lib/api.gen.ts', import.meta.url);
const api = JSON.parse(readFileSync(source, 'utf8'));

/** @returns {string} the TypeScript type of a JSON schema */
function type(schema) {
  if (!schema) return 'unknown';
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  for (const joint of ['oneOf', 'anyOf']) {
    if (schema[joint]) return schema[joint].map(type).join(' | ');
  }
  const kinds = [schema.type ?? []].flat();
  const names = kinds.map((kind) => {
    if (kind === 'array') return `(${type(schema.items)})[]`;
    if (kind === 'object') return schema.properties ? object(schema) : 'Record<string, unknown>';
    return { integer: 'number', number: 'number', string: 'string', boolean: 'boolean' }[kind] ?? kind;
  });
  return names.join(' | ') || 'unknown';
}

function object(schema) {
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties).map(([name, of]) => {
    const note = of.description ? `    /** ${of.description} */\n` : '';
    return `${note}    ${JSON.stringify(name)}${required.has(name) ? '' : '?'}: ${type(of)};\n`;
  });
  return `{\n${members.join('')}  }`;
}

let text = '// Generated from docs/openapi.json by scripts/api-types.mjs; do not edit.\n\n';
for (const [name, schema] of Object.entries(api.components?.schemas ?? {})) {
  text += `export type ${name} = ${type(schema)};\n\n`;
}
text += '/** The query parameters of each path that is read with GET. */\nexport interface Questions {\n';
for (const [path, item] of Object.entries(api.paths)) {
  if (!item.get) continue;
  const parameters = (item.get.parameters ?? []).filter((one) => one.in === 'query');
  const members = parameters.map((one) => {
    const optional = one.required ? '' : '?';
    return `    /** ${one.description} */\n    ${one.name}${optional}: ${type(one.schema)};\n`;
  });
  text += `  /** ${item.get.summary} */\n  ${JSON.stringify(path)}: {\n${members.join('')}  };\n`;
}
text += '}\n';

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/lib/api.gen.ts does not fit docs/openapi.json; run `npm run api`');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
