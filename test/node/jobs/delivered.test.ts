import assert from 'node:assert/strict'
import { deliveryHash } from '../../../protocol/contracts/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { JobsDeps } from '../../../node/jobs/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { tamper } from '../models/network.ts'
import { coin, request, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// A builder that wants the work and the money: it answers a delivery with whatever it likes, never pays, and tries
// every way to what it has put in.

describe('a builder that would keep both work and money', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let worker: TestPeer
  const consents: Hex[] = []
  /** What it says instead of where an award stands, and how often it has said so. */
  let lie = 'delivered'
  let told = 0

  const lying = (deps: JobsDeps): JobsDeps => {
    const streams = tamper(deps.streams, frame => {
      if (frame.kind !== 'status' || (frame['state'] !== 'delivered' && frame['state'] !== 'closed')) return frame
      told++
      return { ...frame, state: lie }
    })
    return {
      ...deps,
      streams: {
        ...streams,
        handle: (protocol, serve) =>
          streams.handle(protocol, stream =>
            serve({
              ...stream,
              async *receive(schema, options) {
                for await (const frame of stream.receive(schema, options)) {
                  const { kind, signature } = frame as { kind?: string; signature?: Hex }
                  if (kind === 'consent' && signature !== undefined) consents.push(signature)
                  yield frame
                }
              }
            })
          )
      },
      chain: {
        ...deps.chain,
        escrows: { ...deps.chain.escrows, release: () => Promise.reject(new Error('it does not pay')) }
      }
    }
  }

  before(async () => {
    network = await startNetwork({ engine: fakeEngine(), change: lying })
    worker = await network.addPeer('worker', { engine: fakeEngine() })
  })
  after(() => network.stop())

  const escrowOf = (id: Hex) => network.builder.chain.escrows.escrow(id)

  /** A job whose adapter was delivered. @returns the adapter's escrow */
  async function delivered(budget: bigint): Promise<{ id: Hex; escrow: Hex }> {
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1, coalitions: 2, budget })
    await until(() => network.builder.service.job(id)!.awards.length > 0, 'it is awarded')
    const { escrow } = network.builder.service.job(id)!.awards[0]!
    await until(async () => (await escrowOf(escrow)).state === 'delivered', 'the delivery stands on chain')
    return { id, escrow }
  }

  it('hears of a delivery once it stands on chain, and gets no word that gives its money back', async () => {
    lie = 'superseded'
    const { id, escrow } = await delivered(50n * coin)
    await until(() => told > 0, 'it has answered the delivery')
    const { message } = network.builder.service.papers(id)!.deliveries[0]!
    const stated = await escrowOf(escrow)
    assert.equal(stated.delivery, deliveryHash(message))
    assert.equal(stated.deposit, network.builder.chain.escrows.depositOf(stated.amount))
    const { chain, key } = network.builder
    const own = signStatement(chain.network, 'Release', { escrow, worker: worker.address, amount: 0n }, key)
    await assert.rejects(chain.escrows.refund(escrow), /WrongState/)
    await assert.rejects(chain.escrows.refundWithConsent(escrow, own.signature), /WrongState/)
  })

  it('pays in the end, though it says that all is over: its worker goes by the chain alone', async () => {
    lie = 'closed'
    told = 0
    const { escrow } = await delivered(49n * coin)
    await until(() => told > 0, 'it has said that it is over')
    const { until: decideBy, amount, deposit } = await escrowOf(escrow)
    const before = await network.builder.chain.tokens.balanceOf(worker.address)
    await network.anvil.advance(Number(decideBy - (await network.builder.chain.head()).timestamp) + 10)
    await until(async () => (await escrowOf(escrow)).state === 'released', 'the worker had itself paid')
    const after = await network.builder.chain.tokens.balanceOf(worker.address)
    assert.ok(after - before >= amount + deposit)
    await assert.rejects(network.builder.chain.escrows.refuse(escrow), /WrongState/)
    assert.deepEqual(consents, [])
  })
})
