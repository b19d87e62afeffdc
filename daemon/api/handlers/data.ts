import { InvalidError, NotFoundError, pageOf } from '../../../protocol/primitives/index.ts'
import type { DatanetView as NodeDatanet } from '../../../node/data/index.ts'
import type { Node } from '../../../node/node.ts'
import type { DatanetView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

type Names =
  | 'createDatanet'
  | 'datanets'
  | 'datanet'
  | 'heldOut'
  | 'prepareContribution'
  | 'contribute'
  | 'contributions'
  | 'vote'
  | 'anchorVersion'
  | 'versions'

const view = ({ id, host, rules, contributions, accepted, latestVersion }: NodeDatanet): DatanetView => ({
  id,
  host,
  name: rules.name,
  description: rules.description,
  licence: rules.licence,
  validators: [...rules.validators],
  contributions,
  accepted,
  latestVersion
})

/** Shortest beginning of an id that is taken for one. */
const shortestPrefix = 6

export function dataHandlers({ data }: Pick<Node, 'data'>): Pick<Handlers, Names> {
  /** By id, by the beginning of one, or by name. @throws NotFoundError, or InvalidError where it means several */
  const named = (wanted: string): NodeDatanet => {
    const id = wanted.toLowerCase() as `0x${string}`
    const exact = data.datanet(id)
    if (exact !== undefined) return exact
    const matches = data
      .datanets()
      .filter(
        net => net.rules.name === wanted || (wanted.length >= shortestPrefix && net.id.startsWith(wanted.toLowerCase()))
      )
    const [only] = matches
    if (only === undefined)
      throw new NotFoundError('datanet.unknown', `no Datanet is called ${wanted}`, {
        help: 'See `tilth datanet list`.'
      })
    if (matches.length > 1)
      throw new InvalidError('datanet.ambiguous', `${wanted} means several Datanets`, {
        help: `One of ${matches
          .slice(0, 10)
          .map(match => match.id)
          .join(', ')}.`
      })
    return only
  }
  const known = (id: `0x${string}`): NodeDatanet => {
    const found = data.datanet(id)
    if (found === undefined)
      throw new NotFoundError('datanet.unknown', `no Datanet ${id} is known here`, {
        help: 'It may not have arrived yet; see /api/datanets.'
      })
    return found
  }
  return {
    createDatanet: async ({ body }) => view(await data.createDatanet(body.rules, body.heldOut)),
    datanets: async ({ params }) => pageOf(data.datanets().map(view), params, ({ id }) => id),
    datanet: async ({ params }) => view(named(params.id)),
    async heldOut({ params }) {
      const rows = await data.heldOutRows(known(params.id).id)
      const numbered = rows.map(({ messages }, index) => ({ index: String(index), messages: [...messages] }))
      const { items, next } = pageOf(numbered, params, ({ index }) => index)
      return { items: items.map(({ messages }) => ({ messages })), next }
    },
    async prepareContribution({ params, body }) {
      const { cid, rows, bytes, salt, commitment } = await data.prepare({
        datanet: known(params.id).id,
        file: body.file,
        contributor: body.contributor
      })
      return { cid, rows, bytes, salt, commitment }
    },
    async contribute({ params, body }) {
      if (body.signed !== undefined) return { id: (await data.submit(body.signed)).id }
      return { id: (await data.contribute({ datanet: known(params.id).id, file: body.file ?? '' })).id }
    },
    contributions: async ({ params }) =>
      pageOf(
        data
          .contributions(known(params.id).id)
          .map(item => ({ ...item, checks: [...item.checks], rowIssues: item.rowIssues.map(issue => ({ ...issue })) })),
        params,
        ({ id }) => id
      ),
    async vote({ params, body }) {
      await data.vote(params.id, body.accept)
      return { id: params.id }
    },
    anchorVersion: ({ params }) => data.anchorVersion(known(params.id).id),
    versions: async ({ params }) =>
      pageOf(
        data.versions(known(params.id).id).map(version => ({ ...version })),
        params,
        ({ version }) => String(version)
      )
  }
}
