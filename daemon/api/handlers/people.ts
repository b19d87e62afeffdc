import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NotFoundError, address } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { readNetworkFile } from '../../config/index.ts'
import { keystoreAddress, openKeystore } from '../../keys/index.ts'
import type { IdentityView } from '../contract/index.ts'

/** The contributors of a local network, who have keys and no daemons: named by their keystores. */
export interface People {
  list(): Promise<{ readonly name: string; readonly address: Address }[]>
  /** @throws NotFoundError `identity.none` · InvalidError `key.*` */
  keyOf(name: string): Promise<{ readonly address: Address; readonly privateKey: Uint8Array }>
}

/** The members of a local network, as its file has them. This daemon is one of them, or it is told of none. */
export async function membersOf(network: string | undefined, self: Address): Promise<IdentityView[]> {
  if (network === undefined) return []
  const { daemons } = await readNetworkFile(join(network, 'network.json'))
  const known = daemons.map(({ name, roles, address: text }) => {
    const account = address.parse(text)
    return { name, roles, address: account, self: account === self, person: false }
  })
  return known.some(one => one.self) ? known : []
}

/**
 * @param network a local network's folder, which is one person's; undefined: nobody
 * @param self who is told of them: a member of that network, or nobody is there
 */
export function createPeople(network: string | undefined, self: Address): People {
  const folder = network === undefined ? undefined : join(network, 'people')
  async function list(): Promise<{ name: string; address: Address }[]> {
    if (folder === undefined || (await membersOf(network, self)).length === 0) return []
    const files = await readdir(folder).catch(() => [])
    const people: { name: string; address: Address }[] = []
    for (const file of files.toSorted((a, b) => (a < b ? -1 : 1))) {
      if (!file.endsWith('.json')) continue
      const account = await keystoreAddress(join(folder, file)).catch(() => undefined)
      if (account !== undefined) people.push({ name: file.slice(0, -'.json'.length), address: account })
    }
    return people
  }
  return {
    list,
    async keyOf(name) {
      // [reject] A name is one of those that are listed: none leads out of the folder.
      const known = (await list()).some(one => one.name === name)
      const path = (kind: string): string => join(folder ?? '', `${name}.${kind}`)
      const passphrase = known ? await readFile(path('passphrase'), 'utf8').catch(() => undefined) : undefined
      if (passphrase === undefined)
        throw new NotFoundError('identity.none', `there is nobody called ${name} whose key lies here`, {
          help: '/api/identities lists the people of a local network; everybody else signs by a wallet.'
        })
      return openKeystore(path('json'), passphrase)
    }
  }
}
