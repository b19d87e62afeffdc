// Whether an answer's tokens are what the offered weights would have said: node test/bench/offered.ts [--answers 24]
// [--tokens 32] [--epochs 12] [--json]
// Tunes a model on the elements, has it answer questions, and replays each answer as an auditor does, who has the same
// weights and the client's seed. Honest answers come from the weights that nodes serve with, from float32, and by
// another number of threads; others from the base alone, weights in 4 bits, an adapter that was trained for half as
// long, another seed, and a prompt that lacks its first half. For each kind and temperature: how many tokens are
// strange, and how many answers the rule of `tilth audit` refuses.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openEngine } from '../../node/engine/index.ts'
import type { ChatMessage, Engine, GenerateJob, ReplayedToken, TrainSettings } from '../../node/engine/index.ts'
import { servedBy } from '../../protocol/models/index.ts'

const { values: flags } = parseArgs({
  options: {
    answers: { type: 'string', default: '24' },
    tokens: { type: 'string', default: '32' },
    epochs: { type: 'string', default: '12' },
    json: { type: 'boolean', default: false }
  }
})
const assets = resolve(import.meta.dirname, '../../daemon/assets')
const model = join(assets, 'seedling')
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

interface Kind {
  readonly name: string
  readonly honest: boolean
  readonly engine: Engine
  readonly change?: (job: GenerateJob) => GenerateJob
}

function baseAlone(job: GenerateJob): GenerateJob {
  const { adapter: _adapter, ...base } = job
  return base
}

const adapter = await tuned('adapter', Number(flags.epochs))
const half = await tuned('half', Math.ceil(Number(flags.epochs) / 2))
const question = (content: string): ChatMessage[] => [{ role: 'user', content }]
const kinds: Kind[] = [
  { name: 'as nodes serve', honest: true, engine: served },
  { name: 'two threads', honest: true, engine: open({ threads: 2 }) },
  { name: 'float32', honest: true, engine: served, change: job => ({ ...job, exact: true }) },
  { name: '4 bits', honest: false, engine: open({ threads: 1, quantize: 'int4' }) },
  { name: 'trained half as long', honest: false, engine: served, change: job => ({ ...job, adapter: half }) },
  { name: 'the base alone', honest: false, engine: served, change: baseAlone },
  {
    name: 'another seed',
    honest: false,
    engine: served,
    change: job => ({ ...job, settings: { ...job.settings, seed: job.settings.seed + 1 } })
  },
  {
    name: 'half of the prompt',
    honest: false,
    engine: served,
    change: job => ({
      ...job,
      messages: (job.messages ?? []).map(({ role, content }) => ({ role, content: content.slice(content.length >> 1) }))
    })
  }
]

/** What is known of an answer's tokens, by the auditor's own weights: those that it would serve with itself. */
async function audited(job: GenerateJob, ids: readonly number[]): Promise<ReplayedToken[]> {
  const told: ReplayedToken[] = []
  for await (const { replayed } of served.generate({ ...job, replayIds: ids }))
    if (replayed !== undefined) told.push(replayed)
  return told
}

const found = []
try {
  for (const temperature of [0, 0.7, 1])
    for (const { name, honest, engine, change } of kinds) {
      if (temperature === 0 && name === 'another seed') continue
      const tokens: ReplayedToken[][] = []
      for (const [i, prompt] of asked.entries()) {
        const settings = { maxTokens, temperature, seed: 1000 + i, topP: temperature === 0 ? 1 : 0.95 }
        const job: GenerateJob = { model, adapter, messages: question(prompt), settings }
        const { ids } = await engine.generate(change?.(job) ?? job).result
        if (ids.length > 0) tokens.push(await audited(job, ids))
      }
      const all = servedBy(tokens.flat())
      const of = (verdict: string): number => tokens.filter(one => servedBy(one).verdict === verdict).length
      const [refused, redrawn, unclear] = [of('other'), of('redrawn'), of('unclear')]
      const row = { temperature, kind: name, honest, answers: tokens.length, ...all, refused, redrawn, unclear }
      found.push(row)
      if (!flags.json)
        console.log(
          `T ${temperature}  ${honest ? 'honest' : 'other '}  ${name.padEnd(22)} ${all.tokens} tokens, ` +
            `${all.strange} strange, deviation ${all.deviation.toFixed(1)}; of ${tokens.length} answers ` +
            `${refused} refused, ${redrawn} redrawn, ${unclear} unclear; together ${all.verdict}`
        )
    }
  if (flags.json) console.log(JSON.stringify(found, null, 2))
} finally {
  await Promise.all([served, ...others].map(engine => engine.close()))
  await rm(folder, { recursive: true, force: true })
}
