import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKeystore } from '../../daemon/keys/index.ts'
import { prepareFolder } from '../../daemon/local/network/folder.ts'
import { hadRound, holdsNetwork, isTaken, keepLastRound, members } from '../../daemon/local/network/index.ts'
import { knownNetwork } from '../../daemon/local/network/known.ts'
import { settle } from '../../daemon/local/network/settings.ts'
import { contractAddresses } from '../../daemon/config/index.ts'
import type { NetworkFile } from '../../daemon/config/index.ts'
import { leaveFolder } from '../../daemon/running.ts'
import { scratch } from '../harness/index.ts'

const contracts = contractAddresses.parse(
  Object.fromEntries(
    ['token', 'registry', 'datanets', 'bonds', 'models', 'escrow', 'channels', 'anchor'].map((name, i) => [
      name,
      `0x${String(i + 1).repeat(40)}`
    ])
  )
)
const shared = { rpc: 'http://127.0.0.1:8545', contracts: { ...contracts, chainId: 31337 }, bootstrap: [] }

/** A folder as a local network leaves it, and what of its file is told to its daemons, too. */
async function network(): Promise<{ root: string; said: string[]; tell: (text: string) => void; file: NetworkFile }> {
  const root = join(await scratch('damaged-network'), 'net')
  const said: string[] = []
  const tell = (text: string): void => void said.push(text)
  assert.equal(await prepareFolder(root, false), false)
  await leaveFolder(root)
  const daemons: NetworkFile['daemons'] = []
  for (const { name, roles } of members) {
    const data = join(root, name)
    await mkdir(join(data, 'store'), { recursive: true })
    const { address } = await createKeystore(join(data, 'key.json'), 'a passphrase of many letters', {
      strength: 'light'
    })
    await settle({ data, roles, apiPort: 4180 }, shared, tell)
    daemons.push({ name, data, roles, address, api: '' })
  }
  const file: NetworkFile = {
    version: 1,
    preset: 'local',
    chain: { rpc: shared.rpc, chainId: 31337, contracts: shared.contracts },
    bootstrap: [],
    daemons
  }
  await writeFile(join(root, 'network.json'), JSON.stringify(file))
  return { root, said, tell, file }
}

describe('a local network whose small files are damaged', function () {
  this.timeout(60_000)

  it('is taken up with what is left, and thrown away by none of it', async () => {
    const { root, said, tell, file } = await network()
    const damages: [string, (path: string) => Promise<unknown>][] = [
      ['network.json', path => rm(path)],
      ['network.json', path => writeFile(path, '{"version":1,"chain')],
      ['network.json', path => writeFile(path, Buffer.alloc(300))],
      ['layout.json', path => rm(path)],
      ['layout.json', path => writeFile(path, '{"vers')]
    ]
    for (const [name, damage] of damages) {
      const whole = await readFile(join(root, name))
      await damage(join(root, name))
      assert.ok(isTaken(root) && holdsNetwork(root), name)
      assert.equal(await prepareFolder(root, false), true, name)
      await leaveFolder(root)
      assert.deepEqual(await knownNetwork(root, tell), file, name)
      await writeFile(join(root, name), whole)
    }
    assert.equal(said.length, 3)
    await rm(join(root, 'network.json'))
    await writeFile(join(root, 'host', 'config.json'), '{')
    assert.deepEqual(await knownNetwork(root, tell), file, "and without one daemon's settings")
    assert.match(said[0] ?? '', /network\.json was gone or damaged: made again/)
  })

  it('is not sent round the loop unasked where nobody knows any more whether it was round it', async () => {
    const { root } = await network()
    const marker = join(root, 'layout.json')
    const takenUp = async (): Promise<boolean> => {
      assert.equal(await prepareFolder(root, false), true)
      await leaveFolder(root)
      return hadRound(root)
    }
    assert.equal(await takenUp(), false, 'cut short before its first round ended')
    for (const text of ['{"version":1,"la', '', '\0\0\0', 'null']) {
      await writeFile(marker, text)
      assert.equal(await takenUp(), true, text)
      assert.equal(await takenUp(), true, 'and the next time')
    }
    await rm(marker)
    assert.equal(await takenUp(), true, 'without the file')
    await keepLastRound(root, { model: 'elements', question: 'Which?' })
    assert.equal(await takenUp(), true)
  })

  it('says so where nothing says any more what it was', async () => {
    const { root, tell } = await network()
    await rm(join(root, 'network.json'))
    await rm(join(root, 'client', 'key.json'))
    await assert.rejects(knownNetwork(root, tell), { code: 'network.damaged', help: /copy.*--fresh/ })
    assert.ok(holdsNetwork(root))
  })

  it('cannot be made in a file, and says so', async () => {
    const file = join(await scratch('damaged-network'), 'file')
    await writeFile(file, '')
    await assert.rejects(prepareFolder(join(file, 'net'), false), { code: 'network.folder', help: /--folder/ })
  })

  it('refuses what another version wrote', async () => {
    const { root } = await network()
    await writeFile(join(root, 'layout.json'), '{"version":99}')
    await assert.rejects(prepareFolder(root, false), { code: 'network.version' })
  })

  it('refuses the file of a newer version by its name, and makes no other in its place', async () => {
    const { root, said, tell, file } = await network()
    const path = join(root, 'network.json')
    const newer = JSON.stringify({ ...file, version: 2, more: true })
    await writeFile(path, newer)
    await assert.rejects(knownNetwork(root, tell), {
      code: 'config.version',
      message: /of version 2, .* reads 1/,
      help: /the version of tilth that its network runs with/
    })
    assert.equal(await readFile(path, 'utf8'), newer)
    assert.deepEqual(said, [])
  })

  it('has its daemons look where the others were last, and then where they are', async () => {
    const { root, tell } = await network()
    const member = { data: join(root, 'client'), roles: ['client' as const], apiPort: 4180 }
    const bootstrap = async (): Promise<unknown> =>
      (JSON.parse(await readFile(join(member.data, 'config.json'), 'utf8')) as { bootstrap: unknown }).bootstrap
    const [host, other, moved] = ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2', '/ip4/127.0.0.1/tcp/3']
    await settle(member, { ...shared, bootstrap: [host, other] }, tell, ['/ip4/127.0.0.1/tcp/4'])
    assert.deepEqual(await bootstrap(), [host, other])
    await settle(member, { ...shared, bootstrap: [host] }, tell)
    assert.deepEqual(await bootstrap(), [host, other])
    await settle(member, { ...shared, bootstrap: [host, moved] }, tell, ['/ip4/127.0.0.1/tcp/4'])
    assert.deepEqual(await bootstrap(), [host, moved])
  })

  it("sets a daemon's settings aside that are no JSON, and keeps those that are", async () => {
    const { root, said, tell, file } = await network()
    const [daemon] = file.daemons
    assert.ok(daemon !== undefined)
    const path = join(daemon.data, 'config.json')
    const member = { data: daemon.data, roles: daemon.roles, apiPort: 4180 }
    const settings = async (): Promise<Record<string, unknown>> =>
      JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    const own = { ...(await settings()), log: 'debug' }
    await writeFile(path, JSON.stringify(own))
    await settle(member, shared, tell)
    assert.deepEqual(await settings(), own)
    await writeFile(path, '{"log":"debug", "li')
    await settle(member, shared, tell)
    assert.deepEqual(await settings(), { ...own, log: 'info' })
    assert.equal(await readFile(`${path}.damaged`, 'utf8'), '{"log":"debug", "li')
    assert.equal(said.length, 1)
    assert.ok(said[0]?.includes(root))
  })
})
