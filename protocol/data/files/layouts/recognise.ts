import type { ChatMessage } from '../../types.ts'
import type { ColumnMap, Fault } from '../types.ts'
import { columnFor, inputNames, promptNames, responseNames, systemNames, turnNames } from './names.ts'
import { fault, isFault, isObject, textIn } from './texts.ts'
import type { ListOf } from './texts.ts'
import { conversation, isTurns, speakerOf, turnForm } from './turns.ts'

/** How rows are made of objects with some fields; made once for each set of fields. */
export interface Plan {
  readonly layout: string
  readonly says: string
  readonly used: ReadonlySet<string>
  readonly unused: readonly string[]
  make(value: Record<string, unknown>): { messages: ChatMessage[] } | Fault
}

const named = (columns: readonly string[]): string =>
  columns.map(column => `\`${column.slice(0, 60)}\``).join(', then ')

/** A field, or one within others: `data.question`. */
function fieldOf(value: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(value, path)) return value[path]
  return path
    .split('.')
    .reduce<unknown>((at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined), value)
}

/** The texts of several fields, one below the other; empty ones are left out. */
function textOf(value: Record<string, unknown>, columns: readonly string[], list: ListOf = 'one'): string | Fault {
  const texts: string[] = []
  for (const column of columns) {
    const text = textIn(fieldOf(value, column), list)
    if (isFault(text)) return fault(text.code, `${text.says} (\`${column}\`)`)
    if (text !== undefined && text.trim() !== '') texts.push(text)
  }
  return texts.join('\n')
}

function pairPlan(
  columns: readonly string[],
  { layout, prompt, response, system }: Record<'prompt' | 'response' | 'system', readonly string[]> & { layout: string }
): Plan {
  const used = new Set([...prompt, ...response, ...system])
  let isChosen = false
  return {
    layout,
    get says() {
      const of = isChosen ? ', of several the first' : ''
      const also = system.length === 0 ? '' : `; system is ${named(system)}`
      return `prompt is ${named(prompt)}; response is ${named(response)}${of}${also}`
    },
    used,
    unused: columns.filter(column => !used.has(column)),
    make(value) {
      const spoken = spokenPair(value, prompt, response)
      if (spoken !== undefined) return withSystem(conversation(spoken), textOf(value, system), layout)
      const texts: Record<string, string> = {}
      for (const [part, from] of Object.entries({ prompt, response, system })) {
        const isResponse = part === 'response'
        const text = textOf(value, from, isResponse ? 'alternatives' : 'one')
        if (isResponse) isChosen ||= from.some(column => hasSeveral(fieldOf(value, column)))
        if (isFault(text)) return fault(text.code, `${layout} row, and ${text.says}`)
        if (text === '' && part !== 'system')
          return fault('empty-text', `${layout} row with nothing in ${named(from)}, its ${part}`)
        texts[part] = text
      }
      return {
        messages: [
          ...(texts['system'] === '' ? [] : [{ role: 'system' as const, content: texts['system'] ?? '' }]),
          { role: 'user', content: texts['prompt'] ?? '' },
          { role: 'assistant', content: texts['response'] ?? '' }
        ]
      }
    }
  }
}

function turnsPlan(columns: readonly string[], turns: string, system: readonly string[], form: string): Plan {
  const used = new Set([turns, ...system])
  return {
    layout: form,
    says: `turns are ${named([turns])}${system.length === 0 ? '' : `; system is ${named(system)}`}`,
    used,
    unused: columns.filter(column => !used.has(column)),
    make(value) {
      const list = listIn(fieldOf(value, turns))
      if (list === undefined) return fault('not-a-turn', `row whose \`${turns}\` is no list of turns`)
      return withSystem(conversation(list), textOf(value, system), form)
    }
  }
}

/** A conversation with what a column of its own says to begin with. */
function withSystem(
  made: { messages: ChatMessage[] } | Fault,
  first: string | Fault,
  form: string
): { messages: ChatMessage[] } | Fault {
  if (isFault(made)) return made
  if (isFault(first)) return fault(first.code, `${form} row, and ${first.says}`)
  if (first === '' || made.messages[0]?.role === 'system') return made
  return { messages: [{ role: 'system', content: first }, ...made.messages] }
}

/** Texts of which any is an answer: SQuAD's too. */
const hasSeveral = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length > 1 && !value.some(part => isObject(part) && 'type' in part)
    : isObject(value) && Array.isArray(value['text']) && value['text'].length > 1

/**
 * The turns of a pair that is told as turns, as preferences and completions are: the answer's after the question's,
 * unless they begin with the user's, and tell the whole already. Undefined where the answer is no list of turns.
 */
function spokenPair(
  value: Record<string, unknown>,
  [asks = '']: readonly string[],
  [answers = '']: readonly string[]
): readonly unknown[] | undefined {
  const [before, said] = [fieldOf(value, asks), listIn(fieldOf(value, answers))]
  if (said === undefined || !isTurns(said)) return undefined
  const asked = listIn(before)
  if (asked !== undefined && isTurns(asked)) return [...asked, ...said]
  if (before === undefined || before === null) return said
  const first = said.findIndex(turn => speakerOf(turn) !== 'system')
  if (first === -1 || speakerOf(said[first]) === 'user') return said
  return [...said.slice(0, first), { role: 'user', content: before }, ...said.slice(first)]
}

/** A list, or the JSON text of one, as cells of tables have it. */
function listIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[]
  if (typeof value !== 'string' || !value.trimStart().startsWith('[')) return undefined
  try {
    const list: unknown = JSON.parse(value)
    return Array.isArray(list) ? (list as unknown[]) : undefined
  } catch {
    return undefined
  }
}

/** Columns that are looked through; a table of more is none of rows. */
export const mostColumns = 4096

/** Which columns are what, by their names alone. */
export interface Roles {
  readonly columns: readonly string[]
  readonly systems: readonly string[]
  readonly turns: string | undefined
  readonly prompt: string | undefined
  readonly response: string | undefined
}

export function rolesOf(columns: readonly string[]): Roles {
  if (columns.length > mostColumns)
    return { columns, systems: [], turns: undefined, prompt: undefined, response: undefined }
  const system = columnFor(columns, systemNames)
  const turns = columnFor(columns, turnNames)
  const response = columnFor(columns, responseNames)
  const prompt = columnFor(
    columns.filter(column => column !== response),
    promptNames
  )
  return { columns, systems: system === undefined ? [] : [system], turns, prompt, response }
}

/** The plan for a value's fields, or undefined where no usual layout has such fields. */
export const planFor = (columns: readonly string[], value?: Record<string, unknown>): Plan | undefined =>
  planBy(rolesOf(columns), value)

/** The same, for columns that have been looked through: where there is none, it costs nothing for each of them. */
export function planBy(roles: Roles, value?: Record<string, unknown>): Plan | undefined {
  const { columns, systems, turns, prompt, response } = roles
  if (turns !== undefined) {
    const list = value === undefined ? [] : listIn(value[turns])
    // Beside a question and an answer a list is one of turns only where each says who speaks.
    const isMeant = value === undefined || prompt === undefined || response === undefined
    if (list !== undefined && (isMeant || isTurns(list)))
      return turnsPlan(columns, turns, systems, value === undefined ? 'turns' : turnForm(list))
  }
  if (prompt === undefined || response === undefined) return undefined
  const rest = columns.filter(column => column !== prompt && column !== response && !systems.includes(column))
  // What is given to an instruction, or read before a question, is asked with it.
  const extra = /instruction|question/i.test(prompt) ? columnFor(rest, inputNames) : undefined
  return pairPlan(columns, {
    layout: /instruction/i.test(prompt) && /output/i.test(response) ? 'Alpaca' : 'question and answer',
    prompt: extra === undefined ? [prompt] : [prompt, extra],
    response: [response],
    system: systems
  })
}

/** The plan that somebody asked for. */
export function planOfMap(columns: readonly string[], { prompt, response, system = [], messages }: ColumnMap): Plan {
  const [turns] = messages ?? []
  if (turns !== undefined) return turnsPlan(columns, turns, system, 'mapped')
  return pairPlan(columns, { layout: 'mapped', prompt: prompt ?? [], response: response ?? [], system })
}

/** Columns that a mapping names and a file has not; of a path its beginning counts. */
export const missing = (columns: readonly string[], map: ColumnMap): string[] =>
  (['prompt', 'response', 'system', 'messages'] as const)
    .flatMap(key => map[key] ?? [])
    .filter(name => !columns.includes(name) && !columns.includes(name.split('.')[0] ?? ''))
