import assert from 'node:assert/strict'
import { emptiedMs, emptiedRecord } from '../../../node/data/storage/leaving.ts'
import { versionsOf } from '../../../node/jobs/versions.ts'
import { systemClock } from '../../../node/runtime/index.ts'
import { until } from '../../harness/index.ts'
import { jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const questions = jsonl([['What colour is the sky?', 'Blue']])
/** Contributions, of those accepted how many are there and how many have left, and the rows that are there. */
async function figures(service: TestPeer['service'], datanet: Hex) {
  const { contributions, accepted, left, rows } = (await service.datanet(datanet)) ?? {}
  return [contributions, accepted, left, rows]
}
const facts = (from: number): string =>
  jsonl(Array.from({ length: 4 }, (_, i) => [`Which tune has number ${from + i}?`, `The song ${from + i}`]))

describe('data: a contributor looks before, and changes their mind', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let host: TestPeer
  let door: TestPeer
  let datanet: Hex
  /** Milliseconds that the door's clock is ahead. */
  let ahead = 0
  before(async () => {
    network = await startNetwork()
    host = await network.add('host', { autoVote: false })
    door = await network.add('door', {
      clock: { ...systemClock, now: () => systemClock.now() + ahead },
      timing: { spareMs: 100 }
    })
    const rules = rulesFor([host.address], { uploadsPerContributor: 9, voteSeconds: 600, revealSeconds: 600 })
    datanet = (await host.service.createDatanet(rules, questions)).id
    await until(async () => (await door.service.datanet(datanet)) !== undefined, 'the door hears of it')
    await door.service.follow(datanet)
  })
  after(() => network.stop())

  const preview = (file: string) => door.service.preview({ datanet, file, contributor: door.address })

  it('hears what the validators will say, line by line, and nothing is spent', async () => {
    const { id } = await door.service.contribute({ datanet, file: facts(0) })
    await until(async () => (await host.service.contribution(id))?.checks.length === 8, 'it is checked')
    await host.service.vote(id, true)
    await until(async () => (await door.service.contribution(id))?.status === 'accepted', 'it is accepted')
    const first = facts(0).split('\n')[0] ?? ''
    const file = `${facts(100)}\n\nhello\n${first}\n${questions}\n${facts(100).split('\n')[0] ?? ''}`
    // The index of what was accepted follows the decision.
    await until(async () => (await preview(file)).lines[5]?.code === 'duplicate', 'the door knows its rows')
    const seen = await preview(file)
    assert.deepEqual(seen.lines, [
      ...[1, 2, 3, 4].map(line => ({ line, code: 'own' })),
      { line: 6, code: 'not-json' },
      { line: 7, code: 'duplicate', of: id, row: 0 },
      { line: 8, code: 'held-out', question: 0 },
      { line: 9, code: 'duplicate', row: 0 }
    ])
    assert.equal(seen.verdict.accept, true)
    assert.deepEqual([seen.uploads, seen.allowed, seen.compared], [1, 9, true])
    assert.equal((await preview(facts(0))).verdict.reason, 'mostly-duplicate')
    assert.equal((await preview('hello')).verdict.reason, 'mostly-invalid')
    assert.equal((await door.service.contributions(datanet)).items.length, 1)
  })

  it('takes back what was accepted: it leaves readers at once and the next version, and stays known', async () => {
    const { id } = await door.service.contribute({ datanet, file: facts(60) })
    await until(async () => (await host.service.contribution(id))?.checks.length === 8, 'it is checked')
    await host.service.vote(id, true)
    await until(async () => (await door.service.contribution(id))?.status === 'accepted', 'it is accepted')
    // Asked for twice at once it is made once.
    const [one, two] = await Promise.all([host.service.anchorVersion(datanet), host.service.anchorVersion(datanet)])
    assert.equal(one.count, 2)
    assert.equal(one.transaction, two.transaction)
    await until(async () => (await door.service.versions(datanet)).items.length === 1, 'the door knows the version')
    await assert.rejects(host.service.withdraw(id), { code: 'contribution.not-ours' })
    assert.deepEqual(await door.service.withdraw(id), { state: 'accepted' })
    await until(async () => (await host.service.contribution(id))?.removed === 'withdrawn', 'the host hears of it')
    const shown = async ({ service }: TestPeer) =>
      (await service.acceptedRows(datanet, { limit: 100 })).items.filter(({ contribution }) => contribution === id)
        .length
    assert.deepEqual([await shown(door), await shown(host)], [0, 0])
    assert.deepEqual(
      (await host.service.leftSince(datanet, 1)).map(({ contribution, rows, removed }) => [
        contribution,
        rows,
        removed
      ]),
      [[id, 4, 'withdrawn']]
    )
    // It counts as accepted no more, nor do its rows.
    for (const { service } of [door, host]) assert.deepEqual(await figures(service, datanet), [2, 1, 1, 4])
    const cid = (await door.service.contribution(id))?.cid ?? ''
    assert.ok(await host.node.files.has(cid))
    assert.equal((await host.service.anchorVersion(datanet)).count, 1)
    await until(async () => !(await host.node.files.has(cid)), 'its shard is kept no more')
    // Its author's place stays: nobody brings the same in as their own.
    assert.equal(
      (await host.service.preview({ datanet, file: facts(60), contributor: host.address })).verdict.accept,
      false
    )
  })

  it('is hidden by a quorum of validators, and from who comes later, whatever version it is in', async () => {
    const [first] = (await host.service.contributions(datanet)).items
    assert.ok(first !== undefined)
    const why = { code: 'personal-data', text: 'it names patients' } as const
    await assert.rejects(door.service.takeDown(first.id, why), { code: 'vote.not-validator' })
    assert.equal((await host.service.takeDown(first.id, why)).removed, 'taken-down')
    await assert.rejects(host.service.takeDown(first.id, why), { code: 'removal.known' })
    await until(
      async () => (await door.service.contribution(first.id))?.removed === 'taken-down',
      'the door hears of it'
    )
    assert.deepEqual(
      (await door.service.removal(first.id)).words.map(({ validator, code, text }) => [validator, code, text]),
      [[host.address, why.code, why.text]]
    )
    for (const { node } of [door, host])
      await until(async () => !(await node.files.has(first.cid ?? '')), 'its shard is kept nowhere')
    assert.equal((await door.service.acceptedRows(datanet)).items.length, 0)
    assert.equal((await door.service.row(first.id, 0)).messages, null)
    const last = await host.service.manifest(datanet, 2)
    await assert.rejects(host.service.versionRows(last), { code: 'version.taken-down' })
    assert.deepEqual(await figures(host.service, datanet), [2, 0, 2, 0])
    // No version can follow: the last one stands, is for nothing new, and whoever asks is told so.
    await assert.rejects(host.service.anchorVersion(datanet), {
      code: 'version.empty',
      message: /left: version 2 stands/
    })
    const { cid: manifest } = (await host.service.versions(datanet)).items[1] ?? { cid: '' }
    const versions = versionsOf(host.service, { chain: host.chain })
    await assert.rejects(versions.requireSome({ datanet, version: 2, manifest }), { code: 'version.left' })
    const late = await network.add('late')
    await until(async () => (await late.service.datanet(datanet)) !== undefined, 'who is late hears of it')
    await late.service.follow(datanet)
    await until(
      async () => (await late.service.contribution(first.id).catch(() => undefined))?.removed === 'taken-down',
      'who is late hears of it by comparing notes'
    )
  })

  it('takes back what is not decided, and says how far it had come', async () => {
    const { id } = await door.service.contribute({ datanet, file: facts(10) })
    await until(async () => (await host.service.contribution(id))?.checks.length === 8, 'it is checked')
    // Whoever may take it back is told so, and afterwards that they did.
    const offered = async ({ service }: TestPeer) => (await service.contribution(id))?.withdrawal
    assert.deepEqual([await offered(door), await offered(host)], ['possible', undefined])
    await assert.rejects(host.service.withdraw(id), { code: 'contribution.not-ours' })
    assert.deepEqual(await door.service.withdraw(id), { state: 'shown' })
    assert.deepEqual([await offered(door), await offered(host)], ['done', undefined])
    const [first] = (await door.service.contributions(datanet)).items
    assert.ok(first !== undefined)
    assert.deepEqual([first.status, first.withdrawal], ['accepted', 'done'])
    await assert.rejects(door.service.withdraw(`0x${'00'.repeat(32)}`), { code: 'contribution.unknown' })
  })

  it("takes back what spoke for its others, and the version without it is everybody's all the same", async () => {
    const uploads = { epochBlocks: 1, rows: 2, bytes: 10_000, mostRows: 8, newcomerRows: 4 }
    const { id: limited } = await host.service.createDatanet(
      rulesFor([host.address], { name: 'limited', uploads }),
      questions
    )
    await until(async () => (await door.service.datanet(limited)) !== undefined, 'the door hears of it')
    await door.service.follow(limited)
    const take = async (file: string): Promise<Hex> => {
      const { id } = await door.service.contribute({ datanet: limited, file })
      await until(async () => ((await host.service.contribution(id))?.checks.length ?? 0) > 0, 'it is checked')
      await host.service.vote(id, true)
      await until(async () => (await door.service.contribution(id))?.status === 'accepted', 'it is accepted')
      return id
    }
    const [one, two] = facts(200).split('\n')
    const backing = await take(`${one}\n${two}`)
    await take(facts(300))
    await door.service.withdraw(backing)
    await until(async () => (await host.service.contribution(backing))?.removed === 'withdrawn', 'the host hears')
    assert.equal((await host.service.anchorVersion(limited)).count, 1)
    await until(async () => (await door.service.versions(limited)).items.length === 1, 'the door knows the version')
    const rows = await door.service.versionRows(await door.service.manifest(limited, 1))
    assert.equal(rows.length, 4)
  })

  it('leaves disks where it was all there was, a week later', async () => {
    const rules = rulesFor([host.address], { name: 'small', voteSeconds: 600, revealSeconds: 600 })
    const { id: small } = await host.service.createDatanet(rules, questions)
    await until(async () => (await door.service.datanet(small)) !== undefined, 'the door hears of it')
    const { id } = await door.service.contribute({ datanet: small, file: facts(400) })
    await until(async () => ((await host.service.contribution(id))?.checks.length ?? 0) > 0, 'it is checked', 60_000)
    await host.service.vote(id, true)
    await until(async () => (await door.service.contribution(id))?.status === 'accepted', 'it is accepted')
    await host.service.anchorVersion(small)
    await door.service.withdraw(id)
    const cid = (await door.service.contribution(id))?.cid ?? ''
    const marks = door.store.collection('data/emptied', emptiedRecord)
    await until(async () => (await marks.get(small)) !== undefined, 'the door sees that nothing is left')
    assert.ok(await door.node.files.has(cid))
    ahead = emptiedMs + 1
    await until(async () => !(await door.node.files.has(cid)), 'it is kept no more')
    ahead = 0
  })

  it('keeps a prepared shard for an hour, and longer only what was contributed', async () => {
    const { files } = door.node
    const left = await door.service.prepare({ datanet, file: facts(20), contributor: host.address })
    const taken = await door.service.prepare({ datanet, file: facts(30), contributor: door.address })
    await door.service.contribute({ datanet, file: facts(30) })
    assert.ok((await files.has(left.cid)) && (await files.has(taken.cid)))
    ahead = 3_600_001
    await until(async () => !(await files.has(left.cid)), 'what was never contributed is let go')
    assert.ok(await files.has(taken.cid))
    ahead = 0
  })
})
