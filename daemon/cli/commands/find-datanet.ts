import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { ApiClient, DatanetView } from '../../api/contract/index.ts'

/**
 * A whole id, a prefix of one, or a name, as people type it; the only one where none is named.
 * @throws NotFoundError
 */
export async function findDatanet(api: ApiClient, wanted: string | undefined): Promise<DatanetView> {
  if (wanted !== undefined) return api.call('datanet', { params: { id: wanted } })
  const { items } = await api.call('datanets', { params: { limit: 10 } })
  const [only] = items
  if (only === undefined)
    throw new NotFoundError('datanet.unknown', 'no Datanet is known here yet', { help: 'See `tilth datanet create`.' })
  if (items.length > 1)
    throw new InvalidError('datanet.ambiguous', 'several Datanets are known: say which', {
      help: `One of ${items.map(({ name, id }) => `${name} (${id})`).join(', ')}.`
    })
  return only
}
