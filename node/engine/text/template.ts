import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import { stripped, withStrips } from './strips.ts'
import { strftimeOn, type Day } from './dates.ts'

/** Numbers that `range` may give: a conversation has at most a few dozen turns. */
const longestRange = 100_000

function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop]
  const count = Math.max(0, Math.ceil((to - from) / step))
  if (step === 0 || !(count <= longestRange)) throw new Error(`range() of ${count} numbers`)
  return Array.from({ length: count }, (_, i) => from + i * step)
}

/** A template makes another text of the same conversation each time. */
export class ChanceError extends Error {
  constructor(name: string) {
    super(`${name} gives something else each time it is asked`)
  }
}

const raise = (message: unknown): never => {
  throw new Error(String(message))
}

/** What every template finds, besides what it is given; the time is that of a day. */
const globals: Record<string, unknown> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range,
  raise_exception: raise,
  ...stripped
}

/**
 * Filters and functions that give something else each time: whoever renders the conversation again, and scorers have
 * to, would get another text.
 */
const chancy: ReadonlySet<unknown> = new Set(['random', 'shuffle', 'now', 'utcnow', 'today', 'lipsum'])

/** The name of such a filter or function that is called somewhere in a part of a template. */
function chanceIn(part: unknown): string | undefined {
  if (typeof part !== 'object' || part === null) return undefined
  const { type, callee, filter } = part as Record<string, unknown>
  const called = type === 'CallExpression' ? callee : type === 'FilterExpression' ? filter : undefined
  if (typeof called === 'object' && called !== null) {
    const { property, value } = called as { property?: { value?: unknown }; value?: unknown }
    const name = property === undefined ? value : property.value
    if (typeof name === 'string' && chancy.has(name)) return name
  }
  for (const inner of Object.values(part)) {
    const found = chanceIn(inner)
    if (found !== undefined) return found
  }
  return undefined
}

/** What stands in a round of a loop before it is left would be lost: this reader of Jinja drops it. */
export class LostTextError extends Error {
  constructor() {
    super('it leaves a round of a loop (break, continue) after text that the round has said')
  }
}

interface Statement {
  readonly type?: string
  readonly value?: unknown
  readonly body?: unknown
  readonly alternate?: unknown
  readonly defaultBlock?: unknown
}

/**
 * Whether statements of a round say anything, some of them perhaps.
 * @param said whether something was said before them in that round
 * @throws LostTextError where the round is left after that
 */
function saysText(statements: unknown, said: boolean): boolean {
  if (!Array.isArray(statements)) return said
  let says = said
  for (const { type, value, body, alternate, defaultBlock } of statements as Statement[])
    switch (type ?? '') {
      case 'Break':
      case 'Continue':
        if (says) throw new LostTextError()
        break
      case 'If':
        says = [saysText(body, says), saysText(alternate, says)].includes(true)
        break
      case 'For':
        // A loop within has rounds of its own.
        says = [says, saysText(body, false), saysText(defaultBlock, says)].includes(true)
        break
      case 'Program':
      case 'FilterStatement':
      case 'CallStatement':
        says = saysText(body, says) || type !== 'Program'
        break
      case 'Set':
      case 'Macro':
        saysText(body, false)
        break
      case 'Comment':
        break
      default:
        says ||= type !== 'StringLiteral' || value !== ''
    }
  return says
}

/** A Jinja template, compiled once. @returns what it makes of the values it is given @throws for a bad template */
export function compile(source: string): (values: Record<string, unknown>, day: Day) => string {
  const program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }))
  const chance = chanceIn(program)
  if (chance !== undefined) throw new ChanceError(chance)
  saysText(program.body, false)
  withStrips(program)
  return (values, day) => {
    const environment = new Environment()
    for (const [name, value] of Object.entries({ ...globals, strftime_now: strftimeOn(day), ...values }))
      environment.set(name, value)
    const { value } = new Interpreter(environment).run(program)
    return String(value)
  }
}
