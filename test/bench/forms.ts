// How fast answers come that have to be of a form, beside answers that are free: node test/bench/forms.ts
// [--model FOLDER] [--tokens 256] [--rounds 9] [--threads 1] [--quantize none|int8|int4] [--json]
// One engine, free answers and each form's in turns, so that what else the machine does is the same for all. Time is
// from the first token to the last. A form's first answer of a process looks the vocabulary through; it stands alone.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openEngine } from '../../node/engine/index.ts'
import { endless } from './serving/network.ts'

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: resolve(import.meta.dirname, '../../daemon/assets/seedling') },
    tokens: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '9' },
    threads: { type: 'string', default: '1' },
    quantize: { type: 'string', default: 'int8' },
    json: { type: 'boolean', default: false }
  }
})

const bird = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 40 },
    kind: { enum: ['wren', 'stork', 'owl'] },
    weight: { type: 'number' }
  },
  required: ['name', 'kind', 'weight']
}
/** What an answer has to be. None ends where only a token of the end could follow, since that is taken away. */
const forms: Readonly<Record<string, object | undefined>> = {
  free: undefined,
  'a list of records': { type: 'array', items: bird },
  'one long string': { type: 'string', minLength: Number(flags.tokens) },
  'any object': { type: 'object' }
}

const folder = await mkdtemp(join(tmpdir(), 'tilth-bench-'))
const model = await endless(flags.model, join(folder, 'model'))
const engine = openEngine({ threads: Number(flags.threads), quantize: flags.quantize as 'none' | 'int8' | 'int4' })
await engine.open(model)

/** Tokens a second behind the first one. */
async function rateOf(form: object | undefined, seed: number): Promise<number> {
  let [tokens, seconds] = [0, 0]
  // A form may let an answer end soon.
  for (let answer = 0; tokens < Number(flags.tokens) && answer < 64; answer++) {
    const generation = engine.generate({
      model,
      messages: [{ role: 'user', content: 'Tell me of birds.' }],
      settings: {
        maxTokens: Number(flags.tokens),
        temperature: 1,
        seed: seed * 64 + answer,
        ...(form === undefined ? {} : { form: JSON.stringify({ json: form }) })
      }
    })
    let began: number | undefined
    for await (const token of generation) {
      if (token.id < 0) break
      if (began === undefined) began = performance.now()
      else tokens++
    }
    seconds += began === undefined ? 0 : (performance.now() - began) / 1000
    await generation.result
  }
  return tokens / seconds
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1] ?? NaN
await rateOf(undefined, 0)
const rates = new Map(Object.keys(forms).map(name => [name, [] as number[]]))
for (let round = 0; round <= Number(flags.rounds); round++)
  for (const [name, form] of Object.entries(forms)) rates.get(name)?.push(await rateOf(form, round + 1))
await engine.close()
await rm(folder, { recursive: true })

const free = rates.get('free')?.slice(1) ?? []
const figures = [...rates].map(([name, [first = NaN, ...later]]) => ({
  name,
  first,
  tokensPerSecond: median(later),
  ratio: median(later.map((rate, i) => rate / (free[i] ?? NaN)))
}))
if (flags.json) console.log(JSON.stringify(figures))
else
  for (const { name, first, tokensPerSecond, ratio } of figures)
    console.log(
      `${name.padEnd(20)} ${tokensPerSecond.toFixed(0).padStart(6)} tokens/s  ${ratio.toFixed(2)} of free  ` +
        `(the first answer: ${first.toFixed(0)})`
    )
