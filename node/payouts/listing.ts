import type { Address, Page, PageRequest } from '../../protocol/primitives/index.ts'
import type { Proposal, Proposals } from './proposals.ts'
import type { Bundles } from './settler/index.ts'
import type { EpochView, PayoutsDeps, PayoutsService } from './types.ts'

/** Epochs that are read in one go, and shown side by side: one that is not known here is fetched. */
const atOnce = 100
const sideBySide = 8
/** How many are looked at for one page, and for how long; whoever asks for the next goes on from there. */
const mostLooked = 500
const mostMs = 5_000

/** Lists of epochs: all of them, and those that give an account something. */
export function createListing(
  { clock, self }: Pick<PayoutsDeps, 'clock' | 'self'>,
  { proposals, bundles }: { proposals: Pick<Proposals, 'caughtUp' | 'page'>; bundles: Pick<Bundles, 'known'> },
  viewOf: (proposal: Proposal, whole?: boolean) => Promise<EpochView>
): Pick<PayoutsService, 'epochs' | 'epochsOf'> {
  const pays = ({ payouts }: { payouts: readonly { account: Address }[] }, account: Address): boolean =>
    payouts.some(line => line.account === account)
  /** Neither the chain nor anybody else is asked about one that is known not to have the account. */
  async function seen(proposal: Proposal, account: Address): Promise<EpochView | undefined> {
    const known = await bundles.known(proposal.event.bundle)
    // Of an old epoch this node's own line is here, and others' are read again.
    const tells = known === undefined || known.whole || account === self
    if (known !== undefined && tells && !pays(known, account)) return undefined
    const view = await viewOf(proposal, !tells)
    return pays(view, account) ? view : undefined
  }

  return {
    async epochs(filter = {}) {
      await proposals.caughtUp()
      const { items, next } = await proposals.page(filter)
      return { items: await Promise.all(items.map(one => viewOf(one))), next }
    },
    async epochsOf(account, { limit = atOnce, cursor }: PageRequest): Promise<Page<EpochView>> {
      await proposals.caughtUp()
      const until = clock.now() + mostMs
      const found: EpochView[] = []
      let from = cursor
      for (let looked = 0; ;) {
        const { items, next } = await proposals.page({ limit: atOnce, ...(from === undefined ? {} : { cursor: from }) })
        for (let i = 0; i < items.length;) {
          const some = items.slice(i, i + Math.max(1, Math.min(sideBySide, limit - found.length)))
          const views = await Promise.all(some.map(proposal => seen(proposal, account)))
          found.push(...views.filter(view => view !== undefined))
          i += some.length
          looked += some.length
          const last = some.at(-1)?.event
          if (i < items.length && last !== undefined && (found.length >= limit || clock.now() >= until))
            return { items: found, next: `${last.pool}/${last.place}` }
        }
        if (next === null || found.length > 0 || looked >= mostLooked || clock.now() >= until)
          return { items: found, next }
        from = next
      }
    }
  }
}
