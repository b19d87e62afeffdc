import assert from 'node:assert/strict'
import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import {
  commitmentOf,
  dataCodes,
  expire,
  groundsHash,
  outcomeOf,
  saltOf,
  voteCommitment
} from '../../../protocol/data/index.ts'
import type { ContributionState, DataMessage, DatanetDocument } from '../../../protocol/data/index.ts'
import { TilthError, contentHash, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createBook } from '../../../node/data/book/index.ts'
import type { Book } from '../../../node/data/book/index.ts'
import type { DataDeps, DataEvents } from '../../../node/data/index.ts'
import { createReceiver } from '../../../node/data/exchange/index.ts'
import type { Receiver } from '../../../node/data/exchange/index.ts'
import { createEvents, silentLog, systemClock } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { scratch } from '../../harness/index.ts'
import { agreedTo } from '../../protocol/data/agreed.ts'
import { addressOf, cid, keyOf, network, rules } from '../../protocol/data/make.ts'

// What each message is found to be, and what that means for whoever brought it.

const host = addressOf('host')
const signed = { host, rules: contentHash(rules), createdAt: 1n }
const document: DatanetDocument = { statement: signStatement(network, 'Datanet', signed, keyOf('host')), rules }
const datanet = digest(network, 'Datanet', signed)

const statements = (name: string, of: Hex = datanet, n = 0) => {
  const contributor = addressOf(name)
  const content = { cid, rows: 1, bytes: 10, salt: keccak(`${name} ${n}`) }
  const commitment = {
    datanet: of,
    contributor,
    commitment: commitmentOf({ datanet: of, contributor, ...content }),
    ...agreedTo()
  }
  const id = digest(network, 'Commitment', commitment)
  return {
    id,
    commitment: signStatement(network, 'Commitment', commitment, keyOf(name)),
    reveal: signStatement(network, 'Reveal', { contribution: id, ...content }, keyOf(name))
  }
}
type Said = ReturnType<typeof statements>
const vote = (validator: string, contribution: Hex, accept: boolean, salt = keccak('salt')) =>
  signStatement(
    network,
    'Vote',
    {
      contribution,
      validator: addressOf(validator),
      accept,
      outcome: outcomeOf({ contribution, cid, own: [0] }, accept),
      salt
    },
    keyOf(validator)
  )
const commit = (validator: string, contribution: Hex, commitment: Hex) =>
  signStatement(network, 'VoteCommit', { contribution, validator: addressOf(validator), commitment }, keyOf(validator))

describe('data: what a message is found to be', () => {
  let store: Store
  let receiver: Receiver
  let book: Book
  const ann = statements('ann')
  const bob = statements('bob')
  const reveal = (of = ann): DataMessage => ({
    kind: 'reveal',
    statements: { commitment: of.commitment, reveal: of.reveal }
  })
  const hear = (message: DataMessage, on?: Hex): Promise<void> => receiver.hear(message, 'a peer', on)
  const found = async (message: DataMessage, code: string, consequence: string, on?: Hex): Promise<void> => {
    await assert.rejects(hear(message, on), (error: unknown) => {
      assert.ok(error instanceof TilthError)
      assert.deepEqual([error.code, error.consequence], [code, consequence])
      return true
    })
  }

  before(async () => {
    store = await openStore(await scratch('messages'))
    book = createBook({ store, network })
    await book.load()
    const chain = {
      ledger: { datanet: async () => undefined, commitment: async () => undefined, trial: async () => undefined },
      datanets: {
        datanet: async (id: Hex) =>
          id === datanet
            ? { host, rules: signed.rules, commitments: 2n, version: 0, founders: rules.validators }
            : undefined
      }
    } as unknown as DataDeps['chain']
    receiver = createReceiver(
      {
        network,
        self: addressOf('self'),
        chain,
        clock: systemClock,
        events: createEvents<DataEvents>(silentLog),
        log: silentLog
      },
      book,
      0,
      {
        changed: () => undefined,
        datanet: async () => undefined,
        revealed: () => undefined,
        decided: async () => undefined,
        left: async () => undefined,
        overturned: async () => undefined,
        follows: () => true,
        doubleVote: () => undefined
      }
    )
    await receiver.take({ kind: 'datanet', document })
    for (const [i, { id, commitment }] of [ann, bob].entries()) {
      const { contributor, commitment: hash } = commitment.message
      await book.putContribution({
        id,
        datanet,
        index: i + 1,
        contributor,
        commitment: hash,
        block: 1n,
        seenAt: Date.now(),
        state: { name: 'committed', at: Date.now() }
      })
    }
  })
  after(() => store.close())

  it('a Datanet: forged or with other rules it is rejected; unknown on chain, or known, it is ignored', async () => {
    const other = { ...rules, name: 'other' }
    await found({ kind: 'datanet', document: { ...document, rules: other } }, 'datanet.rules', 'reject')
    const forged = signStatement(network, 'Datanet', signed, keyOf('mallory'))
    await found({ kind: 'datanet', document: { statement: forged, rules } }, 'signature.mismatch', 'reject')
    const message = { host, rules: contentHash(other), createdAt: 2n }
    const made = { statement: signStatement(network, 'Datanet', message, keyOf('host')), rules: other }
    await found({ kind: 'datanet', document: made }, 'datanet.unknown', 'ignore')
    await found({ kind: 'datanet', document }, 'message.known', 'ignore')
  })

  it('a reveal that opens nothing or is not of its topic is rejected; an unknown one waits', async () => {
    const crossed: DataMessage = {
      kind: 'reveal',
      statements: { commitment: ann.commitment, reveal: bob.reveal }
    }
    await found(crossed, 'signature.mismatch', 'reject')
    const salted = signStatement(network, 'Reveal', { ...ann.reveal.message, salt: keccak('other') }, keyOf('ann'))
    await found(
      { kind: 'reveal', statements: { commitment: ann.commitment, reveal: salted } },
      'commitment.mismatch',
      'reject'
    )
    await found(reveal(), 'datanet.topic', 'reject', keccak('another Datanet'))
    await found(reveal(statements('cleo')), 'contribution.unknown', 'ignore')
    await hear(reveal(), datanet)
    await found(reveal(), 'message.known', 'ignore')
  })

  it('votes: forged ones and those of no validators are rejected, a second and contradicting one is not', async () => {
    const yes = vote('v1', ann.id, true)
    const forged = { ...yes, message: { ...yes.message, validator: addressOf('v2') } }
    await found({ kind: 'vote', statement: forged }, 'signature.mismatch', 'reject')
    await found({ kind: 'vote', statement: vote('mallory', ann.id, true) }, 'vote.not-validator', 'reject')
    await found(
      { kind: 'vote-commit', statement: commit('mallory', ann.id, keccak('x')) },
      'vote.not-validator',
      'reject'
    )
    await found({ kind: 'vote', statement: vote('v1', keccak('nothing'), true) }, 'contribution.unknown', 'ignore')
    const said = { reason: 'it is wrong', nonce: keccak('nonce') }
    for (const because of [
      { ...said, reason: 'somebody else wrote this' },
      { ...said, nonce: keccak('other') }
    ])
      await found(
        { kind: 'vote', statement: vote('v1', ann.id, false, saltOf(said)), because },
        'vote.reason',
        'reject'
      )

    await hear({ kind: 'vote-commit', statement: commit('v1', ann.id, voteCommitment(yes.message)) })
    await found(
      { kind: 'vote-commit', statement: commit('v1', ann.id, keccak('another vote')) },
      'vote.commit-twice',
      'ignore'
    )
    await found({ kind: 'vote', statement: vote('v1', ann.id, false) }, 'vote.mismatch', 'ignore')
    await hear({ kind: 'vote', statement: yes })
    await found({ kind: 'vote', statement: yes }, 'message.known', 'ignore')
    await found({ kind: 'vote', statement: yes }, 'contribution.unknown', 'ignore', keccak('another Datanet'))
    await hear({ kind: 'vote', statement: vote('v1', ann.id, false) }) // evidence: others need it too, once
    await found({ kind: 'vote', statement: vote('v1', ann.id, false, keccak('again')) }, 'vote.double', 'ignore')
  })

  it("a certificate of too little weight, votes on something else or others' statements is rejected", async () => {
    const outcome = outcomeOf({ contribution: bob.id, cid, own: [0] }, true)
    const certify = (votes: ReturnType<typeof vote>[], of = bob): Extract<DataMessage, { kind: 'certificate' }> => ({
      kind: 'certificate',
      certificate: { contribution: bob.id, accept: true, outcome, votes },
      statements: { commitment: of.commitment, reveal: of.reveal }
    })
    const said = { reason: 'all of it is new', nonce: keccak('nonce') }
    const all = [...['v1', 'v2'].map(name => vote(name, bob.id, true)), vote('v3', bob.id, true, saltOf(said))]
    await found({ ...certify(all), because: [{ ...said, reason: 'paid for' }] }, 'vote.reason', 'reject')
    await found({ ...certify(all.slice(0, 2)), because: [said] }, 'vote.reason', 'reject')
    await found(certify(all.slice(0, 1)), 'certificate.quorum', 'reject')
    await found(certify([...all.slice(0, 2), ...all.slice(0, 1)]), 'certificate.votes', 'reject')
    await found(certify([...all.slice(0, 2), vote('mallory', bob.id, true)]), 'vote.not-validator', 'reject')
    await found(certify(all, ann), 'certificate.statements', 'reject')
    await hear({ ...certify(all), because: [said] }, datanet)
    await found(certify(all), 'message.known', 'ignore')
    // Whoever learns of a decision by its certificate reads why, too.
    assert.deepEqual(await book.told.get(`${bob.id}/${addressOf('v3')}`), said)
  })

  const put = async (index: number, of: typeof ann, state: ContributionState): Promise<void> => {
    const { contributor, commitment } = of.commitment.message
    await book.putContribution({ id: of.id, datanet, index, contributor, commitment, block: 1n, seenAt: 0, state })
  }

  it('votes and commitments to them count within their windows only', async () => {
    const now = Date.now()
    const [cleo, dora, ella] = ['cleo', 'dora', 'ella'].map(name => statements(name)) as [Said, Said, Said]
    const voting = (of: Said, since: number) =>
      ({ name: 'voting', since, shown: since, statements: { commitment: of.commitment, reveal: of.reveal } }) as const
    const half = (rules.voteSeconds * 1000) / 2
    await put(3, cleo, voting(cleo, now - half - 1))
    await put(4, dora, voting(dora, now - 2 * half - 1))
    await put(5, ella, expire(voting(ella, now)))
    const say = (of: Said): [DataMessage, DataMessage] => {
      const statement = vote('v1', of.id, true)
      return [
        { kind: 'vote-commit', statement: commit('v1', of.id, voteCommitment(statement.message)) },
        { kind: 'vote', statement }
      ]
    }
    // Others' votes are shown by now: whoever commits to one may have seen them.
    await found(say(cleo)[0], 'vote.late', 'ignore')
    await hear(say(cleo)[1])
    for (const late of [dora, ella]) for (const message of say(late)) await found(message, 'vote.late', 'ignore')
    assert.deepEqual(await book.ballot(ella.id), { commits: [], votes: [] })
  })

  it('a certificate that goes beyond what its author may bring is none, whoever signed it', async () => {
    const again = [1, 2, 3].map(n => statements('fred', datanet, n)) as [Said, Said, Said]
    for (const [i, of] of again.entries()) await put(6 + i, of, { name: 'committed', at: Date.now() })
    const certify = (of: Said): DataMessage => {
      const outcome = outcomeOf({ contribution: of.id, cid, own: [0] }, true)
      const votes = ['v1', 'v2', 'v3'].map(name => vote(name, of.id, true))
      return {
        kind: 'certificate',
        certificate: { contribution: of.id, accept: true, outcome, votes },
        statements: { commitment: of.commitment, reveal: of.reveal }
      }
    }
    await hear(certify(again[1]))
    await found(certify(again[2]), 'certificate.allowance', 'ignore')
    assert.equal((await book.contribution(again[2].id))?.state.name, 'committed')
    await hear(certify(again[0]))
  })

  it('a removal of nobody who may ask for it is rejected, one of a roster to come is ignored', async () => {
    const withdrawal = (name: string, by = name): DataMessage => {
      const message = { contribution: bob.id, contributor: addressOf(name) }
      return { kind: 'withdrawal', statement: signStatement(network, 'Withdrawal', message, keyOf(by)) }
    }
    const grounds = { code: 'spam', text: '', nonce: keccak('grounds') } as const
    const word = (name: string, roster = 1, why: Hex = groundsHash(grounds)): DataMessage => {
      const message = { contribution: bob.id, validator: addressOf(name), roster, grounds: why }
      return {
        kind: 'take-down',
        word: { statement: signStatement(network, 'TakeDown', message, keyOf(name)), grounds }
      }
    }
    await found(withdrawal('bob', 'ann'), 'signature.mismatch', 'reject')
    await found(withdrawal('ann'), 'removal.not-author', 'reject')
    await found(withdrawal('bob'), 'contribution.unknown', 'ignore', keccak('another Datanet'))
    await hear(withdrawal('bob'), datanet)
    await found(withdrawal('bob'), 'message.known', 'ignore')
    await found(word('mallory'), 'vote.not-validator', 'reject')
    await found(word('v1', 1, keccak('other grounds')), 'removal.grounds', 'reject')
    await found(word('v1', 2), 'removal.roster', 'ignore')
    for (const name of ['v1', 'v2']) await hear(word(name), datanet)
    await found(word('v1'), 'message.known', 'ignore')
    assert.equal(await book.removed(bob.id), 'withdrawn')
    await hear(word('v3'), datanet)
    assert.equal(await book.removed(bob.id), 'taken-down')
  })

  it('every code that depends on the receiver is ignored', () => {
    const rejected = Object.entries(dataCodes).flatMap(([code, consequence]) =>
      consequence === 'reject' ? [code] : []
    )
    assert.deepEqual(rejected.sort(), [
      'certificate.quorum',
      'certificate.statements',
      'certificate.votes',
      'commitment.mismatch',
      'datanet.mix',
      'datanet.rules',
      'datanet.topic',
      'removal.grounds',
      'removal.not-author',
      'reveal.cid',
      'reveal.sealed',
      'vote.not-validator',
      'vote.reason'
    ])
  })
})
