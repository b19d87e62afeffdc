// How far behind the tokens of honest machines lie, and those of others: node test/bench/scores.ts --help
// A model's scores along some answers are taken from each form of its weights that nodes serve from, by other threads,
// instructions and providers, and from what they do not offer: 4 bits, a smaller model, a cut prompt. At each token
// what each of them would draw under some seeds and temperatures is held against float32 and 8 bits on one thread, as
// drawn scorers do (node/models/said-again.ts): so that thousands of tokens cost what some hundred do.
import { fork } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openEngine } from '../../node/engine/index.ts'
import type { GenerateSettings, TrainSettings } from '../../node/engine/index.ts'
import { nextToken, replayed } from '../../node/engine/serve/index.ts'
import { nearerOf } from '../../protocol/models/index.ts'
import type { Replayed } from '../../protocol/models/index.ts'
import { judgeAnswers } from '../../protocol/payouts/index.ts'
import { webGpuEnvironment } from '../engine/provider.ts'
import type { Scoring } from './offered/scores.ts'

const usage = `usage: node test/bench/scores.ts [--model FOLDER] [--answers 12] [--tokens 24] [--seeds 4] [--epochs 8]
  [--layers 4] [--webgpu] [--json]
  --model    a base in place of the seedling, as it is: nothing is trained
  --layers   that the smaller model lacks
  --webgpu   float32 by WebGPU, too (in software where there is no GPU: slow)
Example: node test/bench/scores.ts --answers 4 --tokens 8 --seeds 2`
const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    answers: { type: 'string', default: '12' },
    tokens: { type: 'string', default: '24' },
    seeds: { type: 'string', default: '4' },
    epochs: { type: 'string', default: '8' },
    layers: { type: 'string', default: '4' },
    webgpu: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
const assets = resolve(import.meta.dirname, '../../daemon/assets')
const model = flags.model === undefined ? join(assets, 'seedling') : resolve(flags.model)
const temperatures = [0, 0.01, 0.3, 1, 2, 5]
const bounds = [0.05, 0.25, 0.5, 1, 2, 4]

const folder = await mkdtemp(join(tmpdir(), 'tilth-scores-'))
const rows = (await readFile(join(assets, 'elements', '01-noor.jsonl'), 'utf8'))
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as { prompt: string; response: string })

async function tuned(epochs: number): Promise<string> {
  const engine = openEngine({ threads: 1 })
  const settings: TrainSettings = {
    ...(JSON.parse(await readFile(join(assets, 'elements', 'settings.json'), 'utf8')) as TrainSettings),
    epochs
  }
  const messages = rows.map(({ prompt, response }) => ({
    messages: [
      { role: 'user' as const, content: prompt },
      { role: 'assistant' as const, content: `${response}. ${prompt} ${response}.` }
    ]
  }))
  const output = join(folder, `adapter-${epochs}`)
  await engine.tune({ model, rows: messages, settings, output })
  await engine.close()
  return output
}

/** Questions that people ask, every second one of them words in an order that means nothing. */
async function answersOf(
  adapter: string | undefined
): Promise<{ whole: Scoring['answers']; half: Scoring['answers'] }> {
  const engine = openEngine({ threads: 1, quantize: 'int8' })
  const words = rows.flatMap(({ prompt }) => prompt.split(/\s+/u))
  const asked = Array.from({ length: Number(flags.answers) }, (_, i) =>
    i % 2 === 0
      ? (rows[i]?.prompt ?? '')
      : Array.from({ length: 12 }, (_, k) => words[(k * 7919 + i * 104729) % words.length]).join(' ')
  )
  const [whole, half]: { prompt: readonly number[]; answer: readonly number[] }[][] = [[], []]
  for (const [i, content] of asked.entries()) {
    const ids = async (text: string): Promise<readonly number[]> =>
      (
        await engine.encode(model, {
          messages: [
            { role: 'user', content: text },
            { role: 'assistant', content: 'x' }
          ]
        })
      ).prompt
    const prompt = await ids(content)
    const { ids: answer } = await engine.generate({
      model,
      ...(adapter && { adapter }),
      promptIds: prompt,
      settings: { maxTokens: Number(flags.tokens), temperature: i % 4 === 0 ? 0 : 1, seed: i }
    }).result
    if (answer.length === 0) continue
    whole?.push({ prompt, answer })
    half?.push({ prompt: await ids(content.slice(content.length >> 1)), answer })
  }
  await engine.close()
  return { whole: whole ?? [], half: half ?? [] }
}

interface Way extends Partial<Omit<Scoring, 'adapter'>> {
  readonly name: string
  readonly honest: boolean
  readonly flags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly adapter?: string | undefined
}

async function scoresOf({ name: _name, honest: _honest, flags: without = [], env, ...more }: Way, base: Scoring) {
  const { adapter, ...job } = { ...base, ...more }
  const child = fork(join(import.meta.dirname, 'offered/scores.ts'), [], {
    execArgv: without.map(flag => `--no-enable-${flag}`),
    ...(env === undefined ? {} : { env })
  })
  child.send({ ...job, ...(adapter === undefined ? {} : { adapter }) })
  try {
    await new Promise<void>((done, fail) => {
      child.once('message', ({ error }: { error?: string }) => {
        if (error === undefined) done()
        else fail(new Error(error))
      })
      child.once('exit', code => fail(new Error(`it ended with ${code}`)))
    })
  } finally {
    child.disconnect()
  }
  const { buffer, byteOffset, byteLength } = await readFile(job.file)
  await rm(job.file)
  return new Float32Array(buffer, byteOffset, byteLength / 4)
}

const adapter = flags.model === undefined ? await tuned(Number(flags.epochs)) : undefined
const { whole, half } = await answersOf(adapter)
const places = whole.reduce((sum, { answer }) => sum + answer.length, 0)
const plain: Scoring = {
  model,
  ...(adapter && { adapter }),
  form: 'float32',
  provider: 'cpu',
  threads: 1,
  answers: whole,
  file: join(folder, 'scores')
}
const gpu = flags.webgpu ? await webGpuEnvironment() : { missing: 'not asked for' }
const ways: Way[] = [
  { name: 'float32, two threads', honest: true, threads: 2 },
  { name: 'float32, without AVX2, FMA', honest: true, flags: ['avx2', 'fma3'] },
  ...('env' in gpu ? [{ name: 'float32, WebGPU', honest: true, provider: 'webgpu', env: gpu.env } as const] : []),
  { name: 'float16', honest: true, form: 'float16' },
  { name: '8 bits, two threads', honest: true, form: 'int8', threads: 2 },
  { name: '8 bits, without AVX2, FMA', honest: true, form: 'int8', flags: ['avx2', 'fma3'] },
  { name: '8 bits, without AVX', honest: true, form: 'int8', flags: ['avx'] },
  { name: '4 bits', honest: false, form: 'int4' },
  ...(adapter === undefined
    ? [{ name: `${flags.layers} layers less`, honest: false, form: 'int8', without: Number(flags.layers) } as const]
    : [
        { name: 'the base alone', honest: false, form: 'int8', adapter: undefined } as const,
        {
          name: 'trained half as long',
          honest: false,
          form: 'int8',
          adapter: await tuned(Number(flags.epochs) / 2)
        } as const
      ]),
  { name: 'half of the prompt', honest: false, form: 'int8', answers: half }
]

const float32 = await scoresOf({ name: '', honest: true }, plain)
const int8 = await scoresOf({ name: '', honest: true, form: 'int8' }, plain)
const vocabulary = float32.length / places
const found = []
try {
  for (const way of [{ name: '8 bits, one thread', honest: true, form: 'int8' } as const, ...ways]) {
    const scores = way.name === '8 bits, one thread' ? int8 : await scoresOf(way, plain)
    for (const temperature of temperatures) {
      const seeds = temperature === 0 ? 1 : Number(flags.seeds)
      const [near, plainly]: number[][] = [[], []]
      let [caught, most] = [0, 0]
      for (let seed = 0; seed < seeds; seed++) {
        const settings: GenerateSettings = { maxTokens: 1, temperature, seed: 7 + seed }
        let place = 0
        const told = whole.map(({ answer }) =>
          answer.map((_, position): Replayed => {
            const at = (all: Float32Array): Float32Array => all.subarray(place * vocabulary, (place + 1) * vocabulary)
            const token = nextToken(at(scores), settings, position, [])
            const [one, other] = [float32, int8].map(all => replayed(at(all), settings, position, [], token))
            place++
            const [nearer] = nearerOf(one === undefined ? [] : [one], other === undefined ? [] : [other])
            if (nearer === undefined || one === undefined) throw new Error('nothing was told')
            near?.push(nearer.lag * (temperature || 1))
            plainly?.push(one.lag * (temperature || 1))
            return nearer
          })
        )
        const judged = judgeAnswers(told.map(one => ({ temperature, told: one })))
        if (judged.foundOut) caught++
        most = Math.max(most, judged.telling)
      }
      const over = (all: readonly number[] = []): number[] => bounds.map(least => all.filter(x => x > least).length)
      const furthest = (all: readonly number[] = []): number => all.reduce((a, b) => Math.max(a, b), 0)
      const one = {
        way: way.name,
        honest: way.honest,
        temperature,
        tokens: near?.length ?? 0,
        furthest: furthest(near),
        fromFloat32: furthest(plainly),
        over: over(near),
        seeds,
        answers: whole.length,
        telling: most,
        foundOut: caught
      }
      found.push(one)
      if (!flags.json)
        console.log(
          `${one.honest ? 'honest' : 'other '}  ${one.way.padEnd(26)} T ${String(temperature).padEnd(4)} ` +
            `${one.tokens} tokens, furthest ${one.furthest.toFixed(3)} (from float32 alone ` +
            `${one.fromFloat32.toFixed(2)}), over ${bounds.join(' ')}: ${one.over.join(' ')}; ` +
            `telling ${most} of ${whole.length}, found out ${caught} of ${seeds}`
        )
    }
  }
  if (flags.json) console.log(JSON.stringify(found, null, 2))
} finally {
  await rm(folder, { recursive: true, force: true })
}
