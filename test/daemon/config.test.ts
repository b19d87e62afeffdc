import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../daemon/config/index.ts'

const contracts = Object.fromEntries(
  ['token', 'registry', 'datanets', 'models', 'escrow', 'channels', 'anchor'].map((name, i) => [
    name,
    `0x${String(i + 1).repeat(40)}`
  ])
)

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
    await assert.rejects(loadConfig({ data: folder, network: path }), /network\.json does not describe.*version/)
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
    ['an API for the whole world', { apiHost: '0.0.0.0' }, /--api-host/],
    ['contracts that are no JSON', { contracts: '{token' }, /contract addresses.*not JSON/],
    ['contracts that are missing', { contracts: '/nowhere.json' }, /cannot be read/]
  ]
  for (const [what, flags, message] of wrong) {
    it(`refuses ${what}, naming the flag`, async () => {
      await assert.rejects(loadConfig({ ...basics(), ...flags }), message)
    })
  }

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
