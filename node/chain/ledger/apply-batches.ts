import { sequenceKey } from '../../store/index.ts'
import type { Apply } from './draft.ts'
import { placeOf } from './records.ts'

/** Held-out questions in sealed batches: put, spoken on, accepted for a version, due with it, opened. */
export const applyBatches = {
  async BatchPut(event, draft, { batches, batchesOf }) {
    const { batch: id, datanet, writer, roster, keyHash, questions, keys, block } = event
    const place = placeOf(event)
    const fresh = { consent: 0n, against: 0n, spoke: [], accepted: null, key: null }
    await draft.put(batches, id, { id, datanet, writer, roster, keyHash, questions, keys, ...fresh, block, place })
    await draft.put(batchesOf, `${datanet}/${place}`, id)
  },
  async BatchSpoken({ batch, validator, consent, against }, draft, { batches }) {
    const known = await draft.get(batches, batch)
    if (known === undefined) return `the questions ${batch} were never put`
    await draft.put(batches, batch, { ...known, consent, against, spoke: [...known.spoke, validator] })
  },
  async BatchAccepted(event, draft, { batches, batchesFor }) {
    const { batch, datanet, version, block } = event
    const known = await draft.get(batches, batch)
    if (known === undefined) return `the questions ${batch} were never put`
    await draft.put(batches, batch, { ...known, accepted: { version, block } })
    await draft.put(batchesFor, `${datanet}/${sequenceKey(version)}/${placeOf(event)}`, batch)
  },
  async BatchesDue({ datanet, version, batches, until, block }, draft, { batchesDue }) {
    await draft.put(batchesDue, `${datanet}/${sequenceKey(version)}`, { batches, until, block })
  },
  async BatchOpened({ batch, key }, draft, { batches }) {
    const known = await draft.get(batches, batch)
    if (known === undefined) return `the questions ${batch} were never put`
    await draft.put(batches, batch, { ...known, key })
  }
} as const satisfies {
  [N in 'BatchPut' | 'BatchSpoken' | 'BatchAccepted' | 'BatchesDue' | 'BatchOpened']: Apply<N>
}
