import assert from 'node:assert/strict'
import { createModels } from '../../../node/payouts/models.ts'
import { modelsKnown, modelsWeighed } from '../../../node/payouts/limits.ts'
import { manualClock } from '../../../node/runtime/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const idOf = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`

describe('what is remembered of models', () => {
  /** On a chain where every id is a model's, and each gives its data less than it should: nobody weighs it. */
  function modelsOf(datanet = idOf(1)) {
    const asked = { registered: 0, weighed: 0 }
    const deps = {
      clock: manualClock(),
      chain: {
        ledger: { model: async () => ({ block: 7n }) },
        models: {
          model: async (id: Hex) => {
            asked.registered++
            return { id, result: 'result', datanet, split: { worker: 10_000, builder: 0, data: 0 } }
          }
        }
      },
      versions: {
        leastDataShare: async (_datanet: Hex, registered: bigint) => {
          assert.equal(registered, 7n, 'by the rules of when it was registered')
          asked.weighed++
          return 1
        }
      }
    } as unknown as Parameters<typeof createModels>[0]
    return { models: createModels(deps, { require: async () => undefined }), asked }
  }

  it('is found once, and forgotten for others that were asked for since', async () => {
    const { models, asked } = modelsOf()
    await models.registered(idOf(0))
    await models.registered(idOf(0))
    assert.equal(asked.registered, 1)
    for (let n = 1; n <= modelsKnown; n++) await models.registered(idOf(n))
    await models.registered(idOf(modelsKnown))
    assert.equal(asked.registered, modelsKnown + 1)
    await models.registered(idOf(0))
    assert.equal(asked.registered, modelsKnown + 2)
  })

  it('and what stands on no Datanet has no siblings, an agent’s manifest as little as a base’s', async () => {
    const { models, asked } = modelsOf(zeroHash)
    assert.equal(await models.weighed(idOf(0)), null)
    assert.equal(asked.weighed, 0, 'there are no rules to look for')
  })

  it('with their results, of fewer', async () => {
    const { models, asked } = modelsOf()
    for (let n = 0; n <= modelsWeighed; n++) assert.equal(await models.weighed(idOf(n)), null)
    await models.weighed(idOf(modelsWeighed))
    assert.equal(asked.weighed, modelsWeighed + 1)
    await models.weighed(idOf(0))
    assert.equal(asked.weighed, modelsWeighed + 2)
    assert.equal(asked.registered, modelsWeighed + 1, 'its registration was known still')
  })
})
