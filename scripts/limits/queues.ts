import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { usualConcurrency } from '../../node/runtime/queue.ts'

// Queues, found where the code makes them.

const root = join(import.meta.dirname, '../..')

export interface QueueRow {
  readonly file: string
  readonly name: string
  readonly bound: number
  /** Tasks at once. */
  readonly atOnce: number
}

const maker = 'node/runtime/queue.ts'

function sources(): Map<string, string> {
  const names = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'node/**.ts', 'daemon/**.ts'], {
    cwd: root,
    encoding: 'utf8'
  })
  return new Map(
    names
      .split('\n')
      .filter(name => name !== '' && name !== maker)
      .map(name => [name, readFileSync(join(root, name), 'utf8')])
  )
}

const declared = (text: string, name: string): string | undefined =>
  new RegExp(`const ${name}(?:: [^=]+)? = ([^\\n]+)`).exec(text)?.[1]

/** What a bound comes to: a number, a name that stands for one here or elsewhere, or such by such. @throws otherwise */
function valueOf(expression: string, text: string, all: ReadonlyMap<string, string>): number {
  const factors = expression.split('*')
  if (factors.length > 1) return factors.reduce((product, factor) => product * valueOf(factor, text, all), 1)
  const plain = Number(expression.trim().replaceAll('_', ''))
  if (Number.isInteger(plain)) return plain
  const [, of = '', field] = /^(\w+)(?:\.(\w+))?$/.exec(expression.trim()) ?? []
  const exported = [...all.values()].find(other => other.includes(`export const ${of} = `)) ?? ''
  const found = of === '' ? undefined : (declared(text, of) ?? declared(exported, of))
  const inner = field === undefined ? found : new RegExp(`\\b${field}: (\\w+)`).exec(found ?? '')?.[1]
  if (inner === undefined || inner === expression)
    throw new Error(`the bound ${expression} of a queue cannot be read: give it a number, or a name for one`)
  return valueOf(inner, text, all)
}

/** The options of a call, those that a spread name stands for included. */
function optionsOf(inner: string, text: string): Record<string, string> {
  const spread = /\.\.\.(\w+)/.exec(inner)?.[1]
  const whole = spread === undefined ? inner : `${declared(text, spread) ?? ''}, ${inner}`
  return Object.fromEntries(
    [...whole.matchAll(/(\w+): ('[^']*'|[^,{}]+)/g)].map(([, key = '', value = '']) => [key, value.trim()])
  )
}

/** Queues that a file makes. @throws where one is made in a form that is not read here */
export function queuesOf(file: string, text: string, all: ReadonlyMap<string, string>): QueueRow[] {
  const made = [...text.matchAll(/= createQueue\(\{([^}]*)\}\)/g)]
  if (made.length !== [...text.matchAll(/\bcreateQueue\(/g)].length)
    throw new Error(`${file} makes a queue in a form that the table of limits does not read`)
  return made.map(([, inner = '']) => {
    const { name = '', bound = '', concurrency } = optionsOf(inner, text)
    return {
      file,
      name: name.replaceAll("'", ''),
      bound: valueOf(bound, text, all),
      atOnce: concurrency === undefined ? usualConcurrency : valueOf(concurrency, text, all)
    }
  })
}

/** Every queue of node and daemon. @throws as queuesOf */
export function queueRows(): QueueRow[] {
  const all = sources()
  return [...all].flatMap(([file, text]) => queuesOf(file, text, all))
}
