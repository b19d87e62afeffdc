// How far utilities differ between ways of computing them: node test/bench/agreement.ts [--players 4] [--questions 24]
// [--emulate "qemu-x86_64 -cpu Nehalem"] [--json]
// Trains the siblings of a small Datanet once, then weighs true answers under all of them with one thread, with two,
// on a GPU (in software where there is none, see test/engine/provider.ts), and, with --emulate, under a command that
// stands in for another processor. Each is compared with the first: tokens' probabilities, and utilities in units of
// 1e-4, of which a scorer may be off by one.
import { fork } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openEngine } from '../../node/engine/index.ts'
import type { Provider, TrainSettings } from '../../node/engine/index.ts'
import type { Row } from '../../protocol/data/index.ts'
import { measureOf, utilitiesOf } from '../../protocol/payouts/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { webGpuEnvironment } from '../engine/provider.ts'
import type { Measurement, Measuring } from './agreement/measure.ts'

const { values: flags } = parseArgs({
  options: {
    players: { type: 'string', default: '4' },
    questions: { type: 'string', default: '24' },
    emulate: { type: 'string' },
    json: { type: 'boolean', default: false }
  }
})
const assets = resolve(import.meta.dirname, '../../daemon/assets')
const model = join(assets, 'seedling')
const players = Number(flags.players)
const rowsEach = 12

async function rowsOf(file: string): Promise<Row[]> {
  const lines = (await readFile(join(assets, 'elements', file), 'utf8')).trim().split('\n')
  return lines.map(line => {
    const { prompt, response } = JSON.parse(line) as { prompt: string; response: string }
    return {
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: response }
      ]
    }
  })
}

/** Of one file only, so that players share questions' form and each knows facts of its own. */
const all = await rowsOf('01-noor.jsonl')
const step = Math.max(1, Math.floor(all.length / (players * rowsEach)))
const rows = all.filter((_, i) => i % step === 0).slice(0, players * rowsEach)
const questions = rows.filter((_, i) => i % Math.max(1, Math.floor(rows.length / Number(flags.questions))) === 0)
const settings: TrainSettings = {
  ...(JSON.parse(await readFile(join(assets, 'elements', 'settings.json'), 'utf8')) as TrainSettings),
  epochs: 12
}
const masks = Array.from({ length: 2 ** players }, (_, i) => i)
const measureOfAll = measureOf({
  model: `0x${'00'.repeat(32)}`,
  players: masks.slice(0, players).map((i): Address => `0x${String(i + 1).padStart(40, '0')}`),
  coalitions: masks.map((i): Hex => `0x${i.toString(16)}`),
  dataPoints: 3000
})

interface Way {
  readonly name: string
  readonly threads: number
  readonly provider: Provider
  readonly env?: NodeJS.ProcessEnv
  /** Command that runs Node in its place. */
  readonly under?: readonly string[]
}

function measure(adapters: Measuring['adapters'], { threads, provider, env, under }: Way): Promise<Measurement> {
  const [command, ...before] = under ?? []
  const child = fork(join(import.meta.dirname, 'agreement/measure.ts'), {
    ...(command === undefined ? {} : { execPath: command, execArgv: [...before, process.execPath] }),
    ...(env === undefined ? {} : { env })
  })
  const job: Measuring = { model, adapters, questions, threads, provider }
  child.send(job)
  return new Promise((done, fail) => {
    child.once('message', (said: { found?: Measurement; error?: string }) => {
      if (said.found === undefined) fail(new Error(said.error))
      else done(said.found)
    })
    child.once('error', fail)
    child.once('exit', (code, signal) => fail(new Error(`it ended with ${signal ?? code}`)))
  })
}

interface Agreement {
  readonly way: string
  /** Largest difference of a token's probability. */
  readonly probability: number
  /** Utilities, and those that are the same, one, and more than one unit off. */
  readonly utilities: number
  readonly same: number
  readonly one: number
  readonly more: number
  /** The largest, in units. */
  readonly most: number
}

function compare(way: string, first: Measurement, other: Measurement): Agreement {
  let probability = 0
  const off: number[] = []
  for (const [q, chances] of first.entries()) {
    const theirs = other[q] ?? []
    for (const [a, tokens] of chances.entries())
      for (const [t, chance] of tokens.entries())
        probability = Math.max(probability, Math.abs(chance - (theirs[a]?.[t] ?? Number.NaN)))
    const found = utilitiesOf(measureOfAll, theirs)
    off.push(...utilitiesOf(measureOfAll, chances).map((own, i) => Math.abs(own - (found[i] ?? Number.NaN))))
  }
  const count = (fits: (units: number) => boolean): number => off.filter(fits).length
  return {
    way,
    probability,
    utilities: off.length,
    same: count(units => units === 0),
    one: count(units => units === 1),
    more: count(units => units > 1),
    most: Math.max(...off)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'tilth-agreement-'))
try {
  const output = masks.slice(1).map(mask => join(folder, `sibling-${mask}`))
  const engine = openEngine({ threads: 2, provider: 'cpu' })
  await engine.tuneSiblings({
    model,
    rows,
    settings,
    output,
    coalitions: masks.slice(1).map(mask => rows.map((_, i) => i).filter(i => (mask >> Math.floor(i / rowsEach)) & 1))
  })
  await engine.close()
  const adapters = [null, ...output]
  const gpu = await webGpuEnvironment()
  if ('missing' in gpu) console.error(`WebGPU is left out: ${gpu.missing}`)
  const ways: Way[] = [
    { name: 'CPU, one thread', threads: 1, provider: 'cpu' },
    { name: 'CPU, two threads', threads: 2, provider: 'cpu' },
    ...('missing' in gpu ? [] : [{ name: 'WebGPU', threads: 1, provider: 'webgpu' as const, env: gpu.env }]),
    ...(flags.emulate === undefined
      ? []
      : [{ name: flags.emulate, threads: 1, provider: 'cpu' as const, under: flags.emulate.split(' ') }])
  ]
  const found: Measurement[] = []
  for (const way of ways) {
    console.error(`measuring: ${way.name}`)
    found.push(await measure(adapters, way))
  }
  const [first = [], ...others] = found
  const results = others.map((other, i) => compare(ways[i + 1]?.name ?? '', first, other))
  if (flags.json) console.log(JSON.stringify(results))
  else console.table(results)
} finally {
  await rm(folder, { recursive: true, force: true })
}
