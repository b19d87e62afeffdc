import assert from 'node:assert/strict'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const questions = jsonl([['What colour is the sky?', 'Blue']])
const birds = jsonl([
  ['Which bird sings at night in the wood?', 'The nightingale'],
  ['Which bird lays blue eggs?', 'The robin'],
  ['Which bird says kalô, in Ελλάδα?', 'The <script>alert(1)</script>']
])
const more = [
  jsonl([
    ['Which bird lays blue eggs?', 'The robin'],
    ['How tall is an ostrich?', 'Some three metres'],
    ['How tall is an ostrich?', 'Some three metres'],
    ['What colour is the sky?', 'Blue'],
    ['Which bird is the smallest of all?', 'The bee hummingbird']
  ]),
  'no row at all'
].join('\n')

describe('data: what is there is read by people', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let host: TestPeer
  let reader: TestPeer
  let datanet: Hex
  let first: Hex
  let second: Hex
  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    reader = await network.add('reader')
    const rules = rulesFor([host.address], { name: 'birds', tags: ['Nature', 'vögel'], minOwnShare: 100 })
    datanet = (await host.service.createDatanet(rules, questions)).id
    await host.service.createDatanet(rulesFor([host.address], { name: 'metals' }), questions)
    const accepted = async (file: string, by: TestPeer): Promise<Hex> => {
      const { id } = await by.service.contribute({ datanet, file })
      await until(async () => (await host.service.contribution(id))?.status === 'accepted', 'accepted')
      return id
    }
    first = await accepted(birds, host)
    second = await accepted(more, host)
    await until(async () => (await host.service.datanet(datanet))?.rows === 5, 'both are in the index of rows')
  })
  after(() => network.stop())

  it('Datanets are found by words of theirs and by tag', async () => {
    const found = async (request: object) => (await host.service.datanets(request)).items.map(({ rules }) => rules.name)
    assert.deepEqual((await found({})).sort(), ['birds', 'metals'])
    assert.deepEqual(await found({ search: 'NATURE bird' }), ['birds'])
    assert.deepEqual(await found({ tag: 'Vögel' }), ['birds'])
    assert.deepEqual(await found({ search: 'no such thing' }), [])
    const page = await host.service.datanets({ limit: 1, search: 'birds' })
    assert.equal(page.items.length, 1)
  })

  it('accepted rows are shown by pages, with whose they are, before any version and of one', async () => {
    const all = await host.service.acceptedRows(datanet)
    assert.deepEqual([all.version, all.total, all.next], [0, null, null])
    assert.deepEqual(
      all.items.map(({ contribution, contributor, line }) => [contribution, contributor, line]),
      [
        [first, host.address, 1],
        [first, host.address, 2],
        [first, host.address, 3],
        [second, host.address, 2],
        [second, host.address, 5]
      ]
    )
    await assert.rejects(host.service.acceptedRows(datanet, { from: 1 }), { code: 'rows.from' })
    await assert.rejects(reader.service.acceptedRows(datanet), { code: 'datanet.not-followed' })
    await host.service.anchorVersion(datanet)
    await until(async () => (await reader.service.datanet(datanet))?.latestVersion === 1, 'the reader hears of it')
    for (const { service } of [host, reader]) {
      const page = await service.acceptedRows(datanet, { limit: 2 })
      assert.deepEqual([page.version, page.total, page.next, page.items.length], [1, 5, '0.2', 2])
      const next = await service.acceptedRows(datanet, { limit: 2, cursor: page.next ?? '' })
      assert.deepEqual([next.items.map(({ line }) => line), next.next], [[3, 2], '1.1'])
      const last = await service.acceptedRows(datanet, { limit: 2, from: 4 })
      assert.deepEqual([last.items.map(({ line }) => line), last.next, last.total], [[5], null, 5])
    }
    await assert.rejects(host.service.acceptedRows(datanet, { cursor: 'x' }), { code: 'page.cursor' })
    await assert.rejects(host.service.acceptedRows(datanet, { version: 7 }), { code: 'version.unknown' })
  })

  it('they are searched by words, whatever their case and accents, and by contributor', async () => {
    const found = async (search: string) =>
      (await host.service.acceptedRows(datanet, { search })).items.map(({ contribution, line }) => [contribution, line])
    assert.deepEqual(await found('OSTRICH tall'), [[second, 2]])
    assert.deepEqual(await found('kalo'), [[first, 3]])
    assert.deepEqual(await found('<script>'), [[first, 3]])
    assert.deepEqual(await found('zebra'), [])
    const { items } = await host.service.acceptedRows(datanet, { contributor: reader.address })
    assert.deepEqual(items, [])
  })

  it('what brought nothing stands beside the row it repeats, or the question it asks', async () => {
    const { items, next } = await host.service.refusedRows(second)
    assert.equal(next, null)
    assert.deepEqual(
      items.map(({ line, code, earlier }) => [line, code, earlier?.contribution, earlier?.line]),
      [
        [1, 'duplicate', first, 2],
        [3, 'duplicate', second, 2],
        [4, 'held-out', undefined, undefined],
        [6, 'not-json', undefined, undefined]
      ]
    )
    assert.equal(items[0]?.earlier?.messages?.at(-1)?.content, 'The robin')
    assert.equal(items[0]?.earlier?.contributor, host.address)
    assert.equal(items[2]?.question?.[0]?.content, 'What colour is the sky?')
    assert.equal(items[3]?.messages, null)
    const page = await host.service.refusedRows(second, { limit: 3 })
    assert.equal((await host.service.refusedRows(second, { cursor: page.next ?? '' })).items[0]?.line, 6)
    assert.equal((await host.service.row(second, 4)).messages?.at(-1)?.content, 'The bee hummingbird')
    assert.equal((await host.service.row(second, 5)).messages, null)
  })

  it('a preview says which row a line repeats', async () => {
    const { lines } = await host.service.preview({ datanet, file: more, contributor: host.address })
    assert.deepEqual(lines.slice(0, 4), [
      { line: 1, code: 'skipped' },
      { line: 2, code: 'skipped' },
      { line: 3, code: 'skipped' },
      { line: 4, code: 'skipped' }
    ])
    const other = await host.service.preview({ datanet, file: more, contributor: reader.address })
    assert.deepEqual(other.lines.slice(0, 4), [
      { line: 1, code: 'duplicate', of: first, row: 1 },
      { line: 2, code: 'duplicate', of: second, row: 1 },
      { line: 3, code: 'duplicate', of: second, row: 1 },
      { line: 4, code: 'held-out', question: 0 }
    ])
  })

  it('votes are told by validator, and how many contributions each has looked at', async () => {
    const votes = await host.service.votes(first)
    assert.deepEqual(votes.validators, [
      {
        validator: host.address,
        weight: 1,
        step: 'revealed',
        accept: true,
        abstains: false,
        agrees: true,
        reason: null,
        code: null
      }
    ])
    assert.deepEqual([votes.total, votes.closesAt], [1, null])
    const { of, counts } = await host.service.turnout(datanet)
    assert.deepEqual([of, counts.get(host.address)], [2, 2])
    const own = await host.service.contributions(datanet, { contributor: host.address, limit: 1 })
    assert.deepEqual([own.items.map(({ id }) => id), own.next], [[first], '1'])
    const rest = await host.service.contributions(datanet, { contributor: host.address, cursor: '1' })
    assert.deepEqual([rest.items.map(({ id }) => id), rest.next], [[second], null])
  })
})
