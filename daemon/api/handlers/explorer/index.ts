import type { Node } from '../../../../node/node.ts'
import { receiptId } from '../../../../protocol/payouts/index.ts'
import { NotFoundError, pageOf } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { Handlers } from '../../server/index.ts'
import { createNames } from '../earnings/names.ts'
import { epochView } from '../payouts.ts'
import { accountOf } from './accounts.ts'
import { fileNamed } from './files.ts'
import { find } from './find.ts'
import { payoutProof, proofsOf } from './proofs.ts'
import { slashHandlers } from './slashes.ts'
import { statementsOf } from './statements.ts'
import { transactionView } from './transactions.ts'

type Calls =
  | 'find'
  | 'statements'
  | 'proofs'
  | 'payoutProof'
  | 'epoch'
  | 'epochReceipts'
  | 'transaction'
  | 'chainChannel'
  | 'escrow'
  | 'versionEntries'
  | 'account'
  | 'slashes'
  | 'file'

type Parts = Pick<Node, 'data' | 'jobs' | 'models' | 'payouts' | 'account' | 'chain' | 'transport' | 'network' | 'self'>

/** Whatever has an id: found, shown as it was signed, and with its way to the chain. */
export function explorerHandlers(node: Parts): Pick<Handlers, Calls> {
  const { payouts, chain, network } = node
  const names = createNames(node)
  return {
    find: ({ params }) => find(node, params.text),
    async statements({ params: { id, ...page } }) {
      const all = await statementsOf(node, id as Hex)
      return { ...pageOf(all, page, statement => `${statement.type}/${statement.id}`), network }
    },
    proofs: async ({ params }) => ({ ...(await proofsOf(node, params.id as Hex)), network }),
    payoutProof: async ({ params }) => ({
      ...(await payoutProof(node, { ...params, pool: params.pool as Hex })),
      network
    }),
    async epoch({ params }) {
      const found = await payouts.epoch(params.pool as Hex, params.epoch)
      if (found === undefined)
        throw new NotFoundError('epoch.unknown', `the Datanet has no epoch ${params.epoch}`, {
          help: 'Epochs are numbered from 1; one that is not proposed yet is not on chain.'
        })
      return {
        ...epochView(found),
        name: await names.datanet(found.pool),
        proposer: found.proposer,
        payoutsTotal: found.payoutsTotal.toString(),
        challengeEnds: Number(found.challengeEnds) * 1000,
        faults: found.faults ?? null
      }
    },
    async epochReceipts({ params: { pool, epoch, ...page } }) {
      const { bundle } = await payouts.epochPapers(pool as Hex, epoch)
      const { items, next } = pageOf(bundle.receipts.entries(), page, ([at]) => String(at))
      return {
        items: items.map(([, counted]) => ({
          receipt: receiptId(network, counted),
          fee: counted.receipt.message.fee.toString(),
          model: counted.receipt.message.model,
          client: counted.client,
          worker: counted.worker
        })),
        next
      }
    },
    async transaction({ params }) {
      const found = await chain.transactions.transaction(params.hash as Hex)
      if (found === undefined)
        throw new NotFoundError('transaction.unknown', `the chain has no transaction ${params.hash}`, {
          help: 'One that was just sent is there once it is mined.'
        })
      return transactionView(found)
    },
    async chainChannel({ params }) {
      const found = await chain.ledger.channel(params.id as Hex)
      if (found === undefined)
        throw new NotFoundError('chain.unknown', `the chain has no channel ${params.id}`, {
          help: 'One that was just opened is there once it is mined.'
        })
      const { deposit, claimed, data, expiry, closesAt, block, deposits: _deposits, ...channel } = found
      return {
        ...channel,
        modelName: names.model(channel.model),
        deposit: deposit.toString(),
        claimed: claimed.toString(),
        data: data.toString(),
        expiry: Number(expiry) * 1000,
        closesAt: closesAt === 0n ? null : Number(closesAt) * 1000,
        block: block.toString()
      }
    },
    async escrow({ params }) {
      const found = await chain.ledger.escrow(params.id as Hex)
      if (found === undefined)
        throw new NotFoundError('chain.unknown', `the chain has no escrow ${params.id}`, {
          help: 'One that was just funded is there once it is mined.'
        })
      const { amount, deadline, block } = found
      return { ...found, amount: amount.toString(), deadline: Number(deadline) * 1000, block: block.toString() }
    },
    async versionEntries({ params: { id, version, ...page } }) {
      const anchored = await chain.ledger.version(id as Hex, version)
      if (anchored === undefined)
        throw new NotFoundError('version.unknown', `the Datanet has no version ${version} on chain`, {
          help: 'Versions are numbered from 1, in the order in which its host anchored them.'
        })
      const { entries } = await node.data.manifest(id as Hex, version)
      const { root, cid, count, transaction } = anchored
      const { items, next } = pageOf(entries, page, ({ contribution }) => contribution)
      return {
        items: items.map(({ contribution, contributor, cid: rows, own }) => ({
          contribution,
          contributor,
          cid: rows,
          own: own.length
        })),
        next,
        version: { datanet: id, version, root, cid, count, transaction, name: await names.datanet(id as Hex) }
      }
    },
    ...slashHandlers(node),
    account: ({ params }) => accountOf(node, params.id),
    file: ({ params }) => fileNamed(node, params.cid)
  }
}
