import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dataHandlers } from '../../daemon/api/handlers/data.ts'
import type { Handlers } from '../../daemon/api/server/index.ts'
import { createKeystore } from '../../daemon/keys/index.ts'
import { addressOfKey, sealingKey } from '../../protocol/crypto/index.ts'
import { fromHex, keccak, toHex } from '../../protocol/primitives/index.ts'
import { until } from '../harness/index.ts'
import { jsonl, startNetwork } from '../node/data/network.ts'
import type { TestNetwork, TestPeer } from '../node/data/network.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { statusView } from './views.ts'

const marked = 'umber-gannet-52'
const file = jsonl([
  ['What is under the eaves?', `A nest of ${marked}`],
  ['What is over the door?', `A feather of ${marked}`]
])

/** The command line before the data calls of a real peer, which writes down what comes to it. */
async function commandLineOf(
  { service, followed, address }: TestPeer,
  heard: string[],
  lie: Partial<Handlers> = {}
): Promise<CommandLine> {
  const { network } = followed
  const node = { data: service, chain: followed, network, self: address }
  const parts = [node, {}, { contribution: async (id: string) => id }, {}]
  const handlers = dataHandlers(...(parts as unknown as Parameters<typeof dataHandlers>))
  const contracts = { registry: network.registry }
  return startCommandLine({
    ...handlers,
    prepareContribution: async input => {
      heard.push(JSON.stringify(input.body))
      return handlers.prepareContribution(input)
    },
    checkContribution: async input => {
      heard.push(JSON.stringify(input.body))
      return handlers.checkContribution(input)
    },
    status: async () => ({ ...statusView, address, chain: { ...statusView.chain, id: network.chainId, contracts } }),
    ...lie
  })
}

describe('tilth and a private Datanet', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let host: TestPeer
  let door: TestPeer
  let hosting: CommandLine
  let giving: CommandLine
  const heard: string[] = []

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    door = await network.add('door')
    hosting = await commandLineOf(host, [])
    giving = await commandLineOf(door, heard)
    await writeFile(join(hosting.folder, 'questions.jsonl'), jsonl([['What is held out?', 'This']]))
    await writeFile(join(giving.folder, 'rows.jsonl'), file)
    await writeFile(join(giving.folder, 'passphrase.txt'), 'a passphrase of this test')
    await createKeystore(join(giving.folder, 'key.json'), 'a passphrase of this test', { strength: 'light' })
  })
  after(async () => {
    await hosting.stop()
    await giving.stop()
    await network.stop()
  })

  it('is founded, and says what it is', async () => {
    const founding = [
      'datanet',
      'create',
      '--name',
      'eaves',
      '--licence',
      'CC0-1.0',
      '--validator',
      `${host.address}=1`
    ]
    const questions = ['--questions', join(hosting.folder, 'questions.jsonl'), '--vote-seconds', '30']
    const refused = await hosting.run(...founding, ...questions, '--worker-stake', '5')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /--private/)
    const made = await hosting.run(...founding, ...questions, '--private', '--worker-stake', '5')
    assert.match(made.stdout, /private {6}only its validators, its host and workers with an award, who have 5 tokens/)
    assert.match((await hosting.run('datanet', 'list')).stdout, /eaves \(private\)/)
  })

  it('takes rows by a key that no daemon has, from a daemon that never sees them', async () => {
    const { id } = await host.service.findDatanet('eaves')
    await until(async () => (await door.service.datanet(id)) !== undefined, 'the other daemon hears of it')
    const words = ['contribute', join(giving.folder, 'rows.jsonl'), '--datanet', 'eaves']
    const key = ['--key', join(giving.folder, 'key.json'), '--passphrase-file', join(giving.folder, 'passphrase.txt')]
    const preview = await giving.run(...words, ...key, '--dry-run')
    assert.match(preview.stdout, /2 of 2 rows would be kept[\s\S]*it is private, and only its validators can/)
    const sent = await giving.run(...words, ...key, '--validator', host.address, '--wait')
    assert.equal(sent.code, 0, sent.stderr)
    assert.equal(heard.length, 1)
    assert.doesNotMatch(heard.join(), /gannet|eaves\?/)
    const { items } = await host.service.acceptedRows(id, { version: 0 })
    assert.equal(items.length, 2)
    assert.match(items[0]?.messages[1]?.content ?? '', /gannet/)
    await assert.rejects(door.service.acceptedRows(id, { version: 0 }), { code: 'datanet.private' })
    // Whoever cannot read them does not say that none of them counts.
    const told = (cli: CommandLine) => cli.run('contributions', '--datanet', 'eaves')
    assert.match((await told(giving)).stdout, / 2 +– +accepted/)
    assert.match((await told(hosting)).stdout, / 2 +2 +accepted/)
    const given = items[0]?.contribution ?? '0x'
    assert.equal((await door.service.contribution(given))?.own, null)
    // What is decided waits for no turn; who votes there reads its own vote, and everybody who said what.
    const shown = await hosting.run('review', 'show', given)
    assert.match(shown.stdout, new RegExp(`^state {8}accepted$[\\s\\S]*^ {2}${host.address} accept$`, 'm'))
    assert.match(shown.stdout, /^your vote {4}accept$/m)
    const { stdout: outside, stderr } = await giving.run('review', 'show', given)
    assert.match(outside, new RegExp(`^ {2}${host.address} accept$`, 'm'), stderr)
    assert.doesNotMatch(outside, /your vote|waits for its turn/)
  })

  it('seals nothing to whom a daemon names as reader, where its contributor knows who they are', async () => {
    const { id } = await host.service.findDatanet('eaves')
    const seen: string[] = []
    const thief = fromHex(keccak('thief'))
    const liar = { account: addressOfKey(thief), key: toHex(sealingKey(thief)) }
    const node = { data: door.service, chain: door.followed, network: door.followed.network, self: door.address }
    const honest = dataHandlers(
      ...([node, {}, { contribution: async (one: string) => one }, {}] as unknown as Parameters<typeof dataHandlers>)
    )
    for (const role of ['validator', 'host'] as const) {
      const lying = await commandLineOf(door, seen, {
        readers: async input => ({ readers: [...(await honest.readers(input)).readers, { ...liar, role }] }),
        datanet: async input => {
          const net = await honest.datanet(input)
          return role === 'host'
            ? { ...net, host: liar.account }
            : { ...net, validators: [...net.validators, { ...net.validators[0]!, address: liar.account }] }
        }
      })
      try {
        const key = [
          '--key',
          join(giving.folder, 'key.json'),
          '--passphrase-file',
          join(giving.folder, 'passphrase.txt')
        ]
        const words = ['contribute', join(giving.folder, 'rows.jsonl'), '--datanet', id, '--anyway', ...key]
        const { code, stderr } = await lying.run(...words, '--validator', host.address)
        assert.equal(code, 1, role)
        assert.match(stderr, new RegExp(`${liar.account} may read these rows`), role)
      } finally {
        await lying.stop()
      }
    }
    assert.deepEqual(seen, [], 'nothing was sent')
  })

  it('refuses rows in the clear from anybody whose key it has not, and tells whom it gave keys', async () => {
    const { id } = await host.service.findDatanet('eaves')
    const node = { data: door.service, chain: door.followed, network: door.followed.network, self: door.address }
    const handlers = dataHandlers(...([node, {}, {}, {}] as unknown as Parameters<typeof dataHandlers>))
    const body = { file, contributor: host.address }
    const input = { params: { id }, body, signal: new AbortController().signal }
    await assert.rejects(async () => handlers.prepareContribution(input), { code: 'datanet.private' })
    assert.match((await hosting.run('datanet', 'keys', 'eaves')).stdout, /nobody was given keys by this daemon/)
    const exported = await giving.run(
      'datanet',
      'export',
      'eaves',
      '--version',
      '0',
      '--out',
      join(giving.folder, 'out')
    )
    assert.notEqual(exported.code, 0)
    assert.match(exported.stderr, /eaves is private/)
    const [first] = (await host.service.acceptedRows(id, { version: 0 })).items
    assert.equal((await door.service.row(first?.contribution ?? '0x', 0)).messages, null)
  })
})
