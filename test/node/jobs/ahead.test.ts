import assert from 'node:assert/strict'
import type { TuneSpec } from '../../../protocol/jobs/index.ts'
import { secondsAhead } from '../../../node/jobs/worker/ahead.ts'
import type { TakenLot } from '../../../node/jobs/worker/ahead.ts'

const lot = (name: string, secondsLeft?: number, kind: 'adapter' | 'siblings' = 'adapter'): TakenLot => ({
  spec: { base: name } as TuneSpec,
  lot: kind === 'adapter' ? { kind } : { kind, coalitions: [1] },
  secondsLeft
})
const reckoned = new Map([
  ['known', 10],
  ['small', 0.2]
])
const estimator = {
  reckon: async ({ base }: TuneSpec): Promise<number | undefined> => {
    if (base === 'gone') throw new Error('its rows cannot be had')
    return reckoned.get(base)
  }
}
const experience = { ratio: async (kind: string) => (kind === 'adapter' ? 2 : 3) }
const ahead = (...taken: TakenLot[]): Promise<number> => secondsAhead(taken, estimator, experience)

describe('what a worker has to train before anything that it takes now', () => {
  it('is what is left of what trains, and by experience what is queued', async () => {
    assert.equal(await ahead(), 0)
    assert.equal(await ahead(lot('known', 7)), 7)
    assert.equal(await ahead(lot('known', 7), lot('known'), lot('known', undefined, 'siblings')), 7 + 20 + 30)
    assert.equal(await ahead(lot('small')), 1)
  })

  it('counts nothing for what nothing was measured of, or whose rows are gone', async () => {
    assert.equal(await ahead(lot('new'), lot('gone'), lot('known')), 20)
  })
})
