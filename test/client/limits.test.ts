import assert from 'node:assert/strict'
import { appendFile, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { connect, folderStorage, fundingCalls } from '../../client/node.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { fakeEngine } from '../harness/engine/serving.ts'
import { coin, scratch, until } from '../harness/index.ts'
import type { TestPeer } from '../node/models/network.ts'
import { startLightNetwork, textOf } from './network.ts'
import type { LightNetwork } from './network.ts'

const messages = [{ role: 'user', content: 'why' }] as const
const coded = (code: string) => (error: { code?: string; help?: string }) => {
  assert.equal(error.code, code)
  assert.ok((error.help ?? '').length > 0, 'it says what to do')
  return true
}

describe('what a light peer spends and keeps', function () {
  this.timeout(120_000) // many real nodes, on a machine that may have other work
  let network: LightNetwork
  let worker: TestPeer

  before(async () => {
    network = await startLightNetwork()
    worker = await network.addPeer('worker', { engine: fakeEngine() })
    const host = await network.addPeer('host', { roles: { worker: false, client: true } })
    await network.serve(worker, host)
  })
  after(() => network.stop())

  it('refuses what would exceed an answer’s or a day’s limit before a channel is opened', async () => {
    const { tilth } = await network.light([worker], { limits: { perDay: 10n ** 14n } })
    const ask = (maxFee?: bigint) =>
      tilth.ask({ model: network.model, messages, maxTokens: 24, ...(maxFee && { maxFee }) })
    assert.throws(() => ask(), coded('ask.unbounded'))
    await assert.rejects(textOf(ask(1n)), coded('ask.price'))
    await assert.rejects(textOf(ask(coin)), coded('budget.day'))
    assert.deepEqual(await tilth.channels(), [])
    // What a program without types may give when it found no offer is said as plainly.
    for (const model of [`0x${'12'.repeat(32)}`, undefined, 'elements'] as `0x${string}`[])
      await assert.rejects(textOf(tilth.ask({ model, messages, maxFee: coin })), coded('model.unknown'))
    await tilth.close()
  })

  it('refuses bounds that are misspelt or of another kind, before anything is begun', async () => {
    const storage = folderStorage(join(network.world.root, 'odd'))
    const given = { network: network.describe([worker]), wallet: { privateKey: `0x${'11'.repeat(32)}` }, storage }
    const { wallet: _wallet, ...unpaid } = given
    const { storage: _storage, ...unkept } = given
    const cases: [unknown, string, RegExp][] = [
      [undefined, 'client.options', /must be an object|is missing/],
      [{ ...given, network: undefined }, 'client.network', /network/],
      [{ ...given, network: 'network.json' }, 'client.network', /network/],
      [{ ...given, network: { chain: { chainId: 1 } } }, 'client.network', /contracts/],
      [unpaid, 'client.wallet', /wallet/],
      [{ ...given, wallet: given.wallet.privateKey }, 'client.wallet', /^wallet must be an object with a privateKey$/],
      [{ ...given, wallet: { privateKey: undefined } }, 'client.wallet', /private key|privateKey/],
      [unkept, 'client.options', /storage is missing/],
      [{ ...given, storage: './here' }, 'client.options', /storage must be folderStorage/],
      [{ ...given, limits: { perday: 5n } }, 'client.options', /perday is unknown here: perDay may be meant/],
      [{ ...given, limit: { perDay: 5n } }, 'client.options', /limit is unknown here/],
      ...[5, -5n, '5', NaN].map((perDay): [unknown, string, RegExp] => [
        { ...given, limits: { perDay } },
        'client.options',
        /limits\.perDay must be a BigInt/
      ])
    ]
    for (const [options, code, message] of cases)
      await assert.rejects(
        async () => connect(options as Parameters<typeof connect>[0]),
        (error: unknown) => {
          assert.ok(error instanceof InvalidError, String(error))
          assert.equal(error.code, code, error.message)
          assert.match(error.message, message)
          assert.ok(error.help !== undefined)
          assert.ok(!inspect(error, { depth: 9 }).includes('11111111'), 'and no key')
          return true
        }
      )
    const { tilth } = await network.light([worker])
    type Asked = Parameters<typeof tilth.ask>[0]
    for (const [more, message] of [
      [{ maxFee: 5 }, /maxFee must be a BigInt/],
      [{ maxfee: 5n }, /maxfee is unknown here/],
      [{ maxFee: coin, max_tokens: 4 }, /max_tokens is unknown here/],
      [{ maxFee: coin, signal: {} }, /signal must be an AbortSignal/]
    ] as const)
      assert.throws(
        () => tilth.ask({ model: network.model, messages, ...more } as Asked),
        (error: unknown) => error instanceof InvalidError && error.code === 'ask.invalid' && message.test(error.message)
      )
    assert.deepEqual(await tilth.channels(), [])
    await tilth.close()
    assert.throws(() => fundingCalls(undefined as never, `0x${'11'.repeat(20)}`, {}), { code: 'client.network' })
  })

  it('goes on with its channel after it was killed, and is open once at a time', async () => {
    const { tilth, privateKey } = await network.light([worker])
    const request = { model: network.model, messages, maxTokens: 8, maxFee: coin } as const
    await textOf(tilth.ask(request))
    await assert.rejects(network.light([worker], { privateKey }), coded('client.in-use'))
    const [before] = await tilth.channels()
    await tilth.close()
    // As a crash may leave the journal: with half a line that nobody was told of.
    const folder = join(network.world.root, 'light')
    const journal = (await readdir(folder)).find(name => name.endsWith(`${tilth.account}.jsonl`))
    assert.ok(journal)
    await appendFile(join(folder, journal), '[["models/asks')

    const { tilth: again } = await network.light([worker], { privateKey })
    assert.deepEqual(await again.channels(), [before])
    assert.equal((await again.receipts()).length, 1)
    await textOf(again.ask(request))
    const channels = await again.channels()
    assert.equal(channels.length, 1)
    assert.equal(channels[0]?.settled, (before?.settled ?? 0n) * 2n)
    await again.close()
  })

  it('closes a channel by hand, pays by another then, and sends on what it has', async () => {
    const { tilth } = await network.light([worker])
    const request = { model: network.model, messages, maxTokens: 8, maxFee: coin } as const
    await textOf(tilth.ask(request))
    const [first] = await tilth.channels()
    assert.ok(first)
    assert.ok(await tilth.closeChannel(first.id))
    assert.equal((await tilth.channels())[0]?.state, 'closing')
    await textOf(tilth.ask(request))
    assert.deepEqual((await tilth.channels()).map(({ state }) => state).sort(), ['closing', 'open'])
    const { tokens } = await tilth.balance()
    const before = await worker.chain.tokens.balanceOf(worker.address)
    await tilth.send(worker.address, { tokens })
    assert.equal((await tilth.balance()).tokens, 0n)
    assert.ok((await worker.chain.tokens.balanceOf(worker.address)) >= before + tokens)
    await tilth.close()
  })

  it('finds a channel again that was opened just before a kill', async () => {
    const { tilth, privateKey } = await network.light([worker])
    await textOf(tilth.ask({ model: network.model, messages, maxTokens: 8, maxFee: coin }))
    const [known] = await tilth.channels()
    assert.ok(known)
    await tilth.close()
    // All that a kill between the transaction and its record leaves: the note that one is being opened.
    const folder = join(network.world.root, 'light')
    const journal = join(folder, (await readdir(folder)).find(name => name.includes(tilth.account)) ?? '')
    const note = (await readFile(journal, 'utf8')).split('\n').find(line => line.includes('client/opening'))
    assert.ok(note)
    const elsewhere = await scratch('light')
    const storage = folderStorage(elsewhere)
    const rows = await storage.open(`tilth-31337-${tilth.account}`)
    const kept = (JSON.parse(note) as [string, string][]).filter(([key]) => key.includes('client/opening'))
    await rows.write(kept)
    await rows.close()
    const again = await connect({ network: network.describe([worker]), wallet: { privateKey }, storage })
    assert.deepEqual(
      (await again.channels()).map(({ id }) => id),
      [known.id]
    )
    await again.close()

    // And of one whose storage is lost, what it holds can be asked back.
    const lost = { wallet: { privateKey }, storage: folderStorage(await scratch('lost')) }
    const anew = await connect({ network: network.describe([worker]), ...lost })
    assert.deepEqual(await anew.channels(), [])
    assert.ok(await anew.closeChannel(known.id))
    assert.ok(((await worker.chain.channels.channel(known.id))?.closesAt ?? 0n) > 0n)
    assert.equal(await anew.closeChannel(known.id), null, 'until its window is over')
    assert.deepEqual(await anew.channels(), [])
    await anew.close()
    const { tilth: other } = await network.light([worker])
    await assert.rejects(other.closeChannel(known.id), coded('close.unknown'))
    await other.close()
  })

  it('waits for a channel’s blocks no longer than its answer is wanted', async () => {
    const { tilth } = await network.light([worker], { confirmations: 200 })
    const request = { model: network.model, messages, maxTokens: 8, maxFee: coin } as const
    const answer = tilth.ask(request)
    await until(async () => (await tilth.channels()).length === 1, 'its channel is opened')
    answer.stop()
    assert.equal((await answer.result).finish, 'cancelled')
    await tilth.close()
    const { tilth: other } = await network.light([worker], { confirmations: 200 })
    const left = other.ask(request)
    await until(async () => (await other.channels()).length === 1, 'its channel is opened')
    await other.close()
    await assert.rejects(left.result)
  })

  it('says who is not there, and closes what it opened', async () => {
    const nobody = { ...network.describe([]), bootstrap: ['/ip4/127.0.0.1/tcp/1/ws'] }
    const storage = folderStorage(join(network.world.root, 'alone'))
    const wallet = { privateKey: `0x${'01'.repeat(32)}` } as const
    await assert.rejects(connect({ network: nobody, wallet, storage }), coded('client.alone'))
    await assert.rejects(connect({ network: nobody, wallet, storage }), coded('client.alone'))
    await assert.rejects(connect({ network: nobody, wallet: { privateKey: '0x12' }, storage }), coded('client.wallet'))
  })
})
