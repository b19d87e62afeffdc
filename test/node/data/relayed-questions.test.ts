import assert from 'node:assert/strict'
import { signQuestions } from '../../../daemon/sign-questions.ts'
import { versionsOf } from '../../../node/jobs/index.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { writersOf } from '../../../protocol/data/index.ts'
import type { SignedBatch } from '../../../protocol/data/index.ts'
import { fromHex, keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { coin, jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const rows = (name: string, count: number): [string, string][] =>
  Array.from({ length: count }, (_, i) => [`Who keeps ${name}${i} in ${name}ville${i}?`, `Old ${name}son${i}`])
const given: [string, string][] = [
  ['Which bird sings at night?', 'The nightingale'],
  ['What do herons eat?', 'Mostly fish'],
  ['Where do swifts sleep?', 'On the wing']
]
const refused = (code: string) => (error: { code?: string }) => error.code === code
/** An account that no chain has given anything. */
const person = (name: string) => {
  const privateKey = fromHex(keccak(`person ${name}`))
  return { address: addressOfKey(privateKey), privateKey }
}

describe('data: held-out questions of writers without a node', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let host: TestPeer
  let one: TestPeer
  let datanet: Hex

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    one = await network.start(await network.account('one', 100n * coin))
    const rules = rulesFor([one.address], {
      uploadsPerContributor: 9,
      minOwnShare: 1,
      questionWriters: 'by-standing'
    })
    datanet = (await host.service.createDatanet(rules, bytes(jsonl(rows('public', 30))))).id
    await until(async () => (await one.service.datanet(datanet)) !== undefined, 'its validator hears of it')
  })
  after(() => network.stop())

  async function signed(by: ReturnType<typeof person>, questions: readonly [string, string][]): Promise<SignedBatch> {
    const seats = await host.service.questionSeats(datanet)
    return signQuestions(host.chain.network, datanet, bytes(jsonl(questions)), seats, [one.address], by)
  }
  const bring = (batch: SignedBatch) => host.service.bringQuestions(datanet, batch)
  const stateOf = async (batch: Hex): Promise<string | undefined> =>
    (await host.service.questionsOf(datanet)).batches.find(known => known.batch === batch)?.state
  const sealed = (batch: Hex) => until(async () => (await stateOf(batch)) === 'sealed', `${batch} is accepted`, 60_000)

  const [ada, ben, eve] = [person('ada'), person('ben'), person('eve')]

  it('are brought by a node that reads none of them, and are their writers’', async () => {
    const questions = rows('ada', 20)
    const batch = await signed(ada, questions)
    const { batch: id } = await bring(batch)
    await sealed(id)
    assert.equal((await host.followed.ledger.batch(id))?.writer, ada.address)
    await assert.rejects(host.service.batchQuestions(datanet, id), refused('batch.shut'))
    assert.equal((await one.service.batchQuestions(datanet, id)).length, 20)
    await assert.rejects(bring(batch), refused('chain.reverted'), 'it stands there once')
  })

  it('are refused before they cost gas where the chain would take them from nobody', async () => {
    const good = await signed(ben, rows('ben', 8))
    const { statement } = good
    const said = (more: Partial<typeof statement.message>): SignedBatch => ({
      ...good,
      statement: { ...statement, message: { ...statement.message, ...more } }
    })
    const late = { ...(await host.service.questionSeats(datanet)), deadline: 5n }
    const old = signQuestions(host.chain.network, datanet, bytes(jsonl(rows('ben', 8))), late, [one.address], ben)
    for (const [bad, code] of [
      [said({ datanet: zeroHash }), 'batch.signed'],
      [{ ...good, questions: '0x00' as Hex }, 'batch.signed'],
      [{ ...good, keys: `${good.keys}00` as Hex }, 'batch.signed'],
      [said({ writer: eve.address }), 'signature.mismatch'],
      [said({ deadline: statement.message.deadline + 1n }), 'signature.mismatch'],
      [said({ keyHash: zeroHash }), 'signature.mismatch'],
      [old, 'batch.late']
    ] as const)
      await assert.rejects(bring(bad), refused(code), code)
    await assert.rejects(host.service.bringQuestions(zeroHash, good), refused('datanet.unknown'))
    // What a node names that its writer did not read, it does not seal to.
    const seats = await host.service.questionSeats(datanet)
    const others = [{ account: eve.address, key: null }]
    for (const wrong of [
      { ...seats, seats: others },
      { ...seats, seats: [] }
    ])
      assert.throws(
        () => signQuestions(host.chain.network, datanet, bytes(jsonl(rows('x', 8))), wrong, [one.address], ben),
        refused('batch.roster')
      )
  })

  it('of one writer no more than two in a day, of which what was never sent is none', async () => {
    const elsewhere = await signed(ben, rows('benX', 8))
    await one.service.bringQuestions(datanet, elsewhere)
    await assert.rejects(bring(elsewhere), refused('chain.reverted'), 'another node has brought it')
    await sealed((await bring(await signed(ben, rows('benA', 8)))).batch)
    await bring(await signed(ben, rows('benB', 8)))
    await assert.rejects(bring(await signed(ben, rows('benC', 8))), refused('batch.quota'))
  })

  it('of newcomers no more than half of what it brings, so that those of others have room', async () => {
    const { id } = await host.service.contribute({
      datanet,
      file: bytes(jsonl(given)),
      contributorKey: eve.privateKey
    })
    const status = async () => (await host.service.contribution(id))?.status ?? ''
    await until(async () => ['accepted', 'rejected'].includes(await status()), 'it is decided', 60_000)
    assert.equal(await status(), 'accepted')
    let brought = 3
    for (; brought < 8; brought++) await bring(await signed(person(`fresh${brought}`), rows(`fresh${brought}x`, 8)))
    await assert.rejects(bring(await signed(person('one more'), rows('more', 8))), refused('batch.quota'))
    await sealed((await bring(await signed(eve, rows('eve', 8)))).batch)
  })

  it('judge a version by who has written them: newcomers have a third together', async () => {
    const { version, cid: manifest } = await host.service.anchorVersion(datanet)
    await until(
      async () => (await host.service.questionsOf(datanet)).judging?.writers !== null,
      'all that judge it are opened',
      60_000
    )
    const read = (peer: TestPeer) =>
      versionsOf(peer.service, { chain: peer.chain }).heldOut({ datanet, version, manifest })
    const found = await read(host)
    assert.deepEqual(await read(one), found, 'everybody finds the same')
    const counts = new Map(writersOf(found).map(({ writer, questions }) => [writer, questions]))
    const own = Math.min(3, counts.get(eve.address) ?? 0)
    assert.equal(own, 3, 'a contributor has one for each of its rows')
    const third = Math.floor(found.length / 3)
    const newcomers = [...counts].reduce((sum, [who, count]) => (who === null ? sum : sum + count), 0) - own
    assert.equal(newcomers, third - own, 'and all others what it leaves of a third')
    assert.deepEqual(
      found.slice(0, 3).map(({ writer }) => writer),
      [eve.address, eve.address, eve.address] as Address[]
    )
    assert.equal(found[3]?.writer, ada.address, 'in the order in which they were accepted')
    assert.equal(counts.get(null), 30)
  })

  it('are no more in a day by a node that was started again meanwhile', async () => {
    const batch = await signed(ben, rows('benD', 8))
    await network.stopPeer(host)
    host = await network.start(host)
    await until(async () => (await host.service.datanet(datanet)) !== undefined, 'it is back')
    await assert.rejects(bring(batch), refused('batch.quota'))
  })
})
