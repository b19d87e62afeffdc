import type { Node } from '../../../../node/node.ts'
import { digest, statements } from '../../../../protocol/crypto/index.ts'
import type { Network, Signed, StatementType } from '../../../../protocol/crypto/index.ts'
import { NotFoundError } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'
import { plain } from '../../contract/index.ts'
import type { StatementView, Thing } from '../../contract/index.ts'

type Parts = Pick<Node, 'data' | 'jobs' | 'payouts' | 'network'>

function viewOf<T extends StatementType>(
  network: Network,
  { type, message, signature }: Signed<T>,
  signer: { as: string; by: Address },
  about: Thing,
  content: { field: string; json: unknown } | null = null,
  more: StatementView['signatures'] = []
): StatementView {
  const fields = Object.entries(message as Record<string, string | number | boolean | bigint>)
  return {
    id: digest(network, type, message),
    type,
    message: Object.fromEntries(
      statements[type].map(([name]) => {
        const value = fields.find(([field]) => field === name)?.[1] ?? ''
        return [name, typeof value === 'bigint' ? value.toString() : value]
      })
    ),
    signatures: [{ ...signer, signature }, ...more],
    content: content === null ? null : { field: content.field, json: plain(content.json) },
    about
  }
}

async function ofContribution({ data, network }: Parts, id: Hex): Promise<StatementView[]> {
  const papers = await data.papers(id)
  if (papers === undefined) return []
  const about: Thing = { kind: 'contribution', id }
  const by = papers.commitment?.message.contributor
  const signer = (voter: Address) => ({ as: 'validator', by: voter })
  return [
    ...(papers.commitment === undefined || by === undefined
      ? []
      : [viewOf(network, papers.commitment, { as: 'contributor', by }, about)]),
    ...(papers.reveal === undefined || by === undefined
      ? []
      : [viewOf(network, papers.reveal, { as: 'contributor', by }, about)]),
    ...papers.commits.map(vote => viewOf(network, vote, signer(vote.message.validator), about)),
    ...papers.votes.map(vote => viewOf(network, vote, signer(vote.message.validator), about))
  ]
}

async function ofDatanet({ data, network }: Parts, id: Hex): Promise<StatementView[]> {
  const document = await data.document(id)
  if (document === undefined) return []
  const { statement, rules } = document
  const signer = { as: 'host', by: statement.message.host }
  return [viewOf(network, statement, signer, { kind: 'datanet', id }, { field: 'rules', json: rules })]
}

function ofJob({ jobs, network }: Parts, id: Hex): StatementView[] {
  const papers = jobs.papers(id)
  if (papers === undefined) return []
  const { document, bids, awards, deliveries, closed } = papers
  const about: Thing = { kind: 'job', id }
  const builder = { as: 'builder', by: document.statement.message.builder }
  const worker = (by: Address) => ({ as: 'worker', by })
  return [
    viewOf(network, document.statement, builder, about, { field: 'spec', json: document.spec }),
    ...bids.map(bid => viewOf(network, bid, worker(bid.message.worker), about)),
    ...awards.map(({ statement, lot }) => viewOf(network, statement, builder, about, { field: 'lot', json: lot })),
    ...deliveries.map(one => viewOf(network, one, worker(one.message.worker), about)),
    ...(closed === null ? [] : [viewOf(network, closed, builder, about)])
  ]
}

async function ofReceipt({ payouts, network }: Parts, id: Hex): Promise<StatementView[]> {
  const papers = await payouts.papers(id)
  if (papers === undefined) return []
  const { receipt, client, worker, clientSignature } = papers.receipt
  const about: Thing = { kind: 'receipt', id }
  const both: StatementView['signatures'] = [{ as: 'client', by: client, signature: clientSignature }]
  return [
    viewOf(network, receipt, { as: 'worker', by: worker }, about, null, both),
    ...papers.scorings.map(({ statement, attribution }) => {
      const signer = { as: 'scorer', by: statement.message.scorer }
      return viewOf(network, statement, signer, about, { field: 'attribution', json: attribution })
    })
  ]
}

/** What a vote or a job's paper belongs to: only those are found by their own digest. */
async function ownerOf({ data, jobs, network }: Parts, id: Hex): Promise<Thing | undefined> {
  const contribution = await data.votedOn(id)
  if (contribution !== undefined) return { kind: 'contribution', id: contribution }
  const job = jobs.jobs().find(one => jobStatements(network, jobs.papers(one.id)).includes(id))
  return job === undefined ? undefined : { kind: 'job', id: job.id }
}

/** Digests of a job's bids, awards and deliveries. */
export function jobStatements(network: Network, papers: ReturnType<Node['jobs']['papers']>): Hex[] {
  if (papers === undefined) return []
  return [
    ...papers.bids.map(({ message }) => digest(network, 'Bid', message)),
    ...papers.awards.map(({ statement }) => digest(network, 'Award', statement.message)),
    ...papers.deliveries.map(({ message }) => digest(network, 'Delivery', message))
  ]
}

/**
 * Everything signed under an id: a contribution's statements and votes, a job's papers, a receipt and its scorings, a
 * Datanet's own; of a single vote, bid, award or delivery that one alone.
 * @throws NotFoundError `statement.unknown`
 */
export async function statementsOf(parts: Parts, id: Hex): Promise<StatementView[]> {
  const all = async (owner: Hex): Promise<StatementView[]> => [
    ...(await ofContribution(parts, owner)),
    ...ofJob(parts, owner),
    ...(await ofReceipt(parts, owner)),
    ...(await ofDatanet(parts, owner))
  ]
  const found = await all(id)
  if (found.length > 0) return found
  const owner = await ownerOf(parts, id)
  const one = owner === undefined ? [] : (await all(owner.id as Hex)).filter(statement => statement.id === id)
  if (one.length > 0) return one
  throw new NotFoundError('statement.unknown', `nothing that was signed is known here under ${id}`, {
    help: 'A node keeps what the Datanets it follows and its own work bring; another one may know it.'
  })
}
