import type { Address, Hex } from '../primitives/index.ts'
import type { ModelRecord } from './types.ts'

/** What of a registration says where a model comes from. */
export type Descendant = Pick<ModelRecord, 'id' | 'name' | 'builder' | 'base' | 'adapter' | 'datanet' | 'version'>

/**
 * A place in a family. `model` is null for a base that nobody registered; `parent` is the place of what it was made
 * from, null for the base.
 */
export interface Relative<M extends Descendant> {
  readonly model: M | null
  readonly parent: number | null
}

/**
 * The family of a base: the base itself, then what was grown from it. A builder's next model of the same name on the
 * same Datanet stands under the one before it, since it learnt from what that one had learnt from, and more.
 * @param models those of this base, in the order of their registration
 */
export function familyOf<M extends Descendant>(models: readonly M[]): Relative<M>[] {
  const bases = models.filter(({ adapter }) => adapter === null)
  const family: Relative<M>[] = [{ model: bases[0] ?? null, parent: null }]
  // The same base, registered by others too.
  for (const model of bases.slice(1)) family.push({ model, parent: 0 })
  const last = new Map<string, number>()
  const line = ({ name, builder, datanet }: { name: string; builder: Address; datanet: Hex }): string =>
    JSON.stringify([name, builder, datanet])
  for (const model of models) {
    if (model.adapter === null) continue
    family.push({ model, parent: last.get(line(model)) ?? 0 })
    last.set(line(model), family.length - 1)
  }
  return family
}
