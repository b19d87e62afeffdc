import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Node } from '../../../node/node.ts'
import { NotFoundError, TilthError, address, pageOf } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { readNetworkFile } from '../../config/index.ts'
import { keystoreAddress } from '../../keys/index.ts'
import { createApiClient } from '../contract/index.ts'
import type { IdentityView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

/** Seconds within which a browser has to follow the address that it was given. */
const followSeconds = 60
const note = z.object({ url: z.url({ protocol: /^http$/, hostname: /^(127\.0\.0\.1|localhost|\[::1\])$/ }) })

type Self = Pick<Node, 'self' | 'roles'>

/** The members of a local network, as its file has them. This daemon is one of them, or it is told of none. */
async function membersOf(network: string, { self }: Self): Promise<IdentityView[]> {
  const { daemons } = await readNetworkFile(join(network, 'network.json'))
  const known = daemons.map(({ name, roles, address: text }) => {
    const account = address.parse(text)
    return { name, roles, address: account, self: account === self }
  })
  return known.some(one => one.self) ? known : []
}

/** The contributors of a local network, who have keys and no daemons: named by their keystores. */
async function peopleOf(network: string): Promise<{ name: string; address: Address }[]> {
  const folder = join(network, 'people')
  const files = await readdir(folder).catch(() => [])
  const people: { name: string; address: Address }[] = []
  for (const file of files.toSorted((a, b) => (a < b ? -1 : 1))) {
    if (!file.endsWith('.json')) continue
    const account = await keystoreAddress(join(folder, file)).catch(() => undefined)
    if (account !== undefined) people.push({ name: file.slice(0, -'.json'.length), address: account })
  }
  return people
}

/**
 * Whose consoles can be opened from here. A local network that `tilth up` made is one person's: each member reads what
 * the others leave in their folders, and no other daemon does.
 */
export function identityHandlers(
  node: Self,
  network: string | undefined
): Pick<Handlers, 'identities' | 'accountNames' | 'identitySession'> {
  const members = async (): Promise<IdentityView[]> => (network === undefined ? [] : membersOf(network, node))
  return {
    async identities({ params }) {
      const found = await members()
      const all = found.length > 0 ? found : [{ name: null, address: node.self, roles: [...node.roles], self: true }]
      return pageOf(all, params, one => one.name ?? one.address)
    },
    async accountNames({ params }) {
      const found = await members()
      const all =
        network === undefined || found.length === 0
          ? []
          : [
              ...found.flatMap(({ name, address: at }) => (name === null ? [] : [{ name, address: at }])),
              ...(await peopleOf(network))
            ]
      return pageOf(all, params, ({ name }) => name)
    },
    async identitySession({ params: { name } }) {
      if (network === undefined || !(await members()).some(one => one.name === name))
        throw new NotFoundError('identity.none', `there is no member ${name} whose console can be opened from here`, {
          help: '/api/identities lists the members of a local network; any other daemon has its own `tilth console`.'
        })
      const folder = join(network, name)
      const text = (file: string): Promise<string> => readFile(join(folder, file), 'utf8').catch(() => '')
      const [api, token] = [await text('api.json'), await text('api-token')]
      const found = note.safeParse(api === '' ? undefined : JSON.parse(api))
      if (!found.success || token === '')
        throw new TilthError('identity.away', `${name} does not run now`, {
          help: 'A daemon that ended is started again in a moment; otherwise see daemon.log in its folder.'
        })
      return createApiClient(found.data.url, token.trim()).call('createSession', { body: { seconds: followSeconds } })
    }
  }
}
