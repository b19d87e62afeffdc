import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dataHandlers } from '../../daemon/api/handlers/data.ts'
import { rosterHandlers } from '../../daemon/api/handlers/rosters.ts'
import { termsHandlers } from '../../daemon/api/handlers/terms.ts'
import { jsonl, rulesFor, startNetwork } from '../node/data/network.ts'
import type { TestNetwork, TestPeer } from '../node/data/network.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'

/** An account in mixed case as its checksum asks for (EIP-55), and with one character mistyped. */
const written = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const mistyped = '0x70997970C51812dc3A010C7d01b50e0d17dc79c8'

async function commandLineOf({ service, followed, address }: TestPeer): Promise<CommandLine> {
  const node = { data: service, chain: followed, network: followed.network, self: address }
  const parts = [node, {}, { contribution: async (id: string) => id }, {}]
  return startCommandLine({
    ...dataHandlers(...(parts as unknown as Parameters<typeof dataHandlers>)),
    ...rosterHandlers(node as unknown as Parameters<typeof rosterHandlers>[0]),
    ...termsHandlers(node as unknown as Parameters<typeof termsHandlers>[0])
  })
}

describe('accounts that are named on the command line', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let host: TestPeer
  let hosting: CommandLine

  before(async () => {
    network = await startNetwork()
    host = await network.start(await network.account('host', 100n * 10n ** 18n))
    await host.service.createDatanet(
      rulesFor([host.address], { name: 'letters', private: {} }),
      jsonl([['What is held out?', 'This']])
    )
    hosting = await commandLineOf(host)
    await writeFile(join(hosting.folder, 'questions.jsonl'), jsonl([['What is held out?', 'This']]))
  })
  after(async () => {
    await hosting.stop()
    await network.stop()
  })

  const refused = async (code: string, ...words: string[]): Promise<string> => {
    const { code: exit, stderr } = await hosting.run('datanet', ...words)
    assert.equal(exit, 1, words.join(' '))
    assert.match(stderr, new RegExp(`\\[${code.replaceAll('.', '\\.')}\\]`))
    return stderr
  }

  it('are refused where a character of them is mistyped, before anything is sent', async () => {
    const create = ['create', '--name', 'words', '--licence', 'CC0-1.0', '--questions']
    const questions = join(hosting.folder, 'questions.jsonl')
    assert.match(await refused('request.invalid', ...create, questions, '--validator', `${mistyped}=1`), /checksum/)
    const seats = ['--validator', `${host.address}=1`, '--private']
    for (const words of [
      [...create, questions, ...seats, '--trainer-worker', mistyped],
      ['roster', 'add', 'letters', mistyped],
      ['trainers', 'add', 'letters', '--worker', mistyped],
      ['host', 'name', 'letters', mistyped]
    ])
      assert.match(await refused('flag.address', ...words), /checksum: some character of it is mistyped/)
    const { stdout, stderr } = await hosting.run('datanet', ...create, questions, '--validator', written)
    assert.match(stdout, /validators {3}0x709979…79c8 \(1\)/)
    assert.match(stderr, new RegExp(`${written.toLowerCase()} has nothing at stake: is that the account`))
    const both = [...create, questions, ...seats, '--any-trainer', '--trainer-worker', host.address]
    assert.match((await hosting.run('datanet', ...both)).stderr, /--any-trainer.*cannot be used with.*--trainer-worker/)
  })

  it('change a roster only where they do: who does not sit is not left out, who sits is not added', async () => {
    assert.match(await refused('roster.absent', 'roster', 'remove', 'letters', written), /does not sit there/)
    await refused('roster.same', 'roster', 'add', 'letters', host.address)
    assert.doesNotMatch((await hosting.run('datanet', 'roster', 'letters')).stdout, /put forward/)
    const { stdout } = await hosting.run('datanet', 'roster', 'add', 'letters', host.address, '--weight', '2')
    assert.match(stdout, /put forward as 0x/)
  })
})
