import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { openPins } from '../../daemon/names/index.ts'
import { openSpending } from '../../daemon/spending/index.ts'
import { createHandlers } from '../../daemon/api/handlers/index.ts'
import { startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer } from '../../daemon/api/server/index.ts'
import { channelCommand } from '../../daemon/cli/commands/channels.ts'
import { doctorCommand } from '../../daemon/cli/commands/doctor.ts'
import { statusCommand } from '../../daemon/cli/commands/node.ts'
import { earningsCommand } from '../../daemon/cli/commands/payouts.ts'
import { walletCommand } from '../../daemon/cli/commands/wallet.ts'
import { createSettings } from '../../daemon/config/index.ts'
import { fundFromFaucet } from '../../node/chain/index.ts'
import { createNode } from '../../node/node.ts'
import type { Node } from '../../node/node.ts'
import { createMetrics, createRecentLog, silentLog } from '../../node/runtime/index.ts'
import { coin, startWorld } from '../harness/index.ts'
import type { World } from '../harness/index.ts'

const token = 'a-token-of-this-test'
const key = new Uint8Array(32).fill(9)
const friend = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'

interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

// The owner's commands over a real daemon's API and a real chain; the daemon's parts run in this process.
describe('money by commands', function () {
  this.timeout(120_000)
  let world: World
  let node: Node
  let server: ApiServer
  const metrics = createMetrics()

  before(async () => {
    world = await startWorld('wallet', { unbondSeconds: 8 * 86_400 })
    node = await createNode(
      {
        directory: join(world.root, 'node'),
        privateKey: key,
        roles: ['scorer', 'client'],
        preset: 'local',
        listen: ['/ip4/127.0.0.1/tcp/0'],
        bootstrap: [],
        chain: { rpc: world.anvil.rpcUrl, contracts: world.addresses },
        worker: {
          pricePerSecond: 1n,
          maxParameters: 1,
          maxRows: 1,
          maxSeconds: 1,
          inputPrice: 1n,
          outputPrice: 1n,
          threads: 1,
          capacity: 1
        },
        autoVote: true
      },
      { log: silentLog, metrics }
    )
    const { handlers } = createHandlers(node, {
      version: '1',
      rpc: world.anvil.rpcUrl,
      machine: { folder: world.root, provider: 'cpu' },
      kept: { directory: world.root, key: join(world.root, 'key.json'), settings: {} },
      log: createRecentLog(),
      settings: createSettings(
        { file: join(world.root, 'config.json'), network: {}, written: {}, given: {} },
        async () => undefined
      ),
      spending: await openSpending(join(world.root, 'api-keys.json')),
      pins: await openPins(join(world.root, 'pins.json')),
      trusted: () => []
    })
    server = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      token,
      origins: [],
      version: '1',
      handlers,
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.metrics() })
    })
  })
  after(async () => {
    await server.stop()
    await node.stop()
    await world.stop()
  })

  /** The command line's own commands, in this process: what they print, and how they would end it. */
  async function run(...words: string[]): Promise<Ran> {
    const program = new Command('tilth').enablePositionalOptions()
    for (const cmd of [walletCommand(), channelCommand(), earningsCommand(), statusCommand(), doctorCommand()])
      program.addCommand(cmd)
    const said: Record<'log' | 'error', string[]> = { log: [], error: [] }
    const { log, error } = console
    console.log = text => said.log.push(String(text))
    console.error = text => said.error.push(String(text))
    process.env['TILTH_TOKEN'] = token
    try {
      await program.parseAsync([...words, '--api', server.url], { from: 'user' })
      return { status: Number(process.exitCode ?? 0), stdout: said.log.join('\n'), stderr: said.error.join('\n') }
    } finally {
      Object.assign(console, { log, error })
      delete process.env['TILTH_TOKEN']
      process.exitCode = 0
    }
  }
  async function told(...words: string[]): Promise<Record<string, string>> {
    const { stdout, stderr, status } = await run(...words, '--json')
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout) as Record<string, string>
  }
  async function refused(...words: string[]): Promise<{ code: string; message: string; help: string }> {
    const { stdout, status } = await run(...words, '--json')
    assert.equal(status, 1, stdout)
    return (JSON.parse(stdout) as { error: { code: string; message: string; help: string } }).error
  }
  const balance = async (): Promise<bigint> => BigInt((await told('wallet', 'balance'))['balance'] ?? '')

  it('says that nothing can be sent, how to get some, and gets it where nothing is worth anything', async () => {
    const { stdout } = await run('wallet', 'balance')
    assert.match(stdout, /No transaction can be sent.*tilth wallet fund --local/)
    const { code, help } = await refused('wallet', 'stake', '1')
    assert.deepEqual([code, /tilth wallet fund --local/.test(help)], ['wallet.tokens', true])
    assert.equal((await refused('wallet', 'fund')).code, 'wallet.local')
    const status = await run('status')
    assert.match(status.stdout, /gas .*0 transactions/)
    assert.match(status.stdout, /A scorer needs 100 at stake: tilth wallet stake 100/)
    await told('wallet', 'fund', '--local', '--tokens', '300.5')
    assert.equal(await balance(), 3005n * (coin / 10n))
    assert.doesNotMatch((await run('wallet', 'balance')).stdout, /No transaction/)
  })

  it('has no faucet where tokens may be worth something', async () => {
    const elsewhere = { rpcUrl: world.anvil.rpcUrl, addresses: world.addresses, chainId: 1 }
    await assert.rejects(fundFromFaucet(elsewhere, node.self, { tokens: 1n, coin: 1n }), { code: 'chain.faucet' })
  })

  it('puts at stake, asks back, and withdraws once the delay is over', async () => {
    assert.match((await refused('wallet', 'stake', '1000')).message, /holds 300\.5 tokens, not 1000/)
    assert.equal((await told('wallet', 'stake', '150'))['stake'], (150n * coin).toString())
    assert.equal((await refused('wallet', 'unstake', '200')).code, 'wallet.stake')
    // What a seat holds is said, and is free for nothing else.
    await node.chain.juries.join()
    assert.equal((await told('wallet', 'balance'))['locked'], (100n * coin).toString())
    assert.match((await run('wallet', 'balance')).stdout, /100\.000000 of them are locked by seats/)
    const held = await refused('wallet', 'unstake', '60')
    assert.match(held.message, /takes more stake than the 50 tokens that are free for it/)
    assert.match(held.help, /what of it other seats hold/)
    await node.chain.juries.leave()
    assert.equal((await refused('wallet', 'withdraw')).code, 'wallet.nothing')
    const out = await told('wallet', 'unstake', '50')
    assert.deepEqual([out['stake'], out['unbonding']], [(100n * coin).toString(), (50n * coin).toString()])
    const early = await refused('wallet', 'withdraw')
    assert.deepEqual([early.code, /tilth wallet withdraw/.test(early.help)], ['wallet.bonded', true])
    await world.anvil.advance(8 * 86_400 + 1)
    assert.equal((await told('wallet', 'withdraw'))['amount'], (50n * coin).toString())
    assert.equal(await balance(), 2005n * (coin / 10n))
  })

  it('sends tokens and coin, to whom it is sure of', async () => {
    const mistyped = friend.replace('fB', 'fb')
    assert.match((await refused('wallet', 'send', mistyped, '1')).message, /checksum/)
    assert.equal((await refused('wallet', 'send', node.self, '1')).code, 'wallet.self')
    assert.equal((await refused('wallet', 'send', `0x${'0'.repeat(40)}`, '1')).code, 'wallet.zero')
    assert.match((await refused('wallet', 'send', friend, 'abc')).message, /"abc"/)
    await told('wallet', 'send', friend, '0.000000000000000001')
    await told('wallet', 'send', friend, '1', '--coin')
    const to = friend.toLowerCase() as `0x${string}`
    assert.equal(await world.faucet.tokens.balanceOf(to), 1n)
    assert.equal(await world.faucet.tokens.gasOf(to), coin)
    assert.equal((await refused('wallet', 'send', friend, '1000', '--coin')).code, 'wallet.coin')
    await told('wallet', 'send', friend, 'all')
    assert.equal(await balance(), 0n)
    assert.match((await refused('wallet', 'send', friend, 'all')).message, /nothing/)
  })

  it('shows and changes where earnings go, and what was earned by each kind of work', async () => {
    assert.equal((await told('wallet', 'payout'))['payout'], node.self)
    await told('wallet', 'payout', friend)
    assert.equal((await told('wallet', 'payout'))['payout'], friend.toLowerCase())
    // A builder pays this account for training.
    const builder = await world.account({ gas: 10n * coin })
    const { chain } = builder
    const deadline = (await chain.head()).timestamp + 100_000n
    const award = { job: `0x${'11'.repeat(32)}`, lot: `0x${'22'.repeat(32)}`, worker: node.self, attempt: 1 } as const
    const { escrow } = await chain.escrows.fund(award, coin, deadline)
    await chain.escrows.release(escrow)
    const text = (await run('earnings')).stdout
    assert.match(text, /training +1\.0+ +1 /)
    assert.match(text, new RegExp(friend.slice(2), 'i'))
    const { stdout } = await run('earnings', '--payments', '--json')
    const payments = JSON.parse(stdout) as { kind: string; amount: string; of: string }[]
    assert.deepEqual(
      payments.map(({ kind, amount, of }) => [kind, amount, of]),
      [['training', coin.toString(), award.job]]
    )
  })

  it('is watched by doctor and by metrics', async () => {
    const { findings } = (await told('doctor')) as unknown as { findings: { check: string; ok: boolean }[] }
    assert.deepEqual(
      findings.filter(({ check }) => check === 'gas' || check === 'stake').map(({ check, ok }) => [check, ok]),
      [
        ['gas', true],
        ['stake', true]
      ]
    )
    const text = await (await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text()
    for (const line of [
      /^tilth_wallet_balance_tokens 0$/m,
      /^tilth_wallet_stake_tokens 100$/m,
      /^tilth_wallet_gas_transactions [1-9]/m,
      /^tilth_earnings_tokens\{kind="training"\} 1$/m,
      /^tilth_chain_lag_blocks 0$/m,
      /^tilth_chain_following 1$/m,
      /^tilth_reach\{state="local"\} 1$/m,
      /^tilth_queue_tasks\{queue="channels"\} 0$/m
    ])
      assert.match(text, line)
  })

  it('is shown by a dashboard that asks for metrics that there are', async () => {
    const text = await readFile(join(import.meta.dirname, '../../daemon/assets/grafana/dashboard.json'), 'utf8')
    const { panels } = JSON.parse(text) as { panels: { title: string; targets?: { expr: string }[] }[] }
    const declared = new Set(metrics.getMetricsAsArray().map(({ name }) => name))
    const asked = panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => expr.match(/tilth_[a-z_]+/g) ?? [])
    )
    assert.ok(asked.length > 20)
    for (const name of asked) assert.ok(declared.has(name), name)
    for (const name of declared)
      if (/^tilth_(wallet|earnings|chain|queue|reach)/.test(name) && name !== 'tilth_earnings_payments')
        assert.ok(asked.includes(name), name)
  })

  it('has no channels before the first question', async () => {
    assert.match((await run('channel', 'list')).stdout, /no channels/)
    assert.equal((await refused('channel', 'close', '0x1234')).code, 'close.unknown')
  })
})
