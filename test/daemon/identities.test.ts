import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createApiClient } from '../../daemon/api/contract/index.ts'
import { identityHandlers } from '../../daemon/api/handlers/identities.ts'
import { createPeople } from '../../daemon/api/handlers/people.ts'
import { startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer, Handlers } from '../../daemon/api/server/index.ts'
import type { Role } from '../../daemon/config/index.ts'
import type { NodeRole } from '../../node/node.ts'
import { createKeystore } from '../../daemon/keys/index.ts'
import { scratch } from '../harness/index.ts'

const signal = new AbortController().signal
const addressOf = (n: number): `0x${string}` => `0x${n.toString(16).padStart(40, '0')}`

/** Two members of a local network, of which the second runs. */
const daemons = [
  { name: 'host', roles: ['host', 'builder'] as Role[], address: addressOf(1) },
  { name: 'client', roles: ['client'] as Role[], address: addressOf(2) }
]

describe('identities', () => {
  let folder: string
  let sibling: ApiServer
  before(async () => {
    folder = await scratch('identities')
    sibling = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      token: "the sibling's token",
      origins: [],
      version: '1',
      handlers: {} as Handlers,
      metrics: async () => ({ contentType: 'text/plain', text: '' })
    })
    const contracts = Object.fromEntries(
      ['token', 'registry', 'datanets', 'bonds', 'models', 'escrow', 'channels', 'anchor'].map(name => [
        name,
        addressOf(9)
      ])
    )
    await writeFile(
      join(folder, 'network.json'),
      JSON.stringify({
        version: 1,
        preset: 'local',
        chain: { rpc: 'http://127.0.0.1:1', chainId: 31_337, contracts },
        daemons: daemons.map(one => ({ ...one, data: join(folder, one.name), api: '' }))
      })
    )
    for (const { name } of daemons) await mkdir(join(folder, name))
    await writeFile(join(folder, 'client', 'api-token'), "the sibling's token\n")
    await writeFile(join(folder, 'client', 'api.json'), JSON.stringify({ url: sibling.url }))
  })
  after(async () => {
    await sibling.stop()
    await rm(folder, { recursive: true })
  })
  const handlersOf = (n: number, network: string | undefined, roles: NodeRole[] = ['client']) => {
    const self = addressOf(n)
    return identityHandlers({ self, roles }, network, createPeople(network, self))
  }
  const host = () => handlersOf(1, folder, ['host', 'builder'])
  const list = (handlers: ReturnType<typeof identityHandlers>) =>
    handlers.identities({ params: { limit: 10 }, body: undefined, signal })
  const session = (handlers: ReturnType<typeof identityHandlers>, name: string) =>
    handlers.identitySession({ params: { name }, body: undefined, signal })

  it('are the members of the local network, and a way into the console of each', async () => {
    const { items } = await list(host())
    assert.deepEqual(
      items.map(({ name, self }) => [name, self]),
      [
        ['host', true],
        ['client', false]
      ]
    )
    const { url, token } = await session(host(), 'client')
    assert.equal(url, `${sibling.url}/#token=${token}`)
    const anonymous = createApiClient(sibling.url, 'nothing')
    await anonymous.call('startSession', { body: { token } }).catch((error: unknown) => {
      // It came with a wrong bearer, which an open call does not look at.
      assert.fail(String(error))
    })
  })

  it('have names, as the people have who contribute by keys of their own', async () => {
    const names = async (handlers: ReturnType<typeof identityHandlers>): Promise<string[]> =>
      (await handlers.accountNames({ params: { limit: 10 }, body: undefined, signal })).items.map(({ name }) => name)
    assert.deepEqual(await names(host()), ['host', 'client'])
    await mkdir(join(folder, 'people'))
    await createKeystore(join(folder, 'people', 'noor.json'), 'a long passphrase', { strength: 'light' })
    await writeFile(join(folder, 'people', 'broken.json'), '{')
    assert.deepEqual(await names(host()), ['host', 'client', 'noor'])
    assert.deepEqual(await names(handlersOf(7, folder)), [])
  })

  it('are people, too, whose keys lie in the folder: a member signs by them, and nobody else does', async () => {
    const made = await createKeystore(join(folder, 'people', 'ines.json'), 'her passphrase', { strength: 'light' })
    await writeFile(join(folder, 'people', 'ines.passphrase'), 'her passphrase')
    const { items } = await list(host())
    assert.deepEqual(
      items.filter(({ person }) => person).map(({ name, roles }) => [name, roles]),
      [
        ['ines', ['contributor']],
        ['noor', ['contributor']]
      ]
    )
    const people = createPeople(folder, addressOf(1))
    assert.deepEqual((await people.keyOf('ines')).address, made.address)
    for (const name of ['noor', 'nobody', '../client/key', 'INES', ''])
      await assert.rejects(people.keyOf(name), { code: 'identity.none' }, name)
    await assert.rejects(createPeople(folder, addressOf(7)).keyOf('ines'), { code: 'identity.none' })
    await assert.rejects(createPeople(undefined, addressOf(1)).keyOf('ines'), { code: 'identity.none' })
  })

  it('are told of a member that does not run, and of nobody who is none', async () => {
    await assert.rejects(session(host(), 'host'), { code: 'identity.away' })
    for (const name of ['nobody', '../client', 'client/', '.', 'CLIENT'])
      await assert.rejects(session(host(), name), { code: 'identity.none' }, name)
    await writeFile(join(folder, 'client', 'api.json'), JSON.stringify({ url: 'http://elsewhere.example' }))
    await assert.rejects(session(host(), 'client'), { code: 'identity.away' })
  })

  it('are this daemon alone where it is in no local network, or not in that one', async () => {
    for (const handlers of [handlersOf(7, folder), handlersOf(7, undefined)]) {
      assert.deepEqual((await list(handlers)).items, [
        { name: null, address: addressOf(7), roles: ['client'], self: true, person: false }
      ])
      await assert.rejects(session(handlers, 'client'), { code: 'identity.none' })
    }
  })
})
