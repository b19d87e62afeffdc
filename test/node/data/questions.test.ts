import assert from 'node:assert/strict'
import { versionsOf } from '../../../node/jobs/index.ts'
import { writersOf } from '../../../protocol/data/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { rpcOf } from '../../../node/chain/local/rpc.ts'
import { until } from '../../harness/index.ts'
import { coin, jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const stake = 100n * coin
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const founders: [string, string][] = [
  ['Which bird laughs by the sea?', 'The gull'],
  ['Which bird drums on trees?', 'The woodpecker']
]
/** As many more as make a batch of them. */
const filledUp = (name: string, rows: readonly (readonly [string, string])[]): (readonly [string, string])[] => [
  ...rows,
  ...Array.from(
    { length: 8 - rows.length },
    (_, i) => [`Who keeps ${name}${i} in ${name}ville${i}?`, `Old ${name}son${i}`] as const
  )
]
const refused = (code: string) => (error: { code?: string }) => error.code === code

describe('data: sealed held-out questions', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let host: TestPeer
  let one: TestPeer
  let two: TestPeer
  let client: TestPeer
  let datanet: Hex

  before(async () => {
    network = await startNetwork()
    const staked = async (name: string): Promise<TestPeer> => network.start(await network.account(name, stake))
    host = await network.add('host')
    one = await staked('one')
    two = await staked('two')
    client = await network.add('client')
    const rules = rulesFor([one.address, two.address], { uploadsPerContributor: 9, minOwnShare: 1 })
    datanet = (await host.service.createDatanet(rules, bytes(jsonl(founders)))).id
    for (const peer of [one, two, client])
      await until(async () => (await peer.service.datanet(datanet)) !== undefined, `${peer.name} hears of it`)
    await client.service.follow(datanet)
  })
  after(() => network.stop())

  let contributions = 0
  async function contribute(rows: readonly (readonly [string, string])[]): Promise<Hex> {
    const contributorKey = fromHex(keccak(`contributor ${contributions++}`))
    const { id } = await host.service.contribute({ datanet, file: bytes(jsonl(rows)), contributorKey })
    await until(
      async () => ['accepted', 'rejected'].includes((await host.service.contribution(id))?.status ?? ''),
      `contribution ${id} is decided`,
      60_000
    )
    return id
  }
  const statesAt = async (peer: TestPeer): Promise<string[]> =>
    (await peer.service.questionsOf(datanet)).batches.map(({ state }) => state).toReversed()
  async function accepted(peer: TestPeer, rows: readonly [string, string][], filler = peer.name): Promise<Hex> {
    const { batch } = await peer.service.putQuestions(datanet, bytes(jsonl(filledUp(filler, rows))))
    await until(
      async () =>
        (await peer.chain.datanets.datanet(datanet)) !== undefined && (await stateOf(peer, batch)) === 'sealed',
      `the questions of ${peer.name} are accepted`,
      60_000
    )
    return batch
  }
  const stateOf = async (peer: TestPeer, batch: Hex): Promise<string | undefined> =>
    (await peer.service.questionsOf(datanet)).batches.find(one => one.batch === batch)?.state
  const questionsAt = (peer: TestPeer, version: number) =>
    versionsOf(peer.service, { chain: peer.chain }).heldOut({ datanet, version, manifest: manifests[version] ?? '' })
  const manifests: Record<number, string> = {}
  async function anchor(): Promise<number> {
    const { version, cid } = await host.service.anchorVersion(datanet)
    manifests[version] = cid
    return version
  }

  it('the founder’s file judges a version that nobody wrote any for', async () => {
    await contribute([['Which bird sings at night?', 'The nightingale']])
    const version = await anchor()
    const found = await questionsAt(client, version)
    assert.deepEqual(
      found.map(({ writer }) => writer),
      [undefined, undefined]
    )
  })

  it('are read by validators alone until their version is anchored, and judge it then', async () => {
    const mine: [string, string][] = [
      ['Which bird builds the largest nest?', 'The eagle'],
      ['Which bird lays the largest egg?', 'The ostrich'],
      ['Which bird sleeps upside down?', 'The vernal parrot'],
      ['Which bird dives deepest?', 'The penguin']
    ]
    const batches = [
      await accepted(host, mine),
      await accepted(two, [['Which bird can fly backwards?', 'The hummingbird']]),
      await accepted(client, [['Which bird mimics chainsaws?', 'The lyrebird']])
    ]
    const [written = '0x' as Hex] = batches
    assert.equal((await one.service.batchQuestions(datanet, written)).length, 8, 'who it was sealed to reads it')
    await assert.rejects(client.service.batchQuestions(datanet, written), refused('batch.shut'))
    assert.equal((await host.service.batchQuestions(datanet, written)).length, 8, 'and so does who wrote it')
    await assert.rejects(
      one.service.openQuestions(datanet, written),
      refused('chain.reverted'),
      'not before its version'
    )

    // A row that asks one of them is refused, and nobody is told which it asks.
    const leak = await contribute([
      ['Which bird lays the largest egg?', 'The ostrich'],
      ['Which bird eats snails?', 'The thrush']
    ])
    const found = await host.service.contribution(leak)
    assert.equal(found?.status, 'accepted')
    for (const peer of [one, host, client])
      await until(
        async () => (await peer.service.contribution(leak))?.own === 1,
        `${peer.name} knows that the other row alone was taken`,
        60_000
      )
    const issues = (await one.service.refusedRows(leak)).items
    assert.deepEqual(
      issues.map(({ line, code, question }) => ({ line, code, question })),
      [{ line: 1, code: 'held-out', question: null }]
    )
    // What a validator's own daemon says of a file before it is sent gives nothing away.
    const asked = await one.service.preview({
      datanet,
      file: jsonl([['Which bird dives deepest?', 'The penguin']]),
      contributor: host.address
    })
    assert.deepEqual(
      asked.lines.map(({ code }) => code),
      ['own']
    )

    const version = await anchor()
    for (const peer of network.peers)
      await until(
        async () => (await statesAt(peer)).join() === 'open,open,open',
        `${peer.name} knows that all are opened`,
        60_000
      )
    const questions = await questionsAt(client, version)
    assert.deepEqual(
      questions.slice(0, 3).map(({ writer, messages }) => [writer, messages[0]?.content]),
      [
        [host.address, 'Which bird builds the largest nest?'],
        [two.address, 'Which bird can fly backwards?'],
        [client.address, 'Which bird mimics chainsaws?']
      ],
      'they take turns'
    )
    assert.deepEqual(
      writersOf(questions).map(({ questions: written }) => written),
      [8, 8, 8, 2],
      'of three nobody has written more than a third, and the file is there as well'
    )
    for (const peer of network.peers)
      assert.deepEqual(await questionsAt(peer, version), questions, `${peer.name} finds the same`)
    assert.deepEqual((await questionsAt(client, 1)).length, 2, 'versions before are judged as they were')
  })

  it('that are spent may be asked, and judge no later version', async () => {
    const late = await contribute([['Which bird lays the largest egg?', 'The ostrich']])
    assert.equal((await host.service.contribution(late))?.status, 'accepted')
    await until(async () => (await one.service.contribution(late))?.own === 1, 'it is a row like any other')
    const version = await anchor()
    assert.deepEqual(writersOf(await questionsAt(client, version)), [{ writer: null, questions: 2 }])
    assert.deepEqual(await statesAt(client), ['spent', 'spent', 'spent'])
  })

  it('that accepted rows answer, or that stand in it twice, no validator agrees to by itself', async () => {
    for (const [rows, fault] of [
      [[['Which bird eats snails?', 'The thrush']], { fault: 'answered', question: 1 }],
      [
        [
          ['Which bird rows?', 'None'],
          ['Which bird rows?', 'None']
        ],
        { fault: 'repeats-itself', question: 2 }
      ]
    ] as const) {
      const file = bytes(jsonl(filledUp(fault.fault, rows)))
      const { batch } = await client.service.putQuestions(datanet, file)
      const seen = async () => (await one.service.questionsOf(datanet)).batches.find(one => one.batch === batch)
      await until(async () => (await seen())?.fault !== undefined, 'a validator has looked at it')
      assert.deepEqual((await seen())?.fault, fault)
      assert.equal((await one.service.speakOnQuestions(datanet, batch, false)).version, null)
      await until(async () => (await stateOf(client, batch)) === 'refused', 'half of the weight is against it')
    }
  })

  it('of one writer a validator agrees to no more than two for a version by itself', async () => {
    const put = async (nth: number): Promise<Hex> =>
      accepted(two, [[`Which bird is number${nth}?`, 'None']], `nth${nth}`)
    await put(1)
    await put(2)
    const { batch } = await two.service.putQuestions(datanet, bytes(jsonl(filledUp('nth3', []))))
    const other = await accepted(client, [['Which bird swims with its wings?', 'The auk']], 'other')
    assert.equal(await stateOf(client, other), 'sealed', 'what came later is agreed to')
    const seen = (await one.service.questionsOf(datanet)).batches.find(found => found.batch === batch)
    assert.deepEqual([seen?.state, seen?.fault, seen?.consent], ['asked', null, 0])
    for (const peer of [one, two]) await peer.service.speakOnQuestions(datanet, batch, true)
    await until(async () => (await stateOf(client, batch)) === 'sealed', 'their owners may')
  })

  it('that nobody opens in time judge nothing, and keep their version waiting no longer', async () => {
    for (const peer of [one, two]) await network.stopPeer(peer)
    const [sleeping, awake] = [
      await network.start(one, { questions: false }),
      await network.start(two, { questions: false })
    ]
    const { batch } = await client.service.putQuestions(
      datanet,
      bytes(jsonl(filledUp('late', [['Which bird is extinct?', 'The dodo']])))
    )
    for (const peer of [sleeping, awake]) {
      await until(async () => (await stateOf(peer, batch)) === 'asked', `${peer.name} is asked`)
      await peer.service.speakOnQuestions(datanet, batch, true)
    }
    await contribute([['Which bird wades on long legs?', 'The heron']])
    const version = await anchor()
    await assert.rejects(questionsAt(client, version), refused('held-out.sealed'))
    assert.equal((await client.service.questionsOf(datanet)).judging?.writers, null)
    await assert.rejects(host.service.openQuestions(datanet, batch), refused('batch.shut'))
    const rpc = rpcOf(network.rpcUrl)
    await rpc('evm_increaseTime', 86_401)
    await rpc('evm_mine')
    await until(async () => (await stateOf(client, batch)) === 'lost', 'it can be opened no more')
    assert.deepEqual(writersOf(await questionsAt(client, version)), [{ writer: null, questions: 2 }])
  })
})
