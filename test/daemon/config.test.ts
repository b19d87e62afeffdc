import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '../../daemon/config/index.ts'
import type { DaemonConfig } from '../../daemon/config/index.ts'
import { someContracts as contracts } from '../harness/contracts.ts'

const loadConfig = async (flags: Parameters<typeof loadSettings>[0]): Promise<DaemonConfig> =>
  (await loadSettings(flags)).config

describe('configuration of a daemon', () => {
  let folder = ''
  const saved = { ...process.env }
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilth-config-'))
    await writeFile(join(folder, 'contracts.json'), JSON.stringify(contracts))
  })
  afterEach(async () => {
    for (const name of Object.keys(process.env)) if (name.startsWith('TILTH_')) delete process.env[name]
    Object.assign(process.env, saved)
    await rm(folder, { recursive: true })
  })
  const basics = () => ({ data: folder, rpc: 'http://127.0.0.1:8545', contracts: join(folder, 'contracts.json') })

  it('says what a daemon does by itself, by flags over the environment over the file', async () => {
    await writeFile(
      join(folder, 'tilth.json'),
      JSON.stringify({ automation: { anchor: { contributions: 5, minutes: 30 }, claim: { at: '0.5' } } })
    )
    process.env['TILTH_SETTLE_EVERY'] = '15'
    process.env['TILTH_ANCHOR_AT'] = '6'
    const one = `0x${'ab'.repeat(20)}`
    const { automation, worker } = await loadConfig({
      ...basics(),
      config: join(folder, 'tilth.json'),
      manual: ['redeem'],
      anchorAt: '7',
      serve: 'trained',
      serveDisk: '2GiB',
      claimFor: [one, 'contributors'],
      pricePerSecond: '0.25',
      hours: ['22:00-07:30']
    })
    assert.deepEqual(automation.anchor, { on: true, contributions: 7, seconds: 1_800 })
    assert.deepEqual(automation.redeem, { on: false, at: 10n ** 18n })
    assert.equal(automation.settle.seconds, 900)
    assert.deepEqual([automation.serve.which, automation.serve.disk], ['trained', 2 ** 31])
    assert.deepEqual(automation.claim, { on: true, at: 5n * 10n ** 17n, accounts: [one], contributors: true })
    assert.equal(worker.pricePerSecond, 25n * 10n ** 16n)
    assert.deepEqual(worker.hours, [{ from: 22 * 60, to: 7 * 60 + 30 }])
    const all = await loadConfig({ ...basics(), manual: ['all'] })
    assert.ok(Object.values(all.automation).every(({ on }) => !on))
  })

  it('finds what a file names in the home folder there', async () => {
    const path = join(folder, 'tilth.json')
    const tls = { cert: '~/cert.pem', key: '/etc/key.pem' }
    await writeFile(path, JSON.stringify({ data: '~/node', key: '~/keys/key.json', api: { tls } }))
    const { rpc, contracts: addresses } = basics()
    const { data, key, api } = await loadConfig({ rpc, contracts: addresses, config: path })
    assert.deepEqual([data, key], [join(homedir(), 'node'), join(homedir(), 'keys/key.json')])
    assert.deepEqual(api.tls, { cert: join(homedir(), 'cert.pem'), key: '/etc/key.pem' })
  })

  it('names the flag of a policy that is none', async () => {
    await assert.rejects(
      loadConfig({ ...basics(), manual: ['sleep'] }),
      /--manual takes anchor, .* or all, not "sleep"/
    )
    await assert.rejects(loadConfig({ ...basics(), anchorAt: 'soon' }), /--anchor-at/)
    await assert.rejects(loadConfig({ ...basics(), redeemAt: '-1' }), /--redeem-at/)
    await assert.rejects(loadConfig({ ...basics(), serve: 'everything' }), /--serve/)
    await assert.rejects(loadConfig({ ...basics(), hours: ['late'] }), /--hours/)
    await assert.rejects(loadConfig({ ...basics(), pricePerSecond: 'cheap' }), /--price-per-second must be an amount/)
  })

  it('prefers flags to the environment, that to the file, that to defaults', async () => {
    await writeFile(
      join(folder, 'tilth.json'),
      JSON.stringify({
        chain: { rpc: 'http://file:1', contracts },
        api: { port: 7001 },
        log: 'error',
        roles: ['worker']
      })
    )
    process.env['TILTH_API_PORT'] = '7002'
    process.env['TILTH_ROLES'] = 'host,validator'
    const config = await loadConfig({ config: join(folder, 'tilth.json'), data: folder, role: ['client'] })
    assert.equal(config.chain.rpc, 'http://file:1')
    assert.equal(config.api.port, 7002)
    assert.deepEqual(config.roles, ['client'])
    assert.equal(config.log, 'error')
    assert.equal(config.worker.outputPrice, 400_000_000_000_000n)
  })

  it('knows where others see the node, from flag, environment and file', async () => {
    const [file, flag] = ['/dns4/gpu.my-lab.net/tcp/14181', '/ip4/203.0.114.7/tcp/4181']
    await writeFile(
      join(folder, 'tilth.json'),
      JSON.stringify({ chain: { rpc: 'http://file:1', contracts }, announce: [file], upnp: true, roles: ['relay'] })
    )
    const loaded = { config: join(folder, 'tilth.json'), data: folder }
    const config = await loadConfig(loaded)
    assert.deepEqual([config.announce, config.upnp, config.roles], [[file], true, ['relay']])
    process.env['TILTH_ANNOUNCE'] = `${flag},${file}`
    process.env['TILTH_UPNP'] = 'no'
    const other = await loadConfig(loaded)
    assert.deepEqual([other.announce, other.upnp], [[flag, file], false])
    assert.deepEqual((await loadConfig({ ...loaded, announce: [flag] })).announce, [flag])
  })

  it('takes what describes a network from its one file, under what is named besides', async () => {
    const [boot, other] = ['/ip4/127.0.0.1/tcp/4181/p2p/16Uiu2HAmDCDWwQXphGUxYpTCeeq5x8iXd9XgxMeA4XirrU3WSj4h', '0x']
    const path = join(folder, 'network.json')
    const network = {
      version: 1,
      preset: 'local',
      chain: { rpc: 'http://127.0.0.1:9545', chainId: 31337, contracts: { ...contracts, deploymentBlock: 7 } },
      bootstrap: [boot]
    }
    await writeFile(path, JSON.stringify(network))
    const config = await loadConfig({ data: folder, network: path })
    assert.deepEqual(
      [config.chain.rpc, config.chain.contracts.deploymentBlock, config.bootstrap, config.preset],
      ['http://127.0.0.1:9545', 7, [boot], 'local']
    )
    assert.deepEqual([config.listen, config.api.port], [undefined, undefined], 'free ports are chosen when it starts')
    process.env['TILTH_NETWORK'] = path
    const named = await loadConfig({ data: folder, rpc: 'http://other:1', preset: 'public' })
    assert.deepEqual([named.chain.rpc, named.preset, named.bootstrap], ['http://other:1', 'public', [boot]])
    // Where only addresses are asked for, a network's file has them, too.
    const { chain } = await loadConfig({ data: folder, rpc: 'http://other:1', contracts: path })
    assert.equal(chain.contracts.token, contracts['token'])
    await writeFile(path, JSON.stringify({ ...network, bootstrap: [other], version: 2 }))
    await assert.rejects(
      loadConfig({ data: folder, network: path }),
      /network\.json is of version 2, this version of tilth reads 1/
    )
    await assert.rejects(loadConfig({ data: folder, network: join(folder, 'none.json') }), /none\.json cannot be read/)
  })

  const wrong: [string, object, RegExp][] = [
    ['a chain that is no URL', { rpc: 'anvil' }, /--rpc must be an http\(s\) or ws\(s\) URL, not "anvil"/],
    ['an unknown role', { role: ['king'] }, /--role/],
    ['a bootstrap address that is no multiaddr', { bootstrap: ['1.2.3.4:80'] }, /--bootstrap.*multiaddr/],
    ['an announced address that is no multiaddr', { announce: ['gpu.example.org:14181'] }, /--announce.*Write it as/],
    ['an announced address of no use', { announce: ['/ip4/0.0.0.0/tcp/4181'] }, /--announce.*every address of this/],
    ['an announced address without a port', { announce: ['/dns4/gpu.my-lab.net'] }, /--announce.*no port/],
    ['a bootstrap node without its PeerId', { bootstrap: ['/ip4/1.2.3.4/tcp/80'] }, /--bootstrap.*PeerId/],
    ['a port that is none', { apiPort: '99999' }, /--api-port must be a whole number from 0 to 65535, not 99999/],
    ['a port that no client asks', { apiPort: '4190' }, /--api-port must be a port that clients may ask/],
    ['a place that stands in documentation', { announce: ['/ip4/203.0.113.7/tcp/4181'] }, /--announce.*documentation/],
    ['a port that is no number', { apiPort: 'many' }, /--api-port must be a whole number/],
    ['an API for the whole world', { apiHost: '0.0.0.0' }, /--api-host must be 127\.0\.0\.1.*--api-cert.*--api-plain/],
    ['half a certificate', { apiHost: '0.0.0.0', apiCert: 'cert.pem' }, /--api-cert-key is missing/],
    ['contracts that are no JSON', { contracts: '{token' }, /contract addresses.*not JSON/],
    ['contracts that are missing', { contracts: '/nowhere.json' }, /cannot be read/]
  ]
  for (const [what, flags, message] of wrong) {
    it(`refuses ${what}, naming the flag`, async () => {
      await assert.rejects(loadConfig({ ...basics(), ...flags }), message)
    })
  }

  it('lets others call where a certificate is named, or where it is said that they may read along', async () => {
    const tls = { apiHost: '0.0.0.0', apiCert: 'cert.pem', apiCertKey: 'key.pem', apiName: ['node.example'] }
    const { api } = await loadConfig({ ...basics(), ...tls })
    assert.deepEqual(
      [api.host, api.tls, api.names, api.plain],
      ['0.0.0.0', { cert: 'cert.pem', key: 'key.pem' }, ['node.example'], false]
    )
    assert.equal((await loadConfig({ ...basics(), apiHost: '10.0.0.5', apiPlain: true })).api.plain, true)
    assert.equal(api.openMetrics, false, 'its numbers are shown to whoever has a key')
    for (const host of ['127.0.0.1', '::1', 'localhost', '127.0.0.2'])
      assert.equal((await loadConfig({ ...basics(), apiHost: host })).api.host, host)
  })

  it('says of another file than one of contracts that it is another, once', async () => {
    await writeFile(join(folder, 'contracts.json'), JSON.stringify({ name: 'a package', version: '1.0.0' }))
    await assert.rejects(loadConfig(basics()), (error: Error) => {
      assert.match(error.message, /contracts\.json \(--contracts\) holds no addresses of contracts/)
      assert.doesNotMatch(error.message, /token|registry/)
      return true
    })
  })

  it('refuses a contract address that is none, and settings it does not know', async () => {
    await writeFile(join(folder, 'contracts.json'), JSON.stringify({ ...contracts, token: '0x12' }))
    await assert.rejects(loadConfig(basics()), /token of .*contracts\.json \(--contracts\) must be an account/)
    await writeFile(
      join(folder, 'tilth.json'),
      JSON.stringify({ chain: { rpc: 'http://x', contracts }, colour: 'red' })
    )
    await assert.rejects(loadConfig({ data: folder, config: join(folder, 'tilth.json') }), /colour/)
    await writeFile(join(folder, 'tilth.json'), '{')
    await assert.rejects(loadConfig({ data: folder, config: join(folder, 'tilth.json') }), { code: 'config.json' })
  })
})
