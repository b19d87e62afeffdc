import type { Apply } from './draft.ts'
import { placeOf } from './records.ts'
import { total } from './totals.ts'

/** Models as they were registered. */
export const applyModels = {
  async ModelRegistered(event, draft, tables) {
    const { models, modelOrder, modelsOf } = tables
    const { model: id, builder, datanet, registration, block } = event
    const place = placeOf(event)
    if ((await draft.get(models, id)) === undefined) await total({ models: 1n }, draft, tables)
    await draft.put(models, id, { id, builder, registration, retired: false, block, place })
    await draft.put(modelOrder, place, id)
    await draft.put(modelsOf, `${datanet}/${place}`, id)
  },
  async ModelRetired({ model }, draft, { models }) {
    const known = await draft.get(models, model)
    // Not a sign of anything missing: its registration may have been one that is not taken.
    if (known !== undefined) await draft.put(models, model, { ...known, retired: true })
  }
} as const satisfies { [N in 'ModelRegistered' | 'ModelRetired']: Apply<N> }
