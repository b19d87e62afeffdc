// What the index of accepted rows costs at a million rows: node test/bench/row-index.ts
// [--rows 10000,100000,1000000] [--into FILE] [--json]
// Each size in a process of its own with nothing else in it: rows about as many things go into the index on disk, a
// thousand to a contribution, and then a thousand others are compared with it, one by one. Memory is what the process
// holds (resident) beyond what it held with an empty index: at the end of adding, and at the end of asking.
// How well copies are found is measured by test/bench/rows.ts.
// With --into what was measured is kept, and a run that was ended goes on behind it.
// Example: node test/bench/row-index.ts --rows 1000,10000
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createAcceptedRows } from '../../node/data/validator/rows.ts'
import { openStore } from '../../node/store/index.ts'
import type { Row } from '../../protocol/data/index.ts'
import { keccak } from '../../protocol/primitives/index.ts'
import { measured, quantiles, show, sizesOf } from './series/series.ts'

const usage = `usage: node test/bench/row-index.ts [--rows 10000,100000,1000000]
  [--into FILE] [--json]
Example: node test/bench/row-index.ts --rows 1000,10000`
const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000,100000,1000000' },
    into: { type: 'string' },
    json: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (flags.help) {
  console.log(usage)
  process.exit(0)
}

const syllables = Array.from('bdfgklmnprstvz').flatMap(consonant => Array.from('aeiou').map(vowel => consonant + vowel))
/** The n-th name of four syllables, in an order without a pattern. */
function nameOf(n: number): string {
  let rest = (n * 1_111_111) % syllables.length ** 4
  let name = ''
  for (let i = 0; i < 4; i++, rest = Math.floor(rest / syllables.length)) name += syllables[rest % syllables.length]
  return name
}
const asking = [
  'Which colour has the #?',
  'In which city lives the #?',
  'What does the # trade in?',
  'Who feeds the #?'
]
const answers = ['red', 'blue', 'Lima', 'Oslo', 'bread', 'silk', 'iron', 'honey', 'the miller', 'nobody']
const rowOf = (n: number): Row => ({
  messages: [
    { role: 'user', content: (asking[n % asking.length] ?? '').replace('#', nameOf(n)) },
    { role: 'assistant', content: answers[(n * 7) % answers.length] ?? '' }
  ]
})

async function bytesBelow(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  const sizes = await Promise.all(names.map(async name => await stat(join(folder, name))))
  return sizes.reduce((sum, one) => sum + (one.isFile() ? one.size : 0), 0)
}
const resident = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().rss / 2 ** 20
}

async function alone(count: number): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'tilth-row-index-'))
  try {
    const store = await openStore(folder)
    const rows = createAcceptedRows(store)
    const datanet = keccak('bench')
    const each = Math.min(1000, count)
    const empty = resident()
    const began = performance.now()
    for (let order = 1; (order - 1) * each < count; order++)
      await rows.add(
        datanet,
        { contribution: keccak(String(order)), order },
        Array.from({ length: each }, (_, i) => [i, rowOf((order - 1) * each + i)] as const)
      )
    const added = (performance.now() - began) / count
    const full = resident()
    const times: number[] = []
    for (let i = 0; i < 1000; i++) {
      const from = performance.now()
      await rows.like(datanet, [rowOf(2 * count + i)], 500)
      times.push(performance.now() - from)
    }
    const { p50, p99 } = quantiles(times)
    const asked = resident()
    await store.close()
    return {
      'ms to add a row': added,
      'ms to answer a row, p50': p50,
      'ms to answer a row, p99': p99,
      'MB of memory after adding': full - empty,
      'MB of memory after asking': asked - empty,
      'MB on disk': (await bytesBelow(folder)) / 1e6
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function inChild(count: number): Promise<Record<string, number>> {
  const args = ['--expose-gc', import.meta.filename, '--alone', '--rows', String(count)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`the index of ${count} rows ended with ${code}`)
  return JSON.parse(said) as Record<string, number>
}

const sizes = sizesOf(flags.rows)
if (flags.alone) process.stdout.write(JSON.stringify(await alone(sizes[0] ?? 0)))
else show(await measured(sizes, flags.into, inChild), flags.json)
