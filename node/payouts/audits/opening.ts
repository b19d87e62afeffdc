import { auditId } from '../../../protocol/contracts/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { everyOf, refusedWith } from '../../chain/index.ts'
import type { ModelRecord } from '../../chain/types.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Certificates } from './certificates.ts'
import type { Terms } from './terms.ts'

/** Own models whose audit is still to be opened; of more, those that were registered last wait for a restart. */
const mostWaiting = 256

/** A builder's node opens the audit of what it registers, by itself: without it nothing of the model counts. */
export interface Opening {
  start(): Promise<void>
  /** Looks at what still waits; returns at once. */
  wake(): void
  stop(): Promise<void>
}

export function createOpening(
  { chain, self, log }: Pick<PayoutsDeps, 'chain' | 'self' | 'log'>,
  { certificates, terms }: { readonly certificates: Pick<Certificates, 'asked'>; readonly terms: Terms }
): Opening {
  const waiting = new Set<Hex>()
  let busy: Promise<void> | undefined
  let off: (() => Promise<void>) | undefined

  function take({
    id,
    builder,
    registration: { datanet, job }
  }: Pick<ModelRecord, 'id' | 'builder' | 'registration'>): void {
    if (builder === self && datanet !== zeroHash && job !== zeroHash && waiting.size < mostWaiting) waiting.add(id)
  }

  /** @returns whether there is nothing more to do */
  async function open(model: Hex): Promise<boolean> {
    const known = await chain.ledger.model(model)
    if (known === undefined) return false
    const { builder, registration } = known
    const audit = await chain.ledger.audit(auditId(builder, registration.job))
    if (audit !== undefined || (await certificates.asked({ id: model, datanet: registration.datanet })) === 0)
      return true
    try {
      await chain.audits.open(model, await terms(model))
      log.info('the audit of a model is opened', { model })
    } catch (error) {
      if (!refusedWith(error, 'AlreadyOpen', 'AlreadyRefused', 'NothingToAudit')) throw error
    }
    return true
  }

  async function look(): Promise<void> {
    for (const model of waiting)
      try {
        if (await open(model)) waiting.delete(model)
      } catch (error) {
        log.warn('the audit of a model could not be opened; it is tried again', { model, error })
      }
  }

  function wake(): void {
    if (chain.account === undefined || waiting.size === 0) return
    busy ??= look().finally(() => {
      busy = undefined
    })
  }

  return {
    async start() {
      for await (const record of everyOf(page => chain.ledger.models({}, page))) take(record)
      off = await chain.ledger.consume({
        name: 'audit-opening',
        names: ['ModelRegistered'],
        forward(event) {
          take({ ...event, id: event.model })
          wake()
        },
        // What left the chain with it is found gone when it is opened.
        back: () => undefined
      })
      wake()
    },
    wake,
    async stop() {
      await off?.()
      await busy
    }
  }
}
