import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import { strftimeOn, type Day } from './dates.ts'

/** Numbers that `range` may give: a conversation has at most a few dozen turns. */
const longestRange = 100_000

function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop]
  const count = Math.max(0, Math.ceil((to - from) / step))
  if (step === 0 || !(count <= longestRange)) throw new Error(`range() of ${count} numbers`)
  return Array.from({ length: count }, (_, i) => from + i * step)
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
  raise_exception: raise
}

/** A Jinja template, compiled once. @returns what it makes of the values it is given @throws for a bad template */
export function compile(source: string): (values: Record<string, unknown>, day: Day) => string {
  const program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }))
  return (values, day) => {
    const environment = new Environment()
    for (const [name, value] of Object.entries({ ...globals, strftime_now: strftimeOn(day), ...values }))
      environment.set(name, value)
    const { value } = new Interpreter(environment).run(program)
    return String(value)
  }
}
