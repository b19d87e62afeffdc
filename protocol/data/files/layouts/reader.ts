import type { ChatMessage } from '../../types.ts'
import type { ColumnMap, Fault, MappingView } from '../types.ts'
import { planBy, planOfMap, rolesOf } from './recognise.ts'
import type { Plan } from './recognise.ts'
import { fault, isFault, isObject } from './texts.ts'
import { conversation } from './turns.ts'

/** Different forms of rows in one file that are told apart; there are few in any. */
const mostPlans = 64
const mostFields = 64
/** Fields of a record whose names are looked through. */
const mostOfOne = 1000

/** Makes rows of records, and remembers in what ways. */
export interface LayoutReader {
  make(value: unknown): { messages: ChatMessage[] } | Fault
  mappings(): MappingView[]
  /** Names of fields that objects had, so many at most. */
  fields(): string[]
}

const shown = (columns: readonly string[]): string => {
  const few = columns.slice(0, 12).map(column => `\`${column.slice(0, 60)}\``)
  return few.length < columns.length ? `${few.join(', ')} and ${columns.length - few.length} more` : few.join(', ')
}

/** Says what an object is that is no row. */
function stranger(value: Record<string, unknown>): Fault {
  const columns = Object.keys(value)
  if (columns.length === 0) return fault('not-a-row', 'an object without fields')
  if (columns.length > mostOfOne) return fault('not-a-row', `an object of ${columns.length} fields`)
  if (columns.includes('text') || columns.includes('content'))
    return fault('not-a-row', `a row of running text (${shown(columns)}), which asks and answers nothing`)
  return fault(
    'not-a-row',
    `a row whose fields are named like no question and answer: ${shown(columns)}. Say which is which with a mapping`
  )
}

/** `Alpaca row …` is an Alpaca row. */
const withArticle = <T>(made: T | Fault): T | Fault =>
  isFault(made) ? { ...made, says: `a${/^[AEIO]/.test(made.says) ? 'n' : ''} ${made.says}` } : made

/** @param all a table's columns, of which records may hold only those that are needed; of other files undefined */
export function createLayoutReader(map: ColumnMap | undefined, all?: readonly string[]): LayoutReader {
  const isMapped = map?.layout === undefined ? map : undefined
  const roles = all === undefined ? undefined : rolesOf(all)
  const seen = new Set<string>()
  const plans = new Map<string, { plan: Plan; rows: number }>()
  function planOf(value: Record<string, unknown>): { plan: Plan; rows: number } | undefined {
    const columns = all ?? Object.keys(value)
    // A table's columns are found once; a record of its own that has so many fields is none of rows.
    if (all === undefined && columns.length > mostOfOne) return undefined
    if (seen.size < mostFields) for (const column of columns) seen.add(column)
    // A table's records may hold few of its columns.
    const form = Object.keys(value).find(column => Array.isArray(value[column]))
    const [first] = form === undefined ? [] : (value[form] as unknown[])
    const kind = !isObject(first) ? 'none' : 'from' in first || 'value' in first ? 'from' : 'role'
    const key = all === undefined ? `${kind}\0${columns.join('\0')}` : kind
    const known = plans.get(key)
    if (known !== undefined) return known
    const plan = isMapped === undefined ? planBy(roles ?? rolesOf(columns), value) : planOfMap(columns, isMapped)
    if (plan === undefined) return undefined
    const made = { plan, rows: 0 }
    if (plans.size < mostPlans) plans.set(key, made)
    return made
  }
  return {
    make(value) {
      if (Array.isArray(value)) return withArticle(conversation(value as unknown[]))
      if (!isObject(value))
        return fault('not-a-row', `${value === null ? 'null' : `a ${typeof value}`} where a row should stand`)
      const found = planOf(value)
      if (found === undefined) return stranger(value)
      const made = withArticle(found.plan.make(value))
      if (!isFault(made)) found.rows++
      return made
    },
    fields: () => [...seen].slice(0, mostFields),
    mappings: () =>
      [...plans.values()]
        .filter(({ rows }) => rows > 0)
        .map(({ plan: { layout, says, unused }, rows }) => ({ layout, says, unused, rows }))
  }
}
