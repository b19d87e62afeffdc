import assert from 'node:assert/strict'
import fc from 'fast-check'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import type { RowOutcome, Verdict } from '../../../protocol/data/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { BatchRecord, TrialRecord } from '../../../node/chain/types.ts'
import { acceptedOf } from '../../../node/data/host/entries.ts'
import { packRows, unpackRows } from '../../../node/data/jury/taken.ts'
import { createChallenging } from '../../../node/data/jury/index.ts'
import { openTrials } from '../../../node/data/jury/words.ts'
import { createQuestions, createSealed, createTold } from '../../../node/data/questions/index.ts'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import type { MessageStream } from '../../../node/transport/types.ts'
import { contributionTo, datanetOf, memoryPeer, trialOf, votePair } from './in-memory.ts'
import type { MemoryPeer } from './in-memory.ts'

const jurors = ['juror 1', 'juror 2', 'juror 3']
const accountOf = (name: string): Address => addressOfKey(fromHex(keccak(name)))
const { id: datanet, document } = datanetOf(['validator'], { uploadsPerContributor: 1 })
const { id, statements } = contributionTo(datanet, 'author')
const told = trialOf(id, datanet, true, [0, 1], jurors)

async function peerWith(name: string, trial: TrialRecord, index = 1): Promise<MemoryPeer> {
  const peer = memoryPeer(name)
  await peer.book.putDatanet(datanet, { document, seenAt: 0 }, true)
  const { contributor, commitment } = statements.commitment.message
  const record = { datanet, contributor, commitment, block: 1n, seenAt: 1 }
  for (let i = 1; i < index; i++)
    await peer.book.putContribution({
      ...record,
      id: keccak(`earlier ${i}`),
      index: i,
      state: { name: 'committed', at: 1 }
    })
  await peer.book.putContribution({ ...record, id, index, state: { name: 'revealed', statements, at: 1 } })
  peer.trials.set(id, trial)
  await peer.receiver.judged(id)
  return peer
}

const verdictOf = (...rows: RowOutcome[]): Verdict => ({
  contribution: id,
  accept: true,
  checks: [],
  rows,
  issues: []
})
const own: RowOutcome = { kind: 'own' }
const none = new Set<Hex>()

/** Asks those who are there; everybody else is away. */
function toldOf(peer: MemoryPeer, found: Verdict, there: ReadonlyMap<Address, MemoryPeer>) {
  const parts = (one: MemoryPeer) => ({
    chain: { ledger: { trial: async (of: Hex) => one.trials.get(of) } },
    clock: manualClock(),
    log: silentLog,
    self: accountOf('validator'),
    streams: {
      async open(address: Address) {
        const other = there.get(address)
        if (other === undefined) throw new Error('away')
        let answer: unknown
        return {
          send: async (asked: unknown) =>
            createTold(parts(other) as never, other.book, async () => found, AbortSignal.timeout(9_000)).serve({
              next: async () => asked,
              send: async (said: unknown) => void (answer = said)
            } as unknown as MessageStream),
          next: async () => answer,
          end: async () => undefined,
          fail: async () => undefined
        }
      }
    }
  })
  return createTold(parts(peer) as never, peer.book, async () => found, AbortSignal.timeout(9_000))
}

describe('data: rows that a jury took', () => {
  it('are told as bits', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 99_999 }), { maxLength: 50 }), rows => {
        const sorted = rows.toSorted((a, b) => a - b)
        assert.deepEqual(unpackRows(packRows(sorted)), sorted)
      })
    )
  })

  it('are in the next version once a juror tells them, and keep no version waiting that nobody tells', async () => {
    const validator = await peerWith('validator', told)
    assert.equal((await validator.book.contribution(id))?.state.name, 'accepted')
    // Its checks take another row, which asks a question that no juror could read.
    await validator.book.putVerdict(id, verdictOf(own, { kind: 'held-out' }, own))
    assert.deepEqual(await acceptedOf(validator.book, datanet, none), { entries: [], last: 0 })

    const juror = memoryPeer('juror 2')
    juror.trials.set(id, told)
    const vote = votePair('juror 2', id, true, [0, 1])[1].statement
    await juror.book.juryVotes.put(id, { says: true, vote, taken: packRows([0, 1]) })
    const liar = memoryPeer('juror 1')
    liar.trials.set(id, told)
    await liar.book.juryVotes.put(id, { says: true, vote, taken: packRows([0, 2]) })
    const there = new Map([
      [accountOf('juror 1'), liar],
      [accountOf('juror 2'), juror]
    ])
    const asking = toldOf(validator, verdictOf(own, own, own), there)
    const { entries } = await acceptedOf(validator.book, datanet, none, Infinity, record =>
      asking.learnTaken(record, document)
    )
    assert.deepEqual(
      entries.map(one => one.own),
      [[0, 1]]
    )
    // Whoever was told tells others.
    const late = await peerWith('late', told)
    const record = await late.book.contribution(id)
    const fromValidator = new Map([[accountOf('host'), validator]])
    assert.ok(record)
    assert.equal(await toldOf(late, verdictOf(own), new Map()).learnTaken(record, document), false)
    assert.ok(await toldOf(late, verdictOf(own, own, own), fromValidator).learnTaken(record, document))
    assert.equal((await acceptedOf(late.book, datanet, none)).entries.length, 1)
  })

  it('are nobody’s while the jury votes, and are in no version where they are no rows', async () => {
    const open = { ...told, closed: null }
    const juror = memoryPeer('juror 2')
    const vote = votePair('juror 2', id, true, [0, 1])[1].statement
    await juror.book.juryVotes.put(id, { says: true, vote, taken: packRows([0, 1]) })
    const there = new Map([[accountOf('juror 2'), juror]])
    const validator = await peerWith('validator', told)
    const record = await validator.book.contribution(id)
    assert.ok(record)
    juror.trials.set(id, open)
    const lines = verdictOf(own, own, own)
    assert.equal(await toldOf(validator, lines, there).learnTaken(record, document), false)
    juror.trials.set(id, told)
    const broken = verdictOf(own, { kind: 'invalid', code: 'not-a-row' })
    assert.equal(await toldOf(validator, broken, there).learnTaken(record, document), false)
    assert.deepEqual((await acceptedOf(validator.book, datanet, none)).entries, [])
  })

  it('are none of what the rules of its place let nobody take', async () => {
    const peer = await peerWith('validator', told, 2)
    assert.equal((await peer.book.contribution(id))?.state.name, 'revealed', 'it is beyond its author’s allowance')
  })

  it('are looked for on all juries, however many are open', async () => {
    const items = Array.from({ length: 250 }, (_, i) => ({ ...told, contribution: keccak(`${i}`) }))
    const ledger = {
      openTrials: async ({ after = '0', limit = 100 }) => {
        const next = Number(after) + limit
        return { items: items.slice(Number(after), next), ...(next < items.length ? { next: `${next}` } : {}) }
      }
    }
    const seen: Hex[] = []
    for await (const { contribution } of openTrials(ledger)) seen.push(contribution)
    assert.deepEqual(
      seen,
      items.map(({ contribution }) => contribution)
    )
  })
})

describe('data: sealed questions that a contribution was compared with', () => {
  it('are those of the same seats under whatever number, and shut to whoever has no seat', async () => {
    const seats = (...names: string[]) => names.map(name => ({ address: accountOf(name), weight: 1n }))
    const rosters = [seats('one', 'two'), seats('one', 'two'), seats('one', 'other')]
    const batch = { datanet, roster: 1, key: null, writer: accountOf('x'), accepted: { version: 1, block: 5n } }
    const sealed = createSealed({
      chain: {
        ledger: {
          commitment: async (of: Hex) => ({ datanet, roster: Number(of), block: 9n }),
          datanet: async () => ({ version: 0 }),
          batchesFor: async () => [batch as unknown as BatchRecord],
          roster: async (_: Hex, number: number) => rosters[number - 1]
        }
      },
      key: fromHex(keccak('stranger')),
      log: silentLog,
      self: accountOf('stranger')
    } as unknown as Parameters<typeof createSealed>[0])
    assert.deepEqual(await sealed.shutTo('0x1'), { here: 1, everybody: 1 })
    assert.deepEqual(await sealed.shutTo('0x2'), { here: 1, everybody: 1 }, 'weighed anew')
    assert.deepEqual(await sealed.shutTo('0x3'), { here: 0, everybody: 0 }, 'others sit, who cannot read it')
  })

  it('are asked for as long as the same seats sit, as the contract does', async () => {
    const seats = (...names: string[]) => names.map(name => ({ address: accountOf(name), weight: 1n }))
    const rosters = [seats('one'), seats('one', 'two'), seats('one', 'two'), seats('two')]
    const batches = [1, 2, 3].map(roster => ({ datanet, roster, accepted: null, writer: accountOf('x') }))
    const askedAt = async (sitting: number): Promise<number[]> => {
      const ledger = {
        datanet: async () => ({ roster: sitting }),
        sameSeats: async (_: Hex, one: number, other: number) => {
          const seatsOf = (number: number) => rosters[number - 1]?.map(({ address }) => address).join()
          return seatsOf(one) === seatsOf(other)
        },
        batches: async () => ({ items: batches.filter(({ roster }) => roster <= sitting) })
      }
      const deps = { chain: { ledger }, clock: manualClock() } as unknown as Parameters<typeof createQuestions>[0]
      const none = {} as never
      const asked = await createQuestions(deps, none, none, none, none, none, async () => document).asked(datanet)
      return asked.map(({ roster }) => roster)
    }
    assert.deepEqual(await askedAt(2), [2])
    assert.deepEqual(await askedAt(3), [2, 3], 'they were only weighed anew')
    assert.deepEqual(await askedAt(4), [])
  })
})

describe('data: a decision that no jury can look at', () => {
  it('is not challenged, before any money moves', async () => {
    const certificate = { votes: [] }
    const challengingOf = (of: typeof document, name: 'accepted' | 'rejected', shut: number) =>
      createChallenging(
        {
          chain: {
            ledger: { head: () => undefined, trial: async () => undefined },
            juries: {
              rules: async () => ({ deposit: 1n }),
              candidates: async () => ({ candidates: jurors, size: jurors.length }),
              openUntil: async () => undefined,
              challenge: () => assert.fail('money has moved')
            }
          },
          clock: manualClock(),
          log: silentLog,
          self: accountOf('challenger')
        } as unknown as Parameters<typeof createChallenging>[0],
        {
          must: async () =>
            ({
              record: { state: { name, certificate, statements }, seenAt: manualClock().now() },
              net: of
            }) as never
        },
        { shutTo: async () => ({ here: shut, everybody: shut }) }
      )
    const secret = datanetOf(['validator'], { private: {} }).document
    await assert.rejects(challengingOf(secret, 'accepted', 0).challenge(id, 'wrong'), { code: 'challenge.private' })
    assert.match((await challengingOf(secret, 'accepted', 0).challengeOf(id)).why ?? '', /no key/)
    await assert.rejects(challengingOf(document, 'rejected', 1).challenge(id, 'wrong'), { code: 'challenge.sealed' })
    assert.match((await challengingOf(document, 'rejected', 1).challengeOf(id)).why ?? '', /sealed questions/)
    assert.equal((await challengingOf(document, 'accepted', 1).challengeOf(id)).why, null)
  })
})
