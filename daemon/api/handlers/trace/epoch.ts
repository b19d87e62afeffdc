import type { Node } from '../../../../node/node.ts'
import { countedLeaf, payoutLeaf, payoutsTree, rebuild } from '../../../../protocol/payouts/index.ts'
import {
  InvalidError,
  canonicalJson,
  exactTokenText,
  leafNode,
  sumPath
} from '../../../../protocol/primitives/index.ts'
import type { Hex, SumLeaf, SumNode, SumProof } from '../../../../protocol/primitives/index.ts'
import type { TraceCheck, TraceStep } from '../../contract/index.ts'
import { fact, holds, look, open } from './checks.ts'

type Parts = Pick<Node, 'payouts' | 'chain' | 'network'>

/** What an answer brought whom, in the epoch that counts it, and where that stands on chain. */
export async function epochSteps(parts: Parts, pool: Hex, epoch: number, receipt: Hex | null): Promise<TraceStep[]> {
  const { payouts, chain, network } = parts
  const { bundle, stated, state, receiptPlaces } = await payouts.epochPapers(pool, epoch)
  const checks: TraceCheck[] = []
  const facts = [
    fact('pool', pool),
    fact('epoch', epoch),
    fact('bundle', stated.bundle),
    fact('proposed by', stated.proposer),
    fact('transaction', stated.transaction),
    fact('data fees', exactTokenText(bundle.dataFees)),
    ...(bundle.keptBack > 0n ? [fact('kept back', exactTokenText(bundle.keptBack))] : [])
  ]
  if (receipt !== null) {
    const { tree, places } = receiptPlaces()
    const at = places.get(receipt)
    const counted = at === undefined ? undefined : bundle.receipts[at]
    checks.push(
      at === undefined || counted === undefined
        ? holds('The receipt', false, '', 'is not in the epoch that is said to count it')
        : onWay(
            'The receipt',
            countedLeaf({
              id: receipt,
              clientSignature: counted.clientSignature,
              workerSignature: counted.receipt.signature,
              fee: counted.receipt.message.fee
            }),
            tree.proof(at),
            { hash: stated.receiptsRoot, sum: stated.receiptsTotal }
          )
    )
  }
  checks.push(
    await look('The arithmetic', async () => {
      const previous = epoch === 1 ? undefined : await payouts.epochPapers(pool, epoch - 1)
      const again = rebuild(bundle, {
        network,
        previous: previous === undefined ? undefined : { cid: previous.stated.bundle, bundle: previous.bundle }
      })
      if (canonicalJson(again) !== canonicalJson(bundle))
        throw new InvalidError('audit.epoch', 'the bundle is not what its receipts give')
      return 'from receipts, measurements, held-out values and the epoch before: the same payouts and roots'
    }),
    holds(
      'The epoch',
      state === 'final',
      'is final: nobody has shown a fault, and validators have not voted it down',
      `is ${state}`
    )
  )
  const steps: TraceStep[] = [{ stage: 'settlement', title: 'The epoch that counts it', facts, checks }]
  const lines = payoutsTree(bundle.payouts)
  const root = { hash: stated.payoutsRoot, sum: stated.payoutsTotal }
  const paid: TraceStep = { stage: 'claim', title: 'Who is paid', facts: [], checks: [] }
  const reasons = receipt === null ? undefined : await payouts.reasons(pool, epoch)
  for (const [i, line] of bundle.payouts.entries()) {
    const brought = reasons?.answersOf(line.account, 0, bundle.receipts.length).find(one => one.receipt === receipt)
    const claimed = await chain.ledger.claimed(pool, line.account)
    const parts = [
      ...(brought === undefined ? [] : [`about ${exactTokenText(brought.money)} by this answer`]),
      `${exactTokenText(line.share)} in this epoch`,
      `${exactTokenText(line.cumulative)} in all, of which ${exactTokenText(claimed)} is claimed`
    ]
    paid.facts.push(fact(line.account, parts.join('; ')))
    paid.checks.push(onWay(line.account, payoutLeaf(line), lines.proof(i), root))
  }
  for await (const { account, transaction } of claimsOf(chain, pool))
    paid.facts.push(fact(`claim of ${account}`, transaction))
  if (bundle.payouts.length === 0) paid.checks.push(open('Payouts', 'the epoch pays nobody'))
  return [...steps, paid]
}

/** The newest claims, at most so many. */
async function* claimsOf({ ledger }: Pick<Parts['chain'], 'ledger'>, pool: Hex) {
  const { items } = await ledger.claims({ pool }, { limit: 200, reverse: true })
  yield* items
}

/** From a leaf to a root on chain, hash by hash and sum by sum. */
function onWay(what: string, leaf: SumLeaf, proof: SumProof, root: SumNode): TraceCheck {
  const top = sumPath(leafNode(leaf), proof)?.at(-1)
  return holds(
    what,
    top !== undefined && top.hash === root.hash && top.sum === root.sum,
    `stands in the tree whose root is on chain, by ${proof.siblings.length} hashes`,
    'does not stand in the tree whose root is on chain'
  )
}
