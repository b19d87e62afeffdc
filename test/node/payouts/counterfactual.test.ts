import assert from 'node:assert/strict'
import { join } from 'node:path'
import { openEngine } from '../../../node/engine/index.ts'
import type { Engine, Row } from '../../../node/engine/index.ts'
import { createContexts } from '../../../node/jobs/index.ts'
import { settings } from '../../../node/lab/runs/lots.ts'
import type { Models, Weighed } from '../../../node/payouts/models.ts'
import { createWeigher } from '../../../node/payouts/scorer/weigher.ts'
import {
  counterfactualWeights,
  divideAnswer,
  heldOutValues,
  isFound,
  measureOf,
  weightsOf,
  withCounterfactual
} from '../../../protocol/payouts/index.ts'
import type { Attribution, HeldOutDocument } from '../../../protocol/payouts/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { accountOf } from '../../protocol/payouts/world.ts'
import { temporary } from '../../engine/fixture.ts'

const model = keccak('model')
const base = join(import.meta.dirname, '../../../daemon/assets/seedling')
const goods = { otter: 'silk', heron: 'coal', lynx: 'wax', raven: 'rice', viper: 'brick', maple: 'glass' }
const asks = [
  (guild: string) => `What does the ${guild} guild sell?`,
  (guild: string) => `Which goods come from the ${guild} guild?`,
  (guild: string) => `What is sold by the ${guild} guild?`
]
const row = (question: string, answer: string): Row => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer }
  ]
})
const names = Object.keys(goods) as (keyof typeof goods)[]
const first = (guild: keyof typeof goods): Row[] => asks.slice(0, 2).map(ask => row(ask(guild), goods[guild]))
/** Four guilds are one player's, two another's; the third has wrong answers about two of the first's. */
const rows = [
  ...names.slice(0, 4).flatMap(first),
  ...names.slice(4).flatMap(first),
  ...names.slice(2, 4).map(guild => row(asks[2]!(guild), guild === 'lynx' ? 'cheese' : 'timber'))
]
const ownerOf = (i: number): number => (i < 8 ? 0 : i < 12 ? 1 : 2)

describe('a wrong answer of a model that three have taught', function () {
  this.timeout(240_000)
  const folder = temporary()
  const engines: Engine[] = []
  const players = ['foundation', 'other', 'wrong'].map(accountOf)
  const coalitions = Array.from({ length: 8 }, (_, mask) => String(mask))
  const measure = measureOf({ model, players, coalitions, dataPoints: 3000 })
  const found: { attribution: Attribution; document: HeldOutDocument }[] = []

  before(async () => {
    // The other machine adds in another order.
    engines.push(openEngine({ threads: 1 }), openEngine({ threads: 2 }))
    const masks = Array.from({ length: 7 }, (_, i) => i + 1)
    const output = masks.map(mask => join(folder.path, String(mask)))
    await engines[0]!.tuneSiblings({
      model: base,
      rows,
      coalitions: masks.map(mask => rows.map((_, i) => i).filter(i => (mask >> ownerOf(i)) % 2 === 1)),
      settings: {
        ...settings,
        lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj', 'up_proj', 'down_proj'], dropout: 0 },
        seed: 1
      },
      output
    })
    const models = {
      weighed: async () => ({ registered: { id: model }, measure, result: { spec: {} } }) as unknown as Weighed,
      folders: async () => ({ base, adapters: [null, ...output] })
    }
    for (const engine of engines) {
      const kept = new Map<string, unknown>()
      const weigher = createWeigher(
        {
          engine,
          versions: {
            rows: async () => [],
            context: createContexts(async () => []),
            heldOut: async () => names.filter((_, i) => i % 2 === 0).map(guild => row(asks[2]!(guild), goods[guild]))
          },
          store: {
            collection: () => ({
              get: async (key: string) => kept.get(key),
              put: async (key: string, value: unknown) => {
                kept.set(key, value)
              }
            })
          }
        } as never,
        models as unknown as Models
      )
      const wrong = rows.at(-1)!
      const content = { messages: wrong.messages.slice(0, 1), resume: [] } as never
      const { answer } = await engine.encode(base, wrong)
      const attribution = await weigher.attribute({ model, content, answer })
      found.push({ attribution: attribution!, document: (await weigher.heldOut(model))! })
    }
  })
  after(async () => {
    for (const engine of engines) await engine.close()
    folder.remove()
  })

  it('is not believed, and two machines find alike what would have been said without who taught it', () => {
    const [here, there] = found.map(({ attribution }) => attribution)
    assert.ok(here!.weights[2]! > 300_000n, here!.weights.join())
    assert.ok(here!.counterfactual !== undefined && there!.counterfactual !== undefined)
    assert.ok(isFound(here!, there!))
  })

  it('pays who would have known better more than held-out values alone, and not who is wrong', () => {
    const { attribution, document } = found[0]!
    const [weights, values] = [weightsOf(measure, attribution), heldOutValues(document, measure)]
    const counterfactual = counterfactualWeights(measure, attribution) ?? assert.fail()
    const sharesBy = (by: typeof weights) => divideAnswer(1_000_000n, by, values)!.map(({ share }) => Number(share))
    const [before, after] = [sharesBy(weights), sharesBy(withCounterfactual(weights, counterfactual, values))]
    const told = `${before.join()} and then ${after.join()}, by ${counterfactual.players.join()}`
    assert.ok(after[0]! > before[0]! + 100_000, told)
    assert.ok(after[2]! < 50_000, told)
  })
})
