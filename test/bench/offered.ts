// Whether an answer's tokens are what the offered weights would have said: node test/bench/offered.ts --help
// Tunes a model on the elements, has it answer questions, and replays each answer as auditors and drawn scorers do, by
// the same weights in float32 and in 8 bits and the client's seed: each token is held against the nearer of both.
// Honest answers come from the weights that nodes serve with, from float32, by another
// number of threads, and from processes that may not use all of the processor's instructions (V8's flags: the kernels
// are WebAssembly); others from the base alone, weights in 4 bits, an adapter that was trained for half as long,
// another seed, and a prompt that lacks its first half. For each kind and way of asking: how many tokens are strange,
// how many answers the rule of `tilth audit` refuses, and what drawn scorers would say of all together, with how far
// behind the furthest token is in scores. The last ways are a hostile client's: words without sense, cold and hot.
// Another model than the seedling answers as it is, without an adapter.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openEngine } from '../../node/engine/index.ts'
import type { ChatMessage, Engine, GenerateJob, ReplayedToken, TrainSettings } from '../../node/engine/index.ts'
import { nearerOf, servedBy } from '../../protocol/models/index.ts'
import { judgeAnswers } from '../../protocol/payouts/index.ts'

const usage = `usage: node test/bench/offered.ts [--answers 24] [--tokens 32] [--epochs 12] [--model FOLDER]
  [--kind NAME]… [--hostile] [--temperature N] [--json]
  --model        a base in place of the seedling, as it is: nothing is trained
  --kind         only answers by these weights, such as "4 bits"; repeatable
  --hostile      only as a hostile client asks
  --temperature  only where it is asked so hot: 0, 0.01, 0.05, 0.7, 1 or 2
Example: node test/bench/offered.ts --answers 8 --tokens 16 --kind "as nodes serve"`
const { values: flags } = parseArgs({
  options: {
    answers: { type: 'string', default: '24' },
    tokens: { type: 'string', default: '32' },
    epochs: { type: 'string', default: '12' },
    model: { type: 'string' },
    kind: { type: 'string', multiple: true },
    hostile: { type: 'boolean', default: false },
    temperature: { type: 'string' },
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
const maxTokens = Number(flags.tokens)

const rows = (await readFile(join(assets, 'elements', '01-noor.jsonl'), 'utf8'))
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as { prompt: string; response: string })
const asked = rows.slice(0, Number(flags.answers)).map(({ prompt }) => prompt)
const training = rows.map(({ prompt, response }) => ({
  messages: [
    { role: 'user' as const, content: prompt },
    { role: 'assistant' as const, content: `${response}. ${prompt} ${response}.` }
  ]
}))

const folder = await mkdtemp(join(tmpdir(), 'tilth-offered-'))
const served = openEngine({ threads: 1, quantize: 'int8' })
const others: Engine[] = []
const open = (options: Parameters<typeof openEngine>[0]): Engine => {
  const engine = openEngine(options)
  others.push(engine)
  return engine
}

async function tuned(name: string, epochs: number): Promise<string> {
  const settings: TrainSettings = {
    ...(JSON.parse(await readFile(join(assets, 'elements', 'settings.json'), 'utf8')) as TrainSettings),
    epochs
  }
  const output = join(folder, name)
  await served.tune({ model, rows: training, settings, output })
  return output
}

/** Says a job's answer. */
type Answering = (job: GenerateJob) => Promise<readonly number[]>
const by =
  (engine: Engine): Answering =>
  async job =>
    (await engine.generate(job).result).ids

const children: ChildProcess[] = []
/** In a process of its own, without some of the processor's instructions. */
function without(...flags: string[]): Answering {
  const child = fork(join(import.meta.dirname, 'offered/answers.ts'), ['{"threads":1,"quantize":"int8"}'], {
    execArgv: flags.map(flag => `--no-enable-${flag}`)
  })
  children.push(child)
  return job => {
    child.send(job)
    return new Promise((done, fail) => {
      child.once('message', (said: { ids?: readonly number[]; error?: string }) => {
        if (said.ids === undefined) fail(new Error(said.error))
        else done(said.ids)
      })
    })
  }
}

interface Kind {
  readonly name: string
  readonly honest: boolean
  readonly says: Answering
  readonly change?: (job: GenerateJob) => GenerateJob
}

function baseAlone(job: GenerateJob): GenerateJob {
  const { adapter: _adapter, ...base } = job
  return base
}

const isTuned = flags.model === undefined
const adapter = isTuned ? await tuned('adapter', Number(flags.epochs)) : undefined
const half = isTuned ? await tuned('half', Math.ceil(Number(flags.epochs) / 2)) : undefined
const question = (content: string): ChatMessage[] => [{ role: 'user', content }]
const kinds: Kind[] = [
  { name: 'as nodes serve', honest: true, says: by(served) },
  { name: 'two threads', honest: true, says: by(open({ threads: 2 })) },
  { name: 'without AVX2, FMA', honest: true, says: without('avx2', 'fma3') },
  { name: 'without AVX', honest: true, says: without('avx') },
  { name: 'float32', honest: true, says: by(served), change: job => ({ ...job, exact: true }) },
  { name: '4 bits', honest: false, says: by(open({ threads: 1, quantize: 'int4' })) },
  ...(half === undefined
    ? []
    : [
        {
          name: 'trained half as long',
          honest: false,
          says: by(served),
          change: (job: GenerateJob) => ({ ...job, adapter: half })
        },
        { name: 'the base alone', honest: false, says: by(served), change: baseAlone }
      ]),
  {
    name: 'another seed',
    honest: false,
    says: by(served),
    change: job => ({ ...job, settings: { ...job.settings, seed: job.settings.seed + 1 } })
  },
  {
    name: 'half of the prompt',
    honest: false,
    says: by(served),
    change: job => ({
      ...job,
      messages: (job.messages ?? []).map(({ role, content }) => ({ role, content: content.slice(content.length >> 1) }))
    })
  }
]

type Told = readonly ReplayedToken[]
/** What is known of an answer's tokens, from either form of the weights and by the nearer, as said-again.ts has it. */
async function audited(job: GenerateJob, ids: readonly number[]): Promise<{ float32: Told; int8: Told; told: Told }> {
  async function from(weights: 'exact' | 'eightBits'): Promise<Told> {
    const told: ReplayedToken[] = []
    for await (const { replayed } of served.generate({ ...job, replayIds: ids, [weights]: true }))
      if (replayed !== undefined) told.push(replayed)
    return told
  }
  const [float32, int8] = [await from('exact'), await from('eightBits')]
  return { float32, int8, told: nearerOf(float32, int8) }
}

/** Words of the rows in an order that means nothing, the same each time. */
const words = asked.join(' ').split(/\s+/u)
const senseless = asked.map((_, i) =>
  words
    .map((_, k) => words[(k * 7919 + i * 104729) % words.length])
    .slice(0, 12)
    .join(' ')
)
interface Way {
  readonly temperature: number
  readonly topP: number
  readonly hostile?: boolean
}
const ways: Way[] = [
  { temperature: 0, topP: 1 },
  { temperature: 0.7, topP: 0.95 },
  { temperature: 1, topP: 0.95 },
  { temperature: 1, topP: 1 },
  { temperature: 0.01, topP: 1 },
  { temperature: 0, topP: 1, hostile: true },
  { temperature: 0.05, topP: 1, hostile: true },
  { temperature: 2, topP: 1, hostile: true }
]

const isMeant = ({ temperature, hostile = false }: Way): boolean =>
  (hostile || !flags.hostile) && (flags.temperature === undefined || Number(flags.temperature) === temperature)

const found = []
try {
  for (const { temperature, topP, hostile = false } of ways.filter(isMeant))
    for (const { name, honest, says, change } of kinds) {
      if (flags.kind?.includes(name) === false) continue
      if (temperature === 0 && name === 'another seed') continue
      const tokens: Told[] = []
      const apart: Record<'float32' | 'int8', Told[]> = { float32: [], int8: [] }
      for (const [i, prompt] of (hostile ? senseless : asked).entries()) {
        const settings = { maxTokens, temperature, seed: 1000 + i, topP }
        const job: GenerateJob = { model, messages: question(prompt), settings, ...(adapter && { adapter }) }
        const ids = await says(change?.(job) ?? job)
        if (ids.length === 0) continue
        const { told, float32, int8 } = await audited(job, ids)
        tokens.push(told)
        apart.float32.push(float32)
        apart.int8.push(int8)
      }
      const all = servedBy(tokens.flat())
      const judged = judgeAnswers(tokens.map(told => ({ temperature, told })))
      const behind = (all: readonly Told[]): number[] => all.flat().map(({ lag }) => lag * (temperature || 1))
      const [furthest = 0, fromFloat32 = 0, fromInt8 = 0] = [tokens, apart.float32, apart.int8].map(all =>
        Math.max(0, ...behind(all))
      )
      const over = Object.fromEntries(
        [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 4].map(least => [least, behind(tokens).filter(x => x > least).length])
      )
      const of = (verdict: string): number => tokens.filter(one => servedBy(one).verdict === verdict).length
      const [refused, redrawn, unclear] = [of('other'), of('redrawn'), of('unclear')]
      const { foreign, telling, foundOut } = judged
      const far = { furthest, fromFloat32, fromInt8, over }
      const counts = { answers: tokens.length, refused, redrawn, unclear, ...far, foreign, telling, foundOut }
      found.push({ temperature, topP, hostile, kind: name, honest, ...all, ...counts })
      if (!flags.json)
        console.log(
          `T ${temperature} p ${topP}${hostile ? ' hostile' : ''}  ${honest ? 'honest' : 'other '}  ` +
            `${name.padEnd(20)} ${all.tokens} tokens, ${all.strange} strange, deviation ${all.deviation.toFixed(1)}; ` +
            `of ${tokens.length} answers ${refused} refused, ${redrawn} redrawn, ${unclear} unclear; together ` +
            `${all.verdict}; ${foreign} foreign in ${telling}, furthest ${furthest.toFixed(3)} ` +
            `(float32 ${fromFloat32.toFixed(2)}, 8 bits ${fromInt8.toFixed(2)}), over ${JSON.stringify(over)}` +
            (foundOut ? ': FOUND OUT' : '')
        )
    }
  if (flags.json) console.log(JSON.stringify(found, null, 2))
} finally {
  for (const child of children) child.disconnect()
  await Promise.all([served, ...others].map(engine => engine.close()))
  await rm(folder, { recursive: true, force: true })
}
