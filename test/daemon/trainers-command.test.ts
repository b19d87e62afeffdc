import assert from 'node:assert/strict'
import { dataHandlers } from '../../daemon/api/handlers/data.ts'
import { termsHandlers } from '../../daemon/api/handlers/terms.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { until } from '../harness/index.ts'
import { jsonl, rulesFor, startNetwork } from '../node/data/network.ts'
import type { TestNetwork, TestPeer } from '../node/data/network.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'

const worker = `0x${'a1'.repeat(20)}`
const other = `0x${'a2'.repeat(20)}`
const builder = `0x${'b1'.repeat(20)}`

/** The command line before the data calls of a real peer. */
async function commandLineOf({ service, followed, address }: TestPeer): Promise<CommandLine> {
  const node = { data: service, chain: followed, network: followed.network, self: address }
  const parts = [node, {}, { contribution: async (id: string) => id }, {}]
  return startCommandLine({
    ...dataHandlers(...(parts as unknown as Parameters<typeof dataHandlers>)),
    ...termsHandlers(node as unknown as Parameters<typeof termsHandlers>[0])
  })
}

describe('tilth datanet trainers', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let host: TestPeer
  let second: TestPeer
  let hosting: CommandLine
  let sitting: CommandLine
  const started: CommandLine[] = []
  let letters: Hex

  before(async () => {
    network = await startNetwork()
    host = await network.start(await network.account('host', 100n * 10n ** 18n))
    second = await network.start(await network.account('second', 100n * 10n ** 18n))
    const found = (name: string, more: Parameters<typeof rulesFor>[1] = {}) =>
      host.service.createDatanet(
        rulesFor([host.address, second.address], { name, ...more }),
        jsonl([['What is held out?', 'This']])
      )
    letters = (await found('letters', { private: {} })).id
    const { id: open } = await found('open')
    for (const id of [letters, open])
      await until(async () => (await second.service.datanet(id)) !== undefined, 'the other validator hears of it')
    hosting = await commandLineOf(host)
    sitting = await commandLineOf(second)
    started.push(hosting, sitting)
  })
  after(async () => {
    for (const one of started) await one.stop()
    await network.stop()
  })

  const done = async (on: CommandLine, ...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await on.run('datanet', ...words)
    assert.equal(code, 0, stderr)
    return stdout
  }
  const refused = async (...words: string[]): Promise<string> => {
    const { code, stderr } = await hosting.run('datanet', 'trainers', ...words)
    assert.notEqual(code, 0)
    return stderr
  }
  const named = async (): Promise<unknown> =>
    (JSON.parse(await done(hosting, 'trainers', 'letters', '--json')) as { trainers: unknown }).trainers
  /** The other validator's word sets what was put forward. */
  const accept = async (): Promise<void> => {
    const putForward = async () => (await second.service.terms(letters)).next.length > 0
    await until(putForward, 'the other validator hears of the rules')
    await done(sitting, 'rules', 'accept', 'letters')
    await until(async () => (await host.service.terms(letters)).next.length === 0, 'the host hears that they are set')
  }

  it('says to whom rows are given: of a private Datanet few, of any other everybody', async () => {
    assert.equal((await done(hosting, 'trainers', 'letters')).trim(), 'who sits there, with workers of their choice')
    assert.match(await done(hosting, 'trainers', 'open'), /it is not private: everybody reads its rows/)
    assert.deepEqual(await named(), {})
  })

  it('puts workers and builders forward, whom more than two thirds of the weight then name', async () => {
    const said = await done(hosting, 'trainers', 'add', 'letters', '--worker', worker, '--builder', builder)
    assert.match(said, new RegExp(`put forward as 0x[0-9a-f]+: .*worker ${worker}; builder ${builder}, with workers`))
    assert.deepEqual(await named(), {}, 'nobody is named by one who put it forward')
    await done(hosting, 'rules', 'accept', 'letters')
    await accept()
    assert.deepEqual(await named(), { workers: [worker], builders: [builder] })

    // What is named already stays, once.
    await done(hosting, 'trainers', 'add', 'letters', '--worker', other, '--worker', other, '--worker', worker)
    await done(hosting, 'rules', 'accept', 'letters')
    await accept()
    assert.deepEqual(await named(), { workers: [other, worker], builders: [builder] })
  })

  it('leaves out again whom it names, and only those', async () => {
    assert.match(await refused('remove', 'letters', '--builder', worker), /is not named by its rules/)
    await done(hosting, 'trainers', 'remove', 'letters', '--worker', other, '--builder', builder)
    await done(hosting, 'rules', 'accept', 'letters')
    await accept()
    assert.deepEqual(await named(), { workers: [worker] })
  })

  it('refuses nobody, no account, and a Datanet that everybody reads', async () => {
    assert.match(await refused('add', 'letters'), /nobody is named[\s\S]*--worker or --builder/)
    assert.match(await refused('add', 'letters', '--worker', '0x12'), /0x12/)
    assert.match(await refused('add', 'open', '--worker', worker), /open is not private/)
    assert.match(await refused('add', 'sonnets', '--worker', worker), /sonnets/)
    assert.equal((await host.service.terms(letters)).next.length, 0)
  })
})
