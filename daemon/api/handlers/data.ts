import { againInWords, bondTerms, leastDataShareOf, requireOpen } from '../../../protocol/data/index.ts'
import { NotFoundError, mapPage, pageOf } from '../../../protocol/primitives/index.ts'
import type {
  ContributionView as NodeContribution,
  DatanetView as NodeDatanet,
  RemovalView as NodeRemoval,
  ReviewItem
} from '../../../node/data/index.ts'
import type { Node } from '../../../node/node.ts'
import type { ContributionView, DatanetView, RemovalView, ReviewView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import { locking, preparedOf } from './bonds.ts'
import type { BondSpending } from './bonds.ts'
import { exportOf } from './export.ts'
import { goodShard, previewOf, shardOfGiven } from './given-file.ts'
import type { People } from './people.ts'
import type { Which } from './which.ts'

type Names =
  | 'createDatanet'
  | 'mixDatanets'
  | 'datanets'
  | 'datanet'
  | 'followDatanet'
  | 'heldOut'
  | 'checkContribution'
  | 'prepareContribution'
  | 'readers'
  | 'keysGiven'
  | 'contribute'
  | 'contributions'
  | 'contribution'
  | 'acceptedRows'
  | 'exportRows'
  | 'importVersion'
  | 'row'
  | 'refusedRows'
  | 'votes'
  | 'withdraw'
  | 'removal'
  | 'takeDown'
  | 'review'
  | 'reviewOf'
  | 'reviewRows'
  | 'votePolicy'
  | 'setVotePolicy'
  | 'vote'
  | 'unvote'
  | 'anchorVersion'
  | 'versions'

const viewWith = (
  { id, host, licence, rules, createdAt, contributions, accepted, left, rows, latestVersion, roles }: NodeDatanet,
  { deposited, paid, epoch }: Awaited<ReturnType<Node['chain']['ledger']['pool']>>
): DatanetView => ({
  id,
  host,
  tags: [...(rules.tags ?? [])],
  createdAt,
  rows,
  pay: { deposited: deposited.toString(), claimed: paid.toString(), epoch },
  name: rules.name,
  description: rules.description,
  licence,
  validators: [...rules.validators],
  rules: {
    maxRows: rules.maxRows,
    maxBytes: rules.maxBytes,
    uploadsPerContributor: rules.uploadsPerContributor,
    ...(rules.languages === undefined ? {} : { languages: rules.languages }),
    ...(rules.kind === undefined ? {} : { kind: rules.kind }),
    ...(rules.rows === undefined ? {} : { rows: rules.rows }),
    ...(rules.uploads === undefined ? {} : { uploads: rules.uploads }),
    ...(rules.bond === undefined ? {} : { bond: rules.bond }),
    minOwnShare: rules.minOwnShare,
    leastDataShare: leastDataShareOf(rules),
    auditedSegments: rules.auditedSegments ?? 0,
    ...(rules.questionWriters === undefined ? {} : { questionWriters: rules.questionWriters }),
    ...(rules.keptBack === undefined ? {} : { keptBack: rules.keptBack }),
    ...(rules.weights === undefined ? {} : { weights: rules.weights }),
    ...(rules.trainers === undefined ? {} : { trainers: rules.trainers }),
    nearDuplicate: rules.nearDuplicate,
    revealSeconds: rules.revealSeconds,
    voteSeconds: rules.voteSeconds
  },
  contributions,
  accepted,
  left,
  latestVersion,
  roles: [...roles],
  ...(rules.parents === undefined ? {} : { parents: [...rules.parents] }),
  ...(rules.private === undefined ? {} : { private: rules.private })
})

function helpFor({ reason = '' }: NodeContribution): Pick<ContributionView, 'help'> {
  const help = againInWords(reason)
  return help === undefined ? {} : { help }
}

const contributionOf = (item: NodeContribution): ContributionView => ({
  ...item,
  ...helpFor(item),
  checks: [...item.checks],
  rowIssues: item.rowIssues.map(issue => ({ ...issue }))
})

const removalOf = ({ words, ...removal }: NodeRemoval): RemovalView => ({
  ...removal,
  words: words.map(word => ({ ...word }))
})

const reviewView = (item: ReviewItem): ReviewView => ({ ...item, ...contributionOf(item) })

export function dataHandlers(
  { chain, data, network, self }: Pick<Node, 'chain' | 'data' | 'network' | 'self'>,
  spending: BondSpending,
  which: Which,
  people: Pick<People, 'keyOf'>
): Pick<Handlers, Names> {
  const view = async (net: NodeDatanet): Promise<DatanetView> => viewWith(net, await chain.ledger.pool(net.id))
  const known = (wanted: string): Promise<NodeDatanet> => data.findDatanet(wanted)
  return {
    createDatanet: async ({ body }) => view(await data.createDatanet(body.rules, body.heldOut)),
    async mixDatanets({ body: { datanets, ...texts } }) {
      const parents = await Promise.all(datanets.map(known))
      const { datanet, ...mixed } = await data.mix({ datanets: parents.map(({ id }) => id), ...texts })
      return { datanet: await view(datanet), ...mixed }
    },
    async datanets({ params }) {
      const { items, next } = await data.datanets(params)
      return { items: await Promise.all(items.map(view)), next }
    },
    datanet: async ({ params }) => view(await data.findDatanet(params.id)),
    async followDatanet({ params, body }) {
      const { id } = await known(params.id)
      await (body.follow ? data.follow(id) : data.unfollow(id))
      return view(await known(id))
    },
    async heldOut({ params }) {
      const rows = await data.heldOutRows((await known(params.id)).id)
      const numbered = rows.map(({ messages }, index) => ({ index: String(index), messages: [...messages] }))
      const { items, next } = pageOf(numbered, params, ({ index }) => index)
      return { items: items.map(({ messages }) => ({ messages })), next }
    },
    async checkContribution({ params, body: { contributor = self, ...given } }) {
      const { id: datanet, rules } = await known(params.id)
      const shard = await shardOfGiven(given, rules)
      return previewOf(await data.preview({ datanet, file: shard.text, contributor }), shard, rules)
    },
    async prepareContribution({ params, body: { contributor, sealed, ...given } }) {
      const { id: datanet, rules } = await known(params.id)
      if (sealed !== undefined) {
        const { content, rows: count, keys } = sealed
        const shard = { datanet, file: Buffer.from(content, 'base64'), contributor, sealed: { rows: count, keys } }
        return preparedOf(await data.prepare(shard))
      }
      // [reject] What is to be private is not sent in the clear to a node that is not its contributor's.
      requireOpen(rules, 'its contributor encrypts what is contributed, and sends it as it is then')
      const file = await goodShard(given, rules)
      return preparedOf(await data.prepare({ datanet, file, contributor }))
    },
    async contribute({ params, key, body: { signed, as, bond = '0', ...given } }) {
      if (signed !== undefined) return { id: (await data.submit(signed)).id }
      const { id: datanet, rules } = await known(params.id)
      const file = await goodShard(given, rules)
      const [most, asked] = [BigInt(bond), bondTerms(rules).bond]
      // No more is held against a budget than the rules can lock; a person's tokens are as good as the owner's.
      const mostBond = asked < most ? asked : most
      const by = as === undefined ? {} : { contributorKey: (await people.keyOf(as)).privateKey }
      const sent = await locking(spending, key, mostBond, () => data.contribute({ datanet, file, mostBond, ...by }))
      return { id: sent.id }
    },
    readers: async ({ params }) => ({
      readers: (await data.readers((await known(params.id)).id)).map(reader => ({ ...reader }))
    }),
    keysGiven: async ({ params: { id, ...page } }) =>
      mapPage(await data.keysGiven((await known(id)).id, page), given => ({ ...given })),
    contributions: async ({ params: { id, ...page } }) =>
      mapPage(await data.contributions((await known(id)).id, page), contributionOf),
    async contribution({ params }) {
      const id = await which.contribution(params.id)
      let found = await data.contribution(id)
      if (found === undefined) {
        // Committed a moment ago: what the chain holds by now is known before anybody is refused.
        await chain.ledger.caughtUp({ consumers: true })
        found = await data.contribution(id)
      }
      if (found === undefined)
        throw new NotFoundError('contribution.unknown', `no contribution ${params.id} is known here`, {
          help: 'One that was just made is known within seconds, where its Datanet is followed.'
        })
      return contributionOf(found)
    },
    async acceptedRows({ params: { id, contributor, ...request } }) {
      const { items, ...page } = await data.acceptedRows((await known(id)).id, { ...request, contributor })
      return { items: items.map(row => ({ ...row })), ...page }
    },
    exportRows: async ({ params: { id, format, version }, signal }) =>
      exportOf({ data, network }, await known(id), format, version, signal),
    async importVersion({ params, body }) {
      const { id } = await known(params.id)
      async function* bytes(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(body.car, 'base64')
      }
      return data.takeVersionCar(id, bytes())
    },
    row: async ({ params: { id, row } }) => data.row(await which.contribution(id), row),
    refusedRows: async ({ params: { id, ...page } }) =>
      mapPage(await data.refusedRows(await which.contribution(id), page), row => ({ ...row })),
    async votes({ params }) {
      const { validators, ...votes } = await data.votes(await which.contribution(params.id))
      return { ...votes, validators: validators.map(vote => ({ ...vote })) }
    },
    async withdraw({ params, body: { as, signed } = {} }) {
      const id = await which.contribution(params.id)
      const key = as === undefined ? undefined : (await people.keyOf(as)).privateKey
      return { id, ...(await data.withdraw(id, signed === undefined ? key && { key } : { signed })) }
    },
    removal: async ({ params }) => removalOf(await data.removal(await which.contribution(params.id))),
    takeDown: async ({ params, body }) => removalOf(await data.takeDown(await which.contribution(params.id), body)),
    async vote({ params, body }) {
      const id = await which.contribution(params.id)
      const { accept, reason = '', code, holdSeconds } = body
      const why = reason === '' && code === undefined ? undefined : { reason, ...(code === undefined ? {} : { code }) }
      await data.vote(id, accept, why, holdSeconds * 1000)
      return { id }
    },
    async unvote({ params }) {
      const id = await which.contribution(params.id)
      await data.unvote(id)
      return { id }
    },
    review: async ({ params }) => mapPage(await data.review(params), reviewView),
    reviewOf: async ({ params }) => reviewView(await data.reviewOf(await which.contribution(params.id))),
    reviewRows: async ({ params: { id, ...page } }) =>
      mapPage(await data.reviewRows(await which.contribution(id), page), row => ({ ...row })),
    votePolicy: async () => ({ policy: await data.votePolicy() }),
    async setVotePolicy({ body: { policy } }) {
      await data.setVotePolicy(policy)
      return { policy }
    },
    anchorVersion: async ({ params }) => data.anchorVersion((await known(params.id)).id),
    versions: async ({ params: { id, ...page } }) =>
      mapPage(await data.versions((await known(id)).id, page), version => ({ ...version }))
  }
}
