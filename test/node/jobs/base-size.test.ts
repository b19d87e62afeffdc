import assert from 'node:assert/strict'
import { modelOf } from '../../../node/jobs/builder/base.ts'
import { checkFullSize } from '../../../protocol/jobs/index.ts'

type Deps = Parameters<typeof modelOf>[0]

/** Nobody gives the base in time, so that it is known by its size alone. */
const deps = {
  shelf: { take: async () => Promise.reject(new DOMException('it took too long', 'TimeoutError')) },
  log: { info() {} }
} as unknown as Deps

describe('a base that could not be opened', () => {
  const sizeOf = async (bytes: number) => modelOf(deps, 'base', { bytes, files: 3, paths: [] })

  it('is refused for its size only where no width of its weights would make it small enough', async () => {
    const { parameters, fewest } = await sizeOf(100_000_000)
    assert.deepEqual([parameters, fewest], [50_000_000, 25_000_000])
    checkFullSize(fewest)
    const { fewest: many } = await sizeOf(121_000_000)
    assert.throws(() => checkFullSize(many), { code: 'job.full-size' })
  })
})
