import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createIntake, createExchange, createTree } from '../../../../node/payouts/receipts/index.ts'
import type { Intake, NewEntry } from '../../../../node/payouts/receipts/index.ts'
import { manualClock, silentLog } from '../../../../node/runtime/index.ts'
import type { MessageStream, Peer } from '../../../../node/transport/index.ts'
import { receiptsRequest } from '../../../../protocol/payouts/index.ts'
import type { ReceiptsReply } from '../../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../../protocol/models/index.ts'
import { keccak, NotFoundError } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import { generateReceipt, network } from './generate.ts'

const pool = keccak('pool')
const { id, receipt } = generateReceipt({ index: 1, signed: true })
const forged = (): CosignedReceipt => ({ ...receipt, clientSignature: `0x${randomBytes(64).toString('hex')}1b` })

/** An intake whose chain has the receipt's channel, unless it is `behind`. */
function intakeOf(chain = { behind: false }) {
  const kept = new Map<Hex, NewEntry>()
  const { channel, model } = receipt.receipt.message
  const { client, worker } = receipt
  const facing = {
    id: channel,
    client,
    worker,
    model,
    deposit: 10n ** 9n,
    claimed: 0n,
    expiry: 10n ** 12n,
    closesAt: 0n,
    closed: false,
    confirmed: 10n ** 9n
  }
  const store = {
    has: async (one: Hex) => kept.has(one),
    put: async (entry: NewEntry) => {
      const fresh = !kept.has(entry.id)
      kept.set(entry.id, entry)
      return fresh
    }
  }
  const intake = createIntake(
    { network, self: keccak('self').slice(0, 42) as Hex },
    store,
    { poolOf: async () => pool },
    { channels: async () => new Map(chain.behind ? [] : [[channel, facing]]) }
  )
  return { intake, kept, store }
}

describe('a receipt that is known', () => {
  it('is looked at as closely as a new one: its id covers no signature', async () => {
    const { intake, kept } = intakeOf()
    assert.deepEqual(await intake.take(receipt), { id, fresh: true, pool })
    assert.deepEqual(await intake.take(receipt), { id, fresh: false })
    for (let i = 0; i < 5; i++)
      await assert.rejects(intake.take(forged()), { code: 'receipt.signature', consequence: 'reject' })
    assert.deepEqual(kept.get(id)?.receipt, receipt)
  })

  it('while it is checked lends its outcome to the same document only', async () => {
    for (const [first, second] of [
      [receipt, forged()],
      [forged(), receipt]
    ] as const) {
      const { intake, kept } = intakeOf()
      const outcomes = await Promise.allSettled([intake.take(first), intake.take(second), intake.take(receipt)])
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 2)
      assert.equal(outcomes.filter(one => one.status === 'fulfilled' && one.value.fresh).length, 1)
      assert.deepEqual(kept.get(id)?.receipt, receipt)
    }
  })
})

describe('a receipt that a peer gave and that was not taken', () => {
  /** The exchange among peers, each of whom names the one receipt and gives it as it likes. */
  function exchangeOf(
    intake: Intake,
    store: ReturnType<typeof intakeOf>['store'],
    gives: Record<string, () => CosignedReceipt>
  ) {
    const clock = manualClock()
    const [asked, blamed]: [string[], string[]] = [[], []]
    const peers = Object.keys(gives).map(peerId => ({ peerId }) as Peer)
    async function open(peer: string): Promise<MessageStream> {
      let reply: ReceiptsReply | undefined
      const stream: Partial<MessageStream> = {
        async send(value) {
          const request = receiptsRequest.parse(value)
          if (request.kind === 'look')
            reply = { kind: 'found', found: request.at.map(prefix => ({ prefix, ids: [id] })) }
          else {
            asked.push(peer)
            reply = { kind: 'receipts', receipts: [gives[peer]?.() ?? receipt] }
          }
        },
        next: async <T>() => reply as T,
        end: async () => undefined,
        blame: async error => {
          blamed.push(`${peer} ${(error as { code: string }).code}`)
        }
      }
      return stream as MessageStream
    }
    const exchange = createExchange(
      {
        streams: { handle: () => async () => undefined, open },
        peers: { connected: () => [...peers] },
        log: silentLog,
        network,
        clock
      },
      {
        receipts: { ...store, get: async () => undefined, pool: async () => ({ epoch: 0, at: 0n, bundle: undefined }) },
        intake,
        tree: createTree(async () => [])
      },
      { receipt: () => undefined, behind: () => undefined }
    )
    return { exchange, clock, asked, blamed }
  }

  it('since its signature is broken, is had from the next peer, and the first is to blame', async () => {
    const { intake, kept, store } = intakeOf()
    const { exchange, blamed } = exchangeOf(intake, store, { honest: () => receipt, liar: forged })
    await exchange.collect(pool)
    await exchange.collect(pool)
    assert.deepEqual(kept.get(id)?.receipt, receipt)
    assert.ok(blamed.length > 0 && blamed.every(one => one === 'liar exchange.bad-peer'))
  })

  it('since the chain here was behind, is asked for again, but not at once', async () => {
    const chain = { behind: true }
    const { intake, kept, store } = intakeOf(chain)
    await assert.rejects(intake.take(receipt), (error: unknown) => error instanceof NotFoundError)
    const { exchange, clock, asked, blamed } = exchangeOf(intake, store, { honest: () => receipt })
    assert.equal(await exchange.collect(pool), 0)
    assert.equal(await exchange.collect(pool), 0)
    assert.deepEqual(asked, ['honest'])
    chain.behind = false
    await clock.advance(11_000)
    assert.equal(await exchange.collect(pool), 1)
    assert.ok(kept.has(id))
    assert.deepEqual(blamed, [])
  })
})
