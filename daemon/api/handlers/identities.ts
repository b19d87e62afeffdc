import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Node } from '../../../node/node.ts'
import { NotFoundError, TilthError, address, pageOf } from '../../../protocol/primitives/index.ts'
import { readNetworkFile } from '../../config/index.ts'
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

/**
 * Whose consoles can be opened from here. A local network that `tilth up` made is one person's: each member reads what
 * the others leave in their folders, and no other daemon does.
 */
export function identityHandlers(
  node: Self,
  network: string | undefined
): Pick<Handlers, 'identities' | 'identitySession'> {
  const members = async (): Promise<IdentityView[]> => (network === undefined ? [] : membersOf(network, node))
  return {
    async identities({ params }) {
      const found = await members()
      const all = found.length > 0 ? found : [{ name: null, address: node.self, roles: [...node.roles], self: true }]
      return pageOf(all, params, one => one.name ?? one.address)
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
