import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kindLimits } from '../../../node/shelf/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { coin, request, startNetwork } from './network.ts'
import type { TestNetwork } from './network.ts'

describe('base models of jobs', function () {
  this.timeout(120_000)
  let network: TestNetwork
  before(async () => {
    network = await startNetwork({ engine: fakeEngine() })
  })
  after(() => network.stop())

  it('are not posted where no shelf could take them', async () => {
    const folder = join(network.builder.folder, 'many')
    await mkdir(folder)
    for (let i = 0; i <= kindLimits.base.maxFiles; i++) await writeFile(join(folder, `${i}`), `${i}`)
    const base = await network.builder.node.files.addDirectory(folder)
    await assert.rejects(network.builder.service.post({ ...request(network), base }), { code: 'job.base' })
  })

  it('are fetched by a worker for a job that it bids for, and not for one that pays too little', async () => {
    const taken: string[] = []
    const worker = await network.addPeer('choosy', {
      engine: fakeEngine(),
      policy: { pricePerSecond: coin },
      change: deps => ({
        ...deps,
        shelf: {
          ...deps.shelf,
          take: (cid, options) => {
            taken.push(cid)
            return deps.shelf.take(cid, options)
          }
        }
      })
    })
    const poor = await network.builder.service.post({ ...request(network), budget: coin / 2n })
    await until(
      () => worker.service.declined().items.some(({ job, code }) => job === poor.id && code === 'work.price'),
      'the poor job is declined',
      60_000
    )
    assert.deepEqual(taken, [])
    const good = await network.builder.service.post(request(network))
    await until(
      () => network.builder.service.job(good.id)?.bids.some(bid => bid.worker === worker.address) === true,
      'the worker bids',
      60_000
    )
    assert.deepEqual(taken, [network.base])
  })
})
