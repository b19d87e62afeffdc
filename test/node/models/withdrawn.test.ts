import assert from 'node:assert/strict'
import { fakeEngine } from '../../harness/engine/serving.ts'
import { until } from '../../harness/index.ts'
import { startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// A worker takes up again what it offered before it was killed, and goes on trying where that fails: what its owner has
// said since is what counts.

describe('a model that is opened again after a start', () => {
  let network: TestNetwork
  let worker: TestPeer
  /** Tries to open it, and how each ends. */
  let tries = 0
  let opens: () => Promise<void> = async () => undefined
  /** Whether its files never come, and that they are awaited. */
  let hangs = false
  let isAwaited = false
  /** Times that it was taken up, which ends by telling the DHT. */
  let taken = 0

  const prices = (): bigint[] => worker.service.offers(network.model).map(({ outputPrice }) => outputPrice)
  const revive = async (): Promise<void> => {
    await network.kill(worker)
    tries = taken = 0
    await network.revive(worker)
  }
  /** From now on it opens when this is called. */
  function gated(): () => void {
    const gate = Promise.withResolvers<void>()
    opens = () => gate.promise
    return gate.resolve
  }

  before(async () => {
    network = await startNetwork()
    const engine = fakeEngine()
    worker = await network.addPeer('worker', {
      engine: {
        ...engine,
        async open(folder) {
          tries++
          await opens()
          return engine.open(folder)
        }
      },
      change: deps => ({
        ...deps,
        shelf: {
          ...deps.shelf,
          async take(cid, options) {
            if (!hangs) return deps.shelf.take(cid, options)
            isAwaited = true
            return new Promise((_, reject) => {
              const { signal } = options
              signal?.addEventListener('abort', () => {
                reject(signal.reason as Error)
              })
            })
          }
        },
        files: {
          ...deps.files,
          provide(cid, options) {
            taken++
            return deps.files.provide(cid, options)
          }
        }
      })
    })
    await until(() => worker.service.model(network.model) !== undefined, 'the model is known')
  })
  beforeEach(() => {
    opens = async () => undefined
    hangs = isAwaited = false
  })
  after(() => network.stop())

  it('and was withdrawn meanwhile is offered no more, also after the next start', async () => {
    await worker.service.offer({ model: network.model, outputPrice: 4n })
    const open = gated()
    await revive()
    await until(() => tries === 1, 'it is being opened')
    const withdrawn = worker.service.withdraw(network.model)
    open()
    await withdrawn
    assert.deepEqual(prices(), [])
    await revive()
    assert.deepEqual([prices(), tries], [[], 0])
    await worker.service.offer({ model: network.model, outputPrice: 5n })
    assert.deepEqual([prices(), tries], [[5n], 1])
  })

  it('and whose files never come is withdrawn at once, alone and with every model over its base', async () => {
    await worker.service.offer({ model: network.model, outputPrice: 4n })
    hangs = true
    await revive()
    await until(() => isAwaited, 'its files are awaited')
    await worker.service.withdraw(network.model)
    isAwaited = false
    const offered = worker.service.offerAll({ model: network.model, outputPrice: 4n })
    const refused = assert.rejects(offered, { code: 'offer.none' })
    await until(() => isAwaited, 'those of its base are')
    assert.deepEqual((await worker.service.withdrawAll(network.model)).served, false)
    await refused
    hangs = false
    await revive()
    assert.deepEqual([prices(), worker.service.wholeBases(), tries], [[], [], 0])
  })

  it('and failed has the price that it was given since', async () => {
    await worker.service.offer({ model: network.model, outputPrice: 4n })
    opens = () => Promise.reject(new Error('its server is away'))
    await revive()
    await until(() => tries === 1, 'it was tried')
    opens = async () => undefined
    await worker.service.offer({ model: network.model, outputPrice: 40n })
    await until(() => taken === 2, 'it was tried again')
    await revive()
    await until(() => prices().length > 0, 'it is offered again')
    assert.deepEqual(prices(), [40n])
  })

  it('with every model over its base, and was withdrawn meanwhile, is none of those that are offered', async () => {
    await worker.service.withdraw(network.model)
    await worker.service.offerAll({ model: network.model, outputPrice: 7n })
    const open = gated()
    await revive()
    await until(() => tries === 1, 'it is being opened')
    const withdrawn = worker.service.withdrawAll(network.model)
    open()
    await withdrawn
    assert.deepEqual([worker.service.wholeBases(), taken], [[], 0])
  })
})
