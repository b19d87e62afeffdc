import type { Hex } from '../primitives/index.ts'
import type { ModelRecord } from './types.ts'

/** What of a registration says where a model comes from. */
export type Descendant = Pick<
  ModelRecord,
  'id' | 'name' | 'builder' | 'base' | 'adapter' | 'datanet' | 'version' | 'upstream'
>

/**
 * A place in a family. `model` is null for a base that nobody registered; `parent` is the place of what it was made
 * from, null for a base by itself.
 */
export interface Relative<M extends Descendant> {
  readonly base: string
  readonly model: M | null
  readonly parent: number | null
}

/** Bases that came of each other by what registrations say, in the order in which they are met from one of them. */
function relatedBases(base: string, models: readonly Descendant[]): string[] {
  const baseOf = new Map(models.map(model => [model.id, model.base]))
  const ties = new Map<string, Set<string>>()
  const tie = (from: string, to: string): void => {
    ties.set(from, (ties.get(from) ?? new Set()).add(to))
  }
  for (const { base: made, upstream } of models) {
    const from = upstream === undefined ? undefined : baseOf.get(upstream)
    if (from === undefined || from === made) continue
    tie(from, made)
    tie(made, from)
  }
  const found = new Set([base])
  for (const one of found) for (const other of ties.get(one) ?? []) found.add(other)
  return [...found]
}

/**
 * The family of a base: the base itself, what was grown from it, bases that were made of these, and so on. A model
 * stands under the registration that it names as its upstream, else under its base. A builder's next version of a model
 * stands under the one before it, since it learnt from what that one had learnt from, and more.
 *
 * What a base was made of is its builder's word, so it moves that registration and what names it, and nothing else: a
 * base stands by itself for all others. So every parent is a base, or was registered before: there are no loops.
 * @param models all that are registered, in the order of their registration
 */
export function familyOf<M extends Descendant>(base: string, models: readonly M[]): Relative<M>[] {
  const bases = new Set(relatedBases(base, models))
  const family: Relative<M>[] = []
  const places = new Map<Hex, number>()
  const roots = new Map<string, number>()
  const last = new Map<string, number>()
  const put = (of: string, model: M | null, parent: number | null): number => {
    const place = family.push({ base: of, model, parent }) - 1
    if (model !== null) places.set(model.id, place)
    return place
  }
  function rootOf(of: string): number {
    const root = roots.get(of) ?? put(of, null, null)
    roots.set(of, root)
    return root
  }
  const ours = models.filter(model => bases.has(model.base))
  // The same base, registered by others too, stands under whose registration came first.
  for (const model of ours.filter(({ adapter, upstream }) => adapter === null && upstream === undefined)) {
    const place = put(model.base, model, roots.get(model.base) ?? null)
    if (!roots.has(model.base)) roots.set(model.base, place)
  }
  for (const model of ours) {
    if (places.has(model.id)) continue
    const named = model.upstream === undefined ? undefined : places.get(model.upstream)
    const line = JSON.stringify([model.base, model.name, model.builder, model.datanet])
    const before = model.adapter === null ? undefined : last.get(line)
    const place = put(model.base, model, before ?? named ?? rootOf(model.base))
    if (model.adapter !== null) last.set(line, place)
  }
  return family
}
