import assert from 'node:assert/strict'
import { createChain } from '../../../node/chain/index.ts'
import { clientFrame, workerFrame } from '../../../protocol/models/index.ts'
import { contentHash, keccak, toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import type { MessageStream } from '../../../node/transport/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/serving.ts'
import { ask, coin, question, startNetwork, tamper } from './network.ts'
import type { PeerOptions, TestNetwork, TestPeer } from './network.ts'

const clientOnly: PeerOptions = { roles: { worker: false, client: true } }
const protocol = '/tilth/models/infer/1'

describe('clients that cheat or go', function () {
  this.timeout(120_000) // many real nodes, on a machine that may have other work
  let network: TestNetwork
  let worker: TestPeer
  let client: TestPeer
  let offer: Signed<'Offer'>
  let channel: Hex
  const engine = fakeEngine()
  const credit = 8

  before(async () => {
    network = await startNetwork()
    worker = await network.addPeer('worker', {
      engine,
      policy: { creditTokens: credit, mostCreditTokens: credit, lostCredits: 3 },
      timing: { voucherMs: 1_500 }
    })
    client = await network.addPeer('client', clientOnly)
    await network.serve(worker, client)
    const stream = await client.node.streams.open(worker.address, protocol)
    await stream.send({ kind: 'quote', model: network.model })
    const frame = await stream.next(workerFrame)
    assert.ok(frame?.kind === 'offer')
    offer = frame.offer
    await stream.end()
    const expiry = (await client.chain.head()).timestamp + 100_000n
    channel = (
      await client.chain.channels.open({ worker: worker.address, model: network.model, deposit: coin, expiry })
    ).channel
  })
  after(() => network.stop())

  const content = (text: string) => ({
    messages: [{ role: 'user' as const, content: text }],
    maxTokens: 64,
    temperature: 0,
    topK: 0,
    topP: 1,
    stop: [],
    resume: [] as number[],
    nonce: keccak(text),
    day: Math.floor(Date.now() / 86_400_000)
  })
  let issued = 0n
  function requestFrame(
    text: string,
    change: {
      signer?: Uint8Array
      message?: Record<string, unknown>
      content?: Record<string, unknown>
      offer?: Signed<'Offer'>
    } = {}
  ): Record<string, unknown> {
    const body = { ...content(text), ...change.content }
    const message = {
      channel,
      model: network.model,
      content: contentHash(content(text)),
      seed: 1n,
      maxFee: coin / 2n + ++issued,
      issuedAt: BigInt(Math.floor(Date.now() / 1000)),
      confidential: false,
      ...change.message
    }
    return {
      kind: 'request',
      statement: signStatement(client.chain.network, 'InferenceRequest', message as never, change.signer ?? client.key),
      content: body,
      offer: change.offer ?? offer,
      voucher: null
    }
  }
  const open = (): Promise<MessageStream> => client.node.streams.open(worker.address, protocol)
  const voucher = (cumulative: bigint, key = client.key): Signed<'Voucher'> =>
    signStatement(client.chain.network, 'Voucher', { channel, cumulative }, key)

  /** Sends frames and reads on until the worker ends or refuses. */
  async function converse(...frames: unknown[]): Promise<{ tokens: number; code: string | undefined }> {
    const stream = await open()
    let tokens = 0
    try {
      for (const frame of frames) await stream.send(frame)
      for await (const frame of stream.receive(workerFrame, { timeoutMs: 20_000 }))
        if (frame.kind === 'tokens') tokens += frame.ids.length
      return { tokens, code: undefined }
    } catch (error) {
      return { tokens, code: (error as { code?: string }).code ?? 'none' }
    }
  }

  it('get an answer for a request that is in order', async () => {
    // The rest of this file refuses changed forms of this one; paid in one voucher, all of it comes.
    const stream = await open()
    await stream.send(requestFrame('in order'))
    let tokens = 0
    let paid = 0
    for await (const frame of stream.receive(workerFrame)) {
      if (frame.kind === 'tokens') {
        tokens += frame.ids.length
        if (tokens - paid < 4) continue
        paid = tokens
        await stream.send({ kind: 'voucher', voucher: voucher(frame.owed), received: tokens })
      } else if (frame.kind === 'receipt') break
    }
    assert.equal(tokens, 64)
    await stream.fail(new Error('gone'))
  })

  it('are refused what they did not sign, pay or own', async () => {
    const stranger = Uint8Array.from({ length: 32 }, () => 9)
    const other = await network.addPeer('other', clientOnly)
    const before = engine.generated
    const refused: Record<string, [Record<string, unknown>, string]> = {
      'another key': [requestFrame('x', { signer: stranger }), 'signature.mismatch'],
      'another content': [
        requestFrame('x', { content: { messages: [{ role: 'user', content: 'y' }] } }),
        'request.content'
      ],
      'another model': [requestFrame('x', { message: { model: contentHash('none') } }), 'offer.none'],
      'no channel': [requestFrame('x', { message: { channel: contentHash('none') } }), 'channel.unknown'],
      'too small a highest fee': [requestFrame('x', { message: { maxFee: 1n } }), 'request.max-fee'],
      'an old request': [requestFrame('x', { message: { issuedAt: 1_000_000n } }), 'request.stale'],
      'a request from the future': [
        requestFrame('x', { message: { issuedAt: BigInt(Math.floor(Date.now() / 1000) + 3600) } }),
        'request.future'
      ],
      'a forged offer': [
        requestFrame('x', { offer: { ...offer, message: { ...offer.message, outputPrice: 1n } } }),
        'signature.mismatch'
      ],
      "another's offer": [
        requestFrame('x', {
          offer: signStatement(client.chain.network, 'Offer', { ...offer.message, worker: other.address }, other.key)
        }),
        'offer.other'
      ],
      'a voucher by another': [{ ...requestFrame('x'), voucher: voucher(coin / 4n, stranger) }, 'signature.mismatch'],
      'a voucher above the deposit': [{ ...requestFrame('x'), voucher: voucher(2n * coin) }, 'voucher.deposit'],
      'a frame that does not begin a stream': [{ kind: 'cancel' }, 'frame.unexpected'],
      'a frame of another shape': [{ kind: 'request', extra: 1 }, 'frame.schema']
    }
    for (const [what, [frame, code]] of Object.entries(refused))
      assert.deepEqual(await converse(frame), { tokens: 0, code }, what)
    // A channel is used by its client alone, whoever has seen its requests.
    const stream = await other.node.streams.open(worker.address, protocol)
    await stream.send(requestFrame('x'))
    await assert.rejects(stream.next(workerFrame), { code: 'channel.client' })
    assert.equal(engine.generated, before)
    for (const frame of [requestFrame('x'), { kind: 'quote', model: network.model }])
      assert.ok(
        clientFrame.safeParse(
          JSON.parse(JSON.stringify(frame, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)))
        ).success
      )
    await network.kill(other)
  })

  it('get the credit and no more without paying, first once, then until they have taken too much', async () => {
    // The receipt of the first test wants its signature before anything new: this client gives none.
    const { tokens } = await converse(requestFrame('free'))
    assert.equal(tokens, 0)
    const thief = await network.addPeer('thief', {
      ...clientOnly,
      change: deps => ({ ...deps, streams: tamper(deps.streams, frame => (frame.kind === 'voucher' ? null : frame)) })
    })
    await until(() => thief.service.offers(network.model).length > 0, 'the offer is known', 30_000)
    let most = 0
    const codes: string[] = []
    thief.events.on('models.failed', ({ code }) => {
      codes.push(code)
    })
    for (let i = 0; i < 8; i++) {
      let got = 0
      await ask(thief, question(`free ${i}`, { maxTokens: 100 }), event => {
        if (event.kind === 'text') got += event.ids.length
      }).catch(() => undefined)
      most += got
      if (codes.includes('client.unreliable')) break
    }
    assert.ok(codes.includes('client.unreliable'), codes.join())
    assert.ok(most <= credit * 6, `${most} tokens for nothing`)
    await network.kill(thief)
  }).timeout(300_000)

  it('cannot pay twice with one voucher', async () => {
    const replayer = await network.addPeer('replayer', {
      ...clientOnly,
      change: deps => {
        let first: unknown
        return {
          ...deps,
          streams: tamper(deps.streams, frame => {
            if (frame.kind !== 'voucher') return frame
            first ??= frame['voucher']
            return { ...frame, voucher: first }
          })
        }
      }
    })
    await until(() => replayer.service.offers(network.model).length > 0, 'the offer is known', 30_000)
    let got = 0
    await assert.rejects(
      ask(replayer, question('again and again', { maxTokens: 100 }), event => {
        if (event.kind === 'text') got += event.ids.length
      }),
      { code: 'ask.failed' }
    )
    assert.ok(got < 40, `${got} tokens`)
    await network.kill(replayer)
  }).timeout(300_000)
})

describe('nodes that are killed', function () {
  this.timeout(120_000)
  let network: TestNetwork
  beforeEach(async () => {
    network = await startNetwork()
  })
  afterEach(() => network.stop())

  it('a client killed between a voucher and the next token promises no less, and signs for all of it', async () => {
    const worker = await network.addPeer('worker', {
      engine: fakeEngine(),
      policy: { creditTokens: 8, mostCreditTokens: 8 }
    })
    let vouchers = 0
    let stuck = (): void => undefined
    const client = await network.addPeer('client', {
      ...clientOnly,
      // The third voucher is on disk and never leaves.
      change: deps => ({
        ...deps,
        streams: tamper(deps.streams, frame => {
          if (frame.kind !== 'voucher' || ++vouchers < 3) return frame
          stuck()
          return new Promise<null>(() => undefined)
        })
      })
    })
    await network.serve(worker, client)
    const isStuck = new Promise<void>(resolve => {
      stuck = resolve
    })
    void ask(client, question('why', { maxTokens: 60 })).catch(() => undefined)
    await isStuck
    const promised = (await client.service.channels()).items[0]?.paid
    await network.kill(client)
    await network.revive(client, clientOnly)
    const [after] = (await client.service.channels()).items
    assert.ok(promised !== undefined && promised > 0n)
    // More tokens may have come, and been promised for, between the look and the kill.
    assert.ok((after?.paid ?? 0n) >= promised, `${after?.paid} is less than ${promised}`)
    await until(() => client.service.offers(network.model).length > 0, 'the offer is known again', 30_000)
    await until(
      async () => {
        await client.service.reconcile()
        return (await client.service.receipts()).length === 1
      },
      'the cut answer has its receipt',
      30_000
    )
    const answer = await ask(client, question('after', { maxTokens: 12 }))
    assert.equal(answer.ids.length, 12)
    const receipts = (await client.service.receipts()).map(one => one.receipt).map(({ receipt }) => receipt.message)
    assert.deepEqual(
      receipts.map(({ sequence }) => Number(sequence)).toSorted((a, b) => a - b),
      [1, 2]
    )
    const { items: channels } = await client.service.channels()
    assert.equal(channels.length, 1)
    assert.ok((channels[0]?.paid ?? 0n) >= promised)
    assert.ok((channels[0]?.settled ?? 0n) <= (channels[0]?.paid ?? 0n))
  }).timeout(300_000)

  it("a client killed before it has seen a short answer's receipt still signs for it", async () => {
    let stuck = (): void => undefined
    let held = false
    const worker = await network.addPeer('worker', {
      engine: fakeEngine({ length: 5 }),
      timing: { voucherMs: 1_000 },
      change: deps => ({
        ...deps,
        streams: tamper(deps.streams, frame => {
          if (frame.kind !== 'receipt' || held) return frame
          held = true
          stuck()
          return null
        })
      })
    })
    const client = await network.addPeer('client', clientOnly)
    await network.serve(worker, client)
    const isStuck = new Promise<void>(resolve => {
      stuck = resolve
    })
    void ask(client, question('why')).catch(() => undefined)
    await isStuck
    await network.kill(client)
    await network.revive(client, clientOnly)
    await until(
      async () => {
        await client.service.reconcile()
        return (await client.service.receipts()).length === 1
      },
      'the receipt is signed',
      30_000
    )
    const [receipt] = (await client.service.receipts()).map(one => one.receipt)
    assert.equal(receipt?.receipt.message.outputTokens, 5)
    assert.deepEqual(
      (await client.service.channels()).items.map(({ state, paid, settled }) => [state, paid === settled]),
      [['open', true]]
    )
  })

  it('a worker killed in the middle keeps its vouchers, signs for what had arrived, and claims it', async () => {
    const prices = { inputPrice: 10n, outputPrice: 100n }
    let sent = 0
    // A token waits until the one before is on the wire, so that each has a frame of its own; 16 were for the trial.
    const engine = fakeEngine({ gate: () => until(() => engine.generated <= 16 + sent, 'the token before is sent') })
    let stuck = (): void => undefined
    const worker = await network.addPeer('worker', {
      engine,
      policy: { creditTokens: 8, mostCreditTokens: 8 },
      change: deps => ({
        ...deps,
        streams: tamper(deps.streams, frame => {
          if (frame.kind !== 'tokens' || ++sent < 30) return frame
          stuck()
          return new Promise<null>(() => undefined)
        })
      })
    })
    const client = await network.addPeer('client', { ...clientOnly, timing: { findMs: 500 } })
    await network.serve(worker, client, prices)
    const isStuck = new Promise<void>(resolve => {
      stuck = resolve
    })
    const cut = ask(client, question('why', { maxTokens: 60 }))
    cut.catch(() => undefined)
    await isStuck
    await until(
      async () => ((await worker.service.channels()).items[0]?.paid ?? 0n) >= 20n * 100n,
      'most of it is paid'
    )
    const paid = (await worker.service.channels()).items[0]?.paid
    await network.kill(worker)
    await assert.rejects(cut)
    await network.revive(worker, { engine: fakeEngine(), policy: { creditTokens: 8, mostCreditTokens: 8 } })
    // More may have come before the end, nothing may have been forgotten.
    assert.ok(((await worker.service.channels()).items[0]?.paid ?? 0n) >= (paid ?? 0n))
    await until(() => client.service.offers(network.model).length > 0, 'it offers again by itself', 30_000)
    const answer = await ask(client, question('after', { maxTokens: 12 }))
    assert.equal(answer.ids.length, 12)
    const receipts = (await client.service.receipts()).map(one => one.receipt).map(({ receipt }) => receipt.message)
    assert.deepEqual(
      receipts.map(({ sequence }) => Number(sequence)).toSorted((a, b) => a - b),
      [1, 2]
    )
    const part = receipts.find(({ sequence }) => sequence === 1n)
    assert.ok(part !== undefined && part.outputTokens >= 20 && part.outputTokens <= 29, `${part?.outputTokens} tokens`)
    const { amount } = await worker.service.redeem()
    const settled = receipts.reduce((sum, { fee }) => sum + fee, 0n)
    assert.ok(amount >= settled && amount - settled <= 9n * 100n, `${amount} for ${settled}`)
  }).timeout(300_000)

  it('a channel that was opened just before a crash is found again on chain', async () => {
    const worker = await network.addPeer('worker', { engine: fakeEngine() })
    const client = await network.addPeer('client', clientOnly)
    await network.serve(worker, client)
    await network.kill(client)
    const twin = await createChain({
      rpcUrl: network.anvil.rpcUrl,
      addresses: client.chain.addresses,
      privateKey: toHex(client.key)
    })
    const { channel } = await twin.channels.open({
      worker: worker.address,
      model: network.model,
      deposit: coin,
      expiry: (await twin.head()).timestamp + 100_000n
    })
    await twin.stop()
    await network.revive(client)
    await until(() => client.service.offers(network.model).length > 0, 'the offer is known', 30_000)
    await until(async () => (await client.service.channels()).items.length === 1, 'the channel is known')
    await ask(client, question('why'))
    assert.deepEqual(
      (await client.service.channels()).items.map(({ id, receipts }) => [id, receipts]),
      [[channel, 1]]
    )
  })

  it('a client that closes its channel pays what it promised: the worker claims before the window ends', async () => {
    const worker = await network.addPeer('worker', { engine: fakeEngine() })
    const client = await network.addPeer('client', clientOnly)
    await network.serve(worker, client)
    const { usage } = await ask(client, question('why'))
    const [channel] = (await client.service.channels()).items
    assert.ok(channel !== undefined)
    await client.chain.channels.startClose(channel.id)
    await until(
      async () => (await client.chain.channels.channel(channel.id))?.claimed === usage.fee,
      'the worker has claimed',
      30_000
    )
    assert.equal((await worker.service.channels()).items[0]?.state, 'closing')
    // The next ask finds another channel.
    await until(
      async () => (await client.service.channels()).items[0]?.state === 'closing',
      'the client sees it closing'
    )
    await ask(client, question('once more'))
    assert.equal((await client.service.channels()).items.length, 2)
  })
})
