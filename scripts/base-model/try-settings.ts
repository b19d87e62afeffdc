// Measures training settings for the default Datanet: how long a tune takes, how many held-out questions base and tuned
// model answer, and (with --siblings) what each contributor's rows are worth by exact Shapley values, by the utility
// that pays and by two others. settings.json was chosen with it.
//
//   node scripts/base-model/try-settings.ts --lr 0.005 --epochs 30 --batch 16 --siblings
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openEngine, type Engine, type Row, type TrainSettings } from '../../node/engine/index.ts'
import { spanUtilities, utilityUnit } from '../../protocol/payouts/index.ts'
import type { Pair } from './elements.ts'

const assets = join(import.meta.dirname, '..', '..', 'daemon', 'assets')
const readPairs = (path: string): Pair[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Pair)
const toRow = ({ prompt, response }: Pair): Row => ({
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: response }
  ]
})

/** Answers greedily; the share of exact matches and the answers. */
export async function exactMatch(
  engine: Engine,
  model: string,
  adapter: string | undefined,
  questions: readonly Pair[]
): Promise<{ share: number; answers: string[] }> {
  const answers: string[] = []
  for (const { prompt } of questions) {
    const generation = engine.generate({
      model,
      adapter,
      messages: [{ role: 'user', content: prompt }],
      settings: { maxTokens: 16, temperature: 0, seed: 1 }
    })
    let text = ''
    for await (const token of generation) text += token.text
    answers.push(text.trim())
  }
  return { share: answers.filter((answer, i) => answer === questions[i]?.response).length / questions.length, answers }
}

/** Exact Shapley values of `worth`, a function of the bit mask of players. */
export function shapley(players: number, worth: (mask: number) => number): number[] {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))
  const size = (mask: number): number => mask.toString(2).replaceAll('0', '').length
  return Array.from({ length: players }, (_, player) => {
    let value = 0
    for (let mask = 0; mask < 1 << players; mask++) {
      if (((mask >> player) & 1) === 1) continue
      const weight = (factorial(size(mask)) * factorial(players - size(mask) - 1)) / factorial(players)
      value += weight * (worth(mask | (1 << player)) - worth(mask))
    }
    return value
  })
}

type Utility = (probabilities: readonly (readonly number[])[]) => number[]

/** The utility that pays, beside the two that it was chosen over: [coalition][token] to one number each. */
const utilities = (siblings: readonly number[]): Readonly<Record<string, Utility>> => ({
  spans: probabilities => spanUtilities(probabilities, siblings).map(utility => utility / utilityUnit),
  'the whole answer': probabilities => probabilities.map(tokens => tokens.reduce((product, p) => product * p, 1)),
  'mean token probability': probabilities =>
    probabilities.map(tokens => tokens.reduce((sum, p) => sum + p, 0) / Math.max(1, tokens.length))
})

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: join(assets, 'seedling') },
      data: { type: 'string', default: join(assets, 'elements') },
      skip: { type: 'string', default: '03' },
      lr: { type: 'string', default: '0.005' },
      epochs: { type: 'string', default: '30' },
      batch: { type: 'string', default: '16' },
      rank: { type: 'string', default: '16' },
      alpha: { type: 'string', default: '32' },
      ema: { type: 'string', default: '0.97' },
      schedule: { type: 'string', default: 'cosine' },
      seed: { type: 'string', default: '1' },
      decay: { type: 'string', default: '0' },
      dropout: { type: 'string', default: '0' },
      siblings: { type: 'boolean', default: false },
      show: { type: 'boolean', default: false }
    }
  })
  const settings: TrainSettings = {
    lora: {
      rank: Number(values.rank),
      alpha: Number(values.alpha),
      targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
      dropout: Number(values.dropout)
    },
    method: 'lora',
    epochs: Number(values.epochs),
    batch: Number(values.batch),
    accumulation: 1,
    lr: Number(values.lr),
    schedule: values.schedule as TrainSettings['schedule'],
    warmupRatio: 0.05,
    weightDecay: Number(values.decay),
    clip: 1,
    seed: Number(values.seed),
    cutoff: 64,
    ema: Number(values.ema),
    responseOnly: true
  }
  const scratch = mkdtempSync(join(tmpdir(), 'settings-'))
  const files = readdirSync(values.data)
    .filter(name => name.endsWith('.jsonl') && !name.startsWith(values.skip))
    .sort()
  const owned = files.map(name => readPairs(join(values.data, name)))
  const questions = readPairs(`${values.data}-questions.jsonl`)
  const rows = owned.flat().map(toRow)
  const owner = owned.flatMap((pairs, player) => pairs.map(() => player))
  const engine = openEngine()
  try {
    const base = await exactMatch(engine, values.model, undefined, questions)
    console.log(`base: ${base.share.toFixed(3)}`)
    const tuned = await engine.tune({ model: values.model, rows, settings, output: join(scratch, 'all') })
    const full = await exactMatch(engine, values.model, join(scratch, 'all'), questions)
    console.log(
      `tuned: ${full.share.toFixed(3)} after ${tuned.losses.length} steps, ${tuned.seconds.toFixed(1)} s, ` +
        `${tuned.tokens} tokens, loss ${tuned.losses.at(-1)?.toFixed(3) ?? ''}`
    )
    if (values.show)
      for (const [i, q] of questions.entries())
        console.log(`  ${q.prompt} | ${q.response} | base: ${base.answers[i] ?? ''} | tuned: ${full.answers[i] ?? ''}`)
    if (values.siblings) {
      const masks = Array.from({ length: (1 << files.length) - 2 }, (_, i) => i + 1)
      const output = masks.map(mask => join(scratch, `s${mask}`))
      const coalitions = masks.map(mask => rows.flatMap((_, i) => (((mask >> (owner[i] ?? 0)) & 1) === 1 ? [i] : [])))
      const start = performance.now()
      await engine.tuneSiblings({ model: values.model, rows, coalitions, settings, output })
      console.log(`siblings: ${masks.length} in ${((performance.now() - start) / 1000).toFixed(1)} s`)
      const adapters = [null, ...output, join(scratch, 'all')]
      const answers = await Promise.all(
        questions.map(async q => {
          return {
            messages: toRow(q).messages.slice(0, 1),
            answerIds: (await engine.encode(values.model, toRow(q))).answer
          }
        })
      )
      const siblings = adapters.map((_, k) => k).slice(1)
      const scores = await engine.scoreMany({ model: values.model, adapters, answers })
      for (const [name, utilityOf] of Object.entries(utilities(siblings))) {
        const found = scores.map(utilityOf)
        const total = adapters.map((_, k) => found.reduce((sum, row) => sum + (row[k] ?? 0), 0) / questions.length)
        const worth = shapley(files.length, mask => total[mask] ?? 0)
        const positive = worth.reduce((sum, value) => sum + Math.max(0, value), 0)
        console.log(`by ${name}: all ${(total.at(-1) ?? 0).toFixed(4)}, base ${(total[0] ?? 0).toFixed(4)}`)
        files.forEach((file, player) => {
          const value = worth[player] ?? 0
          const share = positive === 0 ? 0 : Math.max(0, value) / positive
          console.log(`  ${file}: held-out value ${value.toFixed(4)}, share ${(100 * share).toFixed(1)} %`)
        })
      }
    }
  } finally {
    await engine.close()
    rmSync(scratch, { recursive: true, force: true })
  }
}
