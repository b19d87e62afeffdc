import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Node } from '../../../node/node.ts'
import { NotFoundError, TilthError, pageOf } from '../../../protocol/primitives/index.ts'
import { createApiClient } from '../contract/index.ts'
import type { IdentityView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import { apiNote, readNote } from '../../running.ts'
import { membersOf } from './people.ts'
import type { People } from './people.ts'

/** Seconds within which a browser has to follow the address that it was given. */
const followSeconds = 60
const note = z.object({ url: z.url({ protocol: /^http$/, hostname: /^(127\.0\.0\.1|localhost|\[::1\])$/ }) })

/**
 * Whose consoles can be opened from here. A local network that `tilth up` made is one person's: each member reads what
 * the others leave in their folders, and no other daemon does.
 */
export function identityHandlers(
  node: Pick<Node, 'self' | 'roles'>,
  network: string | undefined,
  people: Pick<People, 'list'>
): Pick<Handlers, 'identities' | 'accountNames' | 'identitySession'> {
  const members = (): Promise<IdentityView[]> => membersOf(network, node.self)
  return {
    async identities({ params }) {
      const found = await members()
      const alone = { name: null, address: node.self, roles: [...node.roles], self: true, person: false }
      const persons = found.length === 0 ? [] : await people.list()
      const all =
        found.length === 0
          ? [alone]
          : [...found, ...persons.map(one => ({ ...one, roles: ['contributor'], self: false, person: true }))]
      return pageOf(all, params, one => one.name ?? one.address)
    },
    async accountNames({ params }) {
      const found = await members()
      const all =
        found.length === 0
          ? []
          : [
              ...found.flatMap(({ name, address: at }) => (name === null ? [] : [{ name, address: at }])),
              ...(await people.list())
            ]
      return pageOf(all, params, ({ name }) => name)
    },
    async identitySession({ params: { name } }) {
      if (network === undefined || !(await members()).some(one => one.name === name))
        throw new NotFoundError('identity.none', `there is no member ${name} whose console can be opened from here`, {
          help: '/api/identities lists the members of a local network; any other daemon has its own `tilth console`.'
        })
      const folder = join(network, name)
      const token = await readFile(join(folder, 'api-token'), 'utf8').catch(() => '')
      const found = note.safeParse(await readNote(folder, apiNote))
      if (!found.success || token === '')
        throw new TilthError('identity.away', `${name} does not run now`, {
          help: 'A daemon that ended is started again in a moment; otherwise see daemon.log in its folder.'
        })
      return createApiClient(found.data.url, token.trim()).call('createSession', { body: { seconds: followSeconds } })
    }
  }
}
