import type { Node } from '../../../../node/node.ts'
import type { EpochPapers } from '../../../../node/payouts/index.ts'
import { versionProof } from '../../../../protocol/data/index.ts'
import { payoutsTree } from '../../../../protocol/payouts/index.ts'
import { NotFoundError, TilthError } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex, SumTree } from '../../../../protocol/primitives/index.ts'
import type { ProofView } from '../../contract/index.ts'

type Parts = Pick<Node, 'data' | 'payouts' | 'chain' | 'network'>

/** Versions that are looked at for a contribution: one that was accepted stands in all that follow. */
const mostVersions = 200

/** What is known of the way to the chain; `why` there is none, if so. */
export interface Ways {
  readonly proofs: ProofView[]
  readonly why: string | null
}
const none = (why: string): Ways => ({ proofs: [], why })

async function inVersions({ data, chain }: Parts, id: Hex, datanet: Hex): Promise<Ways> {
  const { items } = await chain.ledger.versions(datanet, { limit: mostVersions, reverse: true })
  const found: ProofView[] = []
  for (const { version, root, count, transaction, block } of items) {
    const manifest = await data.manifest(datanet, version)
    const position = manifest.entries.findIndex(({ contribution }) => contribution === id)
    const entry = manifest.entries[position]
    // A contribution that one version lacks is in none before it.
    if (entry === undefined) break
    const { contribution, contributor, cid, own } = entry
    found.push({
      kind: 'version',
      datanet,
      version,
      leaf: { contribution, contributor, cid, own: [...own] },
      position,
      count,
      siblings: versionProof(manifest.entries, position).siblings.map(one => ({ ...one })),
      root,
      transaction,
      block: block.toString()
    })
  }
  return found.length > 0 ? { proofs: found, why: null } : none('No version on chain holds it yet.')
}

const node = ({ hash, sum }: { hash: Hex; sum: bigint }) => ({ hash, sum: sum.toString() })
function wayIn(tree: SumTree, position: number, { stated }: EpochPapers) {
  const { index, siblings } = tree.proof(position)
  return {
    index: index.toString(),
    siblings: siblings.map(node),
    transaction: stated.transaction,
    block: stated.block.toString()
  }
}

async function inEpoch({ payouts }: Parts, id: Hex): Promise<Ways> {
  const view = await payouts.receipt(id)
  if (view?.pool === undefined) return none('Its model has no Datanet, so no epoch counts it.')
  if (view.epoch === undefined) return none('No final epoch counts it yet; the next one may.')
  const papers = await payouts.epochPapers(view.pool, view.epoch)
  const { tree, places } = papers.receiptPlaces()
  const position = places.get(id) ?? -1
  const counted = papers.bundle.receipts[position]
  if (counted === undefined) return none('It was counted, and its epoch does not name it: another stood at its place.')
  const { stated } = papers
  return {
    proofs: [
      {
        kind: 'receipt',
        pool: view.pool,
        epoch: view.epoch,
        state: papers.state,
        receipt: id,
        clientSignature: counted.clientSignature,
        workerSignature: counted.receipt.signature,
        fee: counted.receipt.message.fee.toString(),
        root: { hash: stated.receiptsRoot, sum: stated.receiptsTotal.toString() },
        ...wayIn(tree, position, papers)
      }
    ],
    why: null
  }
}

/** What cannot be had now is said, instead of an error: the statement itself is shown all the same. */
async function orWhy(find: Promise<Ways>): Promise<Ways> {
  try {
    return await find
  } catch (error) {
    if (error instanceof TilthError) return none(error.message)
    throw error
  }
}

/** The ways from a contribution, or a receipt, to the chain. */
export async function proofsOf(parts: Parts, id: Hex): Promise<Ways> {
  const commitment = (await parts.chain.ledger.commitment(id)) ?? (await parts.data.papers(id))
  if (commitment !== undefined) return orWhy(inVersions(parts, id, commitment.datanet))
  if ((await parts.payouts.receipt(id)) !== undefined) return orWhy(inEpoch(parts, id))
  return none('There is no tree on chain for such a thing: its signature stands for itself.')
}

/** @throws NotFoundError `epoch.account` · as epochPapers */
export async function payoutProof(
  { payouts }: Pick<Node, 'payouts'>,
  { pool, epoch, account }: { pool: Hex; epoch: number; account: Address }
): Promise<Ways> {
  const papers = await payouts.epochPapers(pool, epoch)
  const lines = papers.bundle.payouts
  const position = lines.findIndex(line => line.account === account)
  const line = lines[position]
  if (line === undefined)
    throw new NotFoundError('epoch.account', `epoch ${epoch} of the Datanet has no payout for ${account}`, {
      help: 'It was never a player of its models.'
    })
  const { stated } = papers
  return {
    proofs: [
      {
        kind: 'payout',
        pool,
        epoch,
        state: papers.state,
        account,
        cumulative: line.cumulative.toString(),
        root: { hash: stated.payoutsRoot, sum: stated.payoutsTotal.toString() },
        ...wayIn(payoutsTree(lines), position, papers)
      }
    ],
    why: null
  }
}
