import { LimitError, zeroAddress } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { OfTerms } from '../exchange/index.ts'
import type { Interest } from '../interest/index.ts'
import { createTerms } from './terms.ts'

/** What changes here when a Datanet's rules, or its host, do. */
export interface TermsHeard {
  /** Brings this node's name for a Datanet, and its role as host, to where the chain is. Safe to call again. */
  settle(datanet: Hex): Promise<void>
  /** The chain tells of something of it, or takes it back. */
  happened(event: OfTerms, back: boolean): Promise<void>
}

export function createTermsHeard(
  { chain, events, log, self }: Pick<DataDeps, 'chain' | 'events' | 'log' | 'self'>,
  book: Pick<Book, 'datanet' | 'rename'>,
  interest: Pick<Interest, 'end' | 'has' | 'roles' | 'take'>
): TermsHeard {
  const terms = createTerms(chain)

  async function settle(datanet: Hex): Promise<void> {
    const net = (await book.datanet(datanet))?.document
    if (net === undefined) return
    await book.rename(datanet, (await terms.now(datanet, net)).rules.name)
    const isHost = (await terms.host(datanet, net)) === self
    if (isHost === interest.roles(datanet).includes('host')) return
    if (isHost)
      return interest.take(datanet, 'host').catch((error: unknown) => {
        if (!(error instanceof LimitError)) throw error
        log.warn('host of more Datanets than are followed; leave some to host it', { datanet })
      })
    // Who has handed over loses nothing by it: what it kept stays until its owner leaves.
    await interest.take(datanet, 'choice')
    await interest.end(datanet, 'host')
  }

  function tell(event: OfTerms): void {
    const { datanet } = event
    switch (event.name) {
      case 'RulesProposed':
      case 'RulesSet': {
        const step = event.name === 'RulesSet' ? 'set' : 'proposed'
        return events.emit('data.rules', { datanet, number: event.number, amendment: event.amendment, step })
      }
      case 'HostNamed': {
        const next = event.next === zeroAddress ? null : event.next
        return events.emit('data.host', { datanet, host: event.host, next })
      }
      case 'HostChanged':
        return events.emit('data.host', { datanet, host: event.host, next: null })
    }
  }

  return {
    settle,
    async happened(event, back) {
      if (back && event.name === 'RulesSet') terms.forget(event.datanet)
      // What is only put forward, or asked, changes nothing yet.
      if (event.name === 'RulesSet' || event.name === 'HostChanged') await settle(event.datanet)
      const isMeant = interest.has(event.datanet) || (event.name === 'HostNamed' && event.next === self)
      if (!back && isMeant) tell(event)
    }
  }
}
