import assert from 'node:assert/strict'
import { TilthError } from '../../client/node.ts'
import type { Tilth } from '../../client/node.ts'
import type { Channel } from '../../client/node.ts'
import { signStatement } from '../../protocol/crypto/index.ts'
import type { Message } from '../../protocol/crypto/index.ts'
import { fakeEngine } from '../harness/engine/serving.ts'
import { coin } from '../harness/index.ts'
import { tamper } from '../node/models/network.ts'
import type { PeerOptions, TestPeer } from '../node/models/network.ts'
import { startLightNetwork, textOf } from './network.ts'
import type { LightNetwork } from './network.ts'

const messages = [{ role: 'user', content: 'why' }] as const

describe('a light peer and workers that lie', function () {
  this.timeout(120_000) // many real nodes, on a machine that may have other work
  let network: LightNetwork
  let host: TestPeer
  let honest: TestPeer
  const liars: TestPeer[] = []
  const lights: Tilth[] = []

  before(async () => {
    network = await startLightNetwork()
    host = await network.addPeer('host', { roles: { worker: false, client: true } })
    honest = await network.addPeer('honest', { engine: fakeEngine() })
    await network.serve(honest, host)
  })
  after(async () => {
    for (const tilth of lights) await tilth.close()
    await network.stop()
  })
  afterEach(async () => {
    for (const liar of liars.splice(0)) await network.kill(liar)
  })

  type Change = Parameters<typeof tamper>[1]
  /** A worker that is cheaper than the honest one, and so is asked first; and somebody who asks. */
  async function facing(change: (liar: () => TestPeer) => Change, options: PeerOptions = {}, patience = 30_000) {
    const liar = await network.addPeer(`liar ${lights.length}`, {
      engine: fakeEngine(),
      roles: { worker: true, client: false },
      ...options,
      change: deps => ({
        ...deps,
        streams: tamper(
          deps.streams,
          change(() => liar)
        )
      })
    })
    liars.push(liar)
    await network.serve(liar, host, { inputPrice: 1n, outputPrice: 100n })
    const { tilth } = await network.light([host], { patience })
    lights.push(tilth)
    return { liar, tilth }
  }
  const ask = (tilth: Tilth) => tilth.ask({ model: network.model, messages, maxTokens: 24, maxFee: coin, seed: 7 })
  const channelWith = async (tilth: Tilth, worker: TestPeer): Promise<Channel> => {
    const found = (await tilth.channels()).find(channel => channel.worker === worker.address)
    assert.ok(found)
    return found
  }
  /** Another worker has answered, and the liar has a receipt for nothing. */
  async function answeredInstead(tilth: Tilth, liar: TestPeer): Promise<Channel> {
    const answer = ask(tilth)
    const text = await textOf(answer)
    assert.equal(text.trim().split(' ').length, 24)
    assert.equal((await answer.receipt)?.worker, honest.address)
    const channel = await channelWith(tilth, liar)
    assert.equal(channel.settled, 0n)
    return channel
  }

  it('another fee than the offer’s: it is disputed, and another goes on', async () => {
    const { liar, tilth } = await facing(
      () => frame => (frame.kind === 'tokens' ? { ...frame, owed: String(BigInt(String(frame['owed'])) + 1n) } : frame)
    )
    const channel = await answeredInstead(tilth, liar)
    assert.equal(channel.code, 'answer.owed')
  })

  it('more prompt tokens than the text can have', async () => {
    const { liar, tilth } = await facing(
      () => frame => (frame.kind === 'accepted' ? { ...frame, inputTokens: 5_000 } : frame)
    )
    const channel = await answeredInstead(tilth, liar)
    assert.equal(channel.code, 'answer.input-tokens')
    assert.equal(channel.paid, 0n)
  })

  it('silence: the next one answers', async () => {
    const { liar, tilth } = await facing(() => frame => (frame.kind === 'accepted' ? null : frame), {}, 1_500)
    assert.equal((await answeredInstead(tilth, liar)).paid, 0n)
  })

  it('one that leaves without a word: the next one answers', async () => {
    const { liar, tilth } = await facing(() => async (frame, stream) => {
      if (frame.kind !== 'accepted') return frame
      await stream.fail(new TilthError('stream.closed', 'gone'))
      return null
    })
    assert.equal((await answeredInstead(tilth, liar)).paid, 0n)
  })

  it('more tokens than were asked for: no more than those are paid, and the channel is closed', async () => {
    const { liar, tilth } = await facing(
      () => frame =>
        frame.kind === 'tokens'
          ? { ...frame, ids: Array.from({ length: 40 }, () => 1), text: 'w1 ', owed: frame['owed'] }
          : frame
    )
    const channel = await answeredInstead(tilth, liar)
    assert.equal(channel.code, 'answer.long')
    assert.equal(channel.settled, 0n)
  })

  for (const [what, code, change] of [
    ['another running total', 'receipt.total', { total: '999' }],
    ['a higher fee', 'receipt.fee', { fee: '2500' }],
    ['more tokens than came', 'receipt.tokens', { outputTokens: 25 }]
  ] as const)
    it(`a receipt with ${what}: the answer stands, nobody signs, and the channel is disputed`, async () => {
      const { liar, tilth } = await facing(get => frame => {
        if (frame.kind !== 'receipt') return frame
        const { receipt } = frame as unknown as { receipt: { message: Record<string, unknown> } }
        const { key, chain } = get()
        const big = (name: string): bigint => BigInt(String(receipt.message[name]))
        const message = {
          ...receipt.message,
          ...Object.fromEntries(
            ['sequence', 'fee', 'total', 'seed', 'startedAt', 'finishedAt'].map(name => [name, big(name)])
          ),
          ...Object.fromEntries(
            Object.entries(change).map(([name, value]) => [name, typeof value === 'string' ? BigInt(value) : value])
          )
        } as unknown as Message<'Receipt'>
        return { ...frame, receipt: signStatement(chain.network, 'Receipt', message, key) } as never
      })
      const answer = ask(tilth)
      const text = await textOf(answer)
      assert.equal(text.trim().split(' ').length, 24)
      assert.equal(await answer.receipt, undefined)
      const channel = await channelWith(tilth, liar)
      assert.equal(channel.code, code)
      assert.equal(channel.settled, 0n)
      assert.deepEqual(await tilth.receipts(), [])
    })
})
