import { z } from 'zod'
import { daemonConfig } from './schema.ts'

/** What a setting takes, as the schema says it: for whoever makes a form of it. */
export interface Form {
  readonly kind: 'switch' | 'choice' | 'choices' | 'number' | 'text' | 'list'
  readonly options: readonly string[]
  readonly least: number | null
  readonly most: number | null
  /** null where it has none: then nothing need be said. */
  readonly usual: unknown
}

interface Shape {
  readonly type?: string
  readonly properties?: Record<string, Shape>
  readonly items?: Shape
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Shape[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly default?: unknown
}

let known: Shape | undefined
const whole = (): Shape =>
  (known ??= z.toJSONSchema(daemonConfig, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Shape)

/** @throws TypeError for a path that the schema does not have: the table of settings is wrong then */
export function formOf(path: string): Form {
  let at: Shape | undefined = whole()
  for (const name of path.split('.')) at = at?.properties?.[name]
  if (at === undefined) throw new TypeError(`the configuration has no ${path}`)
  const shape = at.anyOf?.[0] ?? at
  const base = { options: [] as readonly string[], least: null, most: null, usual: at.default ?? shape.default ?? null }
  if (shape.type === 'boolean') return { ...base, kind: 'switch' }
  if (shape.enum !== undefined) return { ...base, kind: 'choice', options: shape.enum }
  if (shape.type === 'array')
    return shape.items?.enum === undefined
      ? { ...base, kind: 'list' }
      : { ...base, kind: 'choices', options: shape.items.enum }
  if (shape.type !== 'number' && shape.type !== 'integer') return { ...base, kind: 'text' }
  return {
    ...base,
    kind: 'number',
    least: shape.minimum ?? shape.exclusiveMinimum ?? null,
    most: shape.maximum === undefined || shape.maximum >= Number.MAX_SAFE_INTEGER ? null : shape.maximum
  }
}
