// What judging an answer costs a drawn scorer beside weighing it: node test/bench/judging.ts [--answers 16]
// [--tokens 32] [--siblings 16] [--model FOLDER]. Weighing is one pass of each sibling over the answer, as
// node/payouts/scorer has it; judging says the answer again from float32 and from 8 bits, as node/models/said-again.ts
// has it.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openEngine } from '../../node/engine/index.ts'
import type { GenerateJob, TrainSettings } from '../../node/engine/index.ts'

const { values: flags } = parseArgs({
  options: {
    answers: { type: 'string', default: '16' },
    tokens: { type: 'string', default: '32' },
    siblings: { type: 'string', default: '16' },
    model: { type: 'string' }
  }
})
const assets = resolve(import.meta.dirname, '../../daemon/assets')
const model = flags.model === undefined ? join(assets, 'seedling') : resolve(flags.model)
const folder = await mkdtemp(join(tmpdir(), 'tilth-judging-'))
const engine = openEngine({ threads: 1, quantize: 'int8' })
try {
  const rows = (await readFile(join(assets, 'elements', '01-noor.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { prompt: string; response: string })
  const settings = JSON.parse(await readFile(join(assets, 'elements', 'settings.json'), 'utf8')) as TrainSettings
  const first = join(folder, 'sibling-0')
  await engine.tune({
    model,
    rows: rows.slice(0, 4).map(({ prompt, response }) => ({
      messages: [
        { role: 'user' as const, content: prompt },
        { role: 'assistant' as const, content: response }
      ]
    })),
    settings: { ...settings, epochs: 1 },
    output: first
  })
  const siblings = [first]
  for (let i = 1; i < Number(flags.siblings); i++) {
    const next = join(folder, `sibling-${i}`)
    await cp(first, next, { recursive: true })
    siblings.push(next)
  }
  const said: { job: GenerateJob; ids: readonly number[] }[] = []
  for (let i = 0; said.length < Number(flags.answers); i++) {
    const messages = [{ role: 'user' as const, content: rows[i % rows.length]?.prompt ?? '' }]
    const job: GenerateJob = {
      model,
      adapter: first,
      messages,
      settings: { maxTokens: Number(flags.tokens), temperature: 1.5, seed: i }
    }
    const { ids } = await engine.generate(job).result
    if (ids.length > 0) said.push({ job, ids })
  }
  const weigh = ({ job, ids }: (typeof said)[number]) =>
    engine.score({ model, adapters: [null, ...siblings], messages: job.messages ?? [], answerIds: ids })
  const again =
    (weights: 'exact' | 'eightBits') =>
    async ({ job, ids }: (typeof said)[number]): Promise<void> => {
      await engine.generate({ ...job, replayIds: ids, [weights]: true }).result
    }
  const tokens = said.reduce((sum, { ids }) => sum + ids.length, 0)
  for (const [name, run] of [
    [`weighed under ${siblings.length} siblings and the base`, weigh],
    ['said again from float32', again('exact')],
    ['said again from 8 bits', again('eightBits')]
  ] as const) {
    const [one] = said
    if (one !== undefined) await run(one) // what is made at the first time is not counted
    const began = performance.now()
    for (const answer of said) await run(answer)
    const ms = performance.now() - began
    console.log(`${name}: ${(ms / said.length).toFixed(0)} ms an answer of ${(tokens / said.length).toFixed(0)} tokens`)
  }
} finally {
  await engine.close()
  await rm(folder, { recursive: true, force: true })
}
