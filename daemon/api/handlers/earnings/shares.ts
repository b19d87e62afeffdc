import type { Node } from '../../../../node/node.ts'
import type { EpochView, PayoutLineView } from '../../../../node/payouts/index.ts'
import { shareRule } from '../../../../protocol/payouts/index.ts'
import type { Address, Page, PageRequest } from '../../../../protocol/primitives/index.ts'
import type { ShareView } from '../../contract/index.ts'
import type { Names } from './names.ts'
import { ruleWords } from './words.ts'

/** Epochs that are looked at in one go, and in all for one page: those without the account are left out of it. */
const mostAtOnce = 100
const mostLooked = 2_000

export async function shareView(epoch: EpochView, line: PayoutLineView, names: Names): Promise<ShareView> {
  const rule = shareRule(line, epoch.held > 0n)
  return {
    pool: epoch.pool,
    name: await names.datanet(epoch.pool),
    epoch: epoch.epoch,
    state: epoch.state,
    transaction: epoch.transaction,
    challengeEnds: Number(epoch.challengeEnds) * 1000,
    answers: epoch.receipts,
    dataFees: epoch.dataFees.toString(),
    held: epoch.held.toString(),
    share: line.share.toString(),
    heldOutShare: line.heldOutShare.toString(),
    scoringShare: line.scoringShare.toString(),
    vestedShare: line.vestedShare.toString(),
    resettled: line.resettled.toString(),
    cumulative: line.cumulative.toString(),
    value: line.value.toString(),
    gate: line.gate?.toString() ?? null,
    rule,
    ...ruleWords[rule]
  }
}

/**
 * What each epoch gives an account, the newest first, pool by pool; those in which it has no line are left out. Among
 * many pools an account stands in few: a page is looked for until it has something, or very many had nothing.
 */
export async function sharesOf(
  { payouts }: Pick<Node, 'payouts'>,
  account: Address,
  { limit = mostAtOnce, cursor }: PageRequest,
  names: Names
): Promise<Page<ShareView>> {
  const atOnce = Math.min(limit, mostAtOnce)
  const views: ShareView[] = []
  let from = cursor
  for (let looked = 0; ; looked += atOnce) {
    const { items, next } = await payouts.epochs({ limit: atOnce, ...(from === undefined ? {} : { cursor: from }) })
    for (const epoch of items) {
      const line = epoch.payouts.find(one => one.account === account)
      if (line !== undefined) views.push(await shareView(epoch, line, names))
    }
    if (next === null || views.length > 0 || looked + atOnce >= mostLooked) return { items: views, next }
    from = next
  }
}
