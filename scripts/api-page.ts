// docs/API.md: every call of the HTTP API, from its contract. Usage: node scripts/api-page.ts [--check]
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyScopes, openApiDocument, routes, scopesFor } from '../daemon/api/contract/index.ts'
import type { RouteName } from '../daemon/api/contract/index.ts'

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly default?: unknown
}
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly security?: readonly unknown[]
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: Schema }[]
  readonly requestBody?: { content: Readonly<Record<string, { schema: Schema }>> }
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: Schema }>> }>>
}
interface Document {
  readonly tags: readonly { name: string; description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const page = join(import.meta.dirname, '..', 'docs', 'API.md')
const fits = 90

/** A schema as TypeScript would write it. */
function typeOf(schema: Schema, indent = ''): string {
  const { $ref, anyOf, oneOf, allOf, type, items, prefixItems, properties } = schema
  if ($ref !== undefined) return $ref.replace('#/components/schemas/', '')
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(value => JSON.stringify(value)).join(' | ')
  const forms = anyOf ?? oneOf
  if (forms !== undefined) return [...new Set(forms.map(form => typeOf(form, indent)))].join(' | ')
  if (allOf !== undefined) return allOf.map(form => typeOf(form, indent)).join(' & ')
  if (Array.isArray(type)) return type.join(' | ')
  if (type === 'array') {
    if (prefixItems !== undefined) return `[${prefixItems.map(item => typeOf(item, indent)).join(', ')}]`
    const item = typeOf(items ?? {}, indent)
    return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
  }
  if (type === 'object' || properties !== undefined) return objectType(schema, indent)
  return typeof type === 'string' ? type : 'any'
}

function objectType({ properties, required = [], additionalProperties }: Schema, indent: string): string {
  const fields = Object.entries(properties ?? {})
  if (fields.length === 0)
    return typeof additionalProperties === 'object' ? `{ [name]: ${typeOf(additionalProperties, indent)} }` : '{}'
  const inner = `${indent}  `
  const lines = fields.map(([name, schema]) => `${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)}`)
  const line = `{ ${lines.join(', ')} }`
  return line.length + indent.length <= fits && !line.includes('\n')
    ? line
    : `{\n${lines.map(text => `${inner}${text}`).join('\n')}\n${indent}}`
}

const isRoute = (name: string): name is RouteName => Object.hasOwn(routes, name)

/** Who may make a call. */
function whoMay({ operationId, security, tags }: Operation): string {
  if (security?.length === 0) return 'anybody who reaches it'
  if (operationId === 'metrics') return 'a key to read, or the owner; this machine, where `api.openMetrics` says so'
  if (tags.includes('openai')) return 'a key to ask, or the owner'
  const scopes = isRoute(operationId) ? scopesFor(operationId) : []
  return scopes.length === 0 ? 'the owner alone' : `a key to ${scopes.join(' or ')}, or the owner`
}

function callText(method: string, path: string, operation: Operation): string {
  const { summary, parameters = [], requestBody, responses } = operation
  const told = [`### ${method.toUpperCase()} ${path}`, '', `${summary}. May call: ${whoMay(operation)}.`, '']
  if (parameters.length > 0) {
    told.push('| parameter | where | |', '| --- | --- | --- |')
    for (const { name, in: where, required, schema } of parameters) {
      const usual = schema.default === undefined ? '' : `, ${JSON.stringify(schema.default)} unless given`
      const type = typeOf(schema).replaceAll('|', '\\|')
      told.push(`| \`${name}\` | ${where}${required ? '' : ', optional'} | \`${type}\`${usual} |`)
    }
    told.push('')
  }
  const body = requestBody?.content['application/json']?.schema
  if (body !== undefined) told.push('Body:', '', '```ts', typeOf(body), '```', '')
  for (const [media, { schema }] of Object.entries(responses['200']?.content ?? {})) {
    if (media === 'text/event-stream') told.push('Events, each:', '', '```ts', typeOf(schema), '```', '')
    else if (media === 'application/json') told.push('Reply:', '', '```ts', typeOf(schema), '```', '')
    else told.push(`Reply: \`${media}\`.`, '')
  }
  return told.join('\n')
}

const heading = `# The HTTP API

Every call of a daemon's API, written by \`npm run docs:api\` from its contract (\`daemon/api/contract\`);
\`/openapi.json\` of a running daemon is the same for programs. Amounts are whole numbers of the smallest unit as text,
times milliseconds since 1970, ids 0x and hexadecimal digits. Lists come by pages: \`limit\`, and \`cursor\` with what
the page before said as \`next\`.

The **owner** is whoever has the token of the data folder's \`api-token\`, or a browser that is signed in. **Keys** are
made by \`tilth keys add NAME --scope SCOPE\`, for ${keyScopes.join(', ')}. Either is sent as
\`Authorization: Bearer …\`. What fails has a status and
\`{"error": {"code", "message", "help"?, "type"}}\`: programs go by the code.
`.split('\n')

/** The page, whole. */
export function apiPage(): string {
  // The version is no part of it: a release would change nothing else.
  const document = openApiDocument('') as unknown as Document
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation }))
  )
  const sections = document.tags.map(({ name, description }) => {
    const own = calls.filter(({ operation }) => operation.tags[0] === name)
    return [
      `## ${name}`,
      '',
      `${description}.`,
      '',
      ...own.map(one => callText(one.method, one.path, one.operation))
    ].join('\n')
  })
  const forms = Object.entries(document.components.schemas)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => `type ${name} = ${typeOf(schema)}`)
  return [...heading, ...sections, '## Forms', '', '```ts', forms.join('\n'), '```', ''].join('\n')
}

if (import.meta.main) {
  const text = apiPage()
  if (!process.argv.includes('--check')) writeFileSync(page, text)
  else if (readFileSync(page, 'utf8') !== text) {
    console.error('docs/API.md is not what the contract says: npm run docs:api')
    process.exitCode = 1
  }
}
