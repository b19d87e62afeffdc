import { isAgent } from '../../protocol/models/index.ts'
import type { ModelRecord } from '../../protocol/models/index.ts'
import { InvalidError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Catalogue } from './catalogue.ts'
import type { Parts } from './deps.ts'
import type { ModelsService } from './types.ts'

/** What a builder may change of a model that is on chain: that it goes on, and by a new registration its split. */
export function createTerms(
  { chain, self }: Pick<Parts, 'chain' | 'self'>,
  catalogue: Pick<Catalogue, 'get' | 'register' | 'registerAgent' | 'registerBase' | 'retired'>
): Pick<ModelsService, 'retire' | 'resplit'> {
  function own(id: Hex): ModelRecord {
    const found = catalogue.get(id)
    if (found === undefined) throw new NotFoundError('model.unknown', `no model ${id} is registered`)
    // [reject] Only its builder says what becomes of a model.
    if (found.record.builder !== self)
      throw new InvalidError('model.not-ours', `${found.record.name} was registered by ${found.record.builder}`, {
        help: 'Ask its builder, or register a model of your own.'
      })
    if (found.retired)
      throw new InvalidError('model.retired', `${found.record.name} is retired already`, {
        help: 'See `tilth models` for those that go on.'
      })
    return found.record
  }

  async function retire(id: Hex): Promise<{ transaction: Hex }> {
    own(id)
    const { transaction } = await chain.models.retire(id)
    await catalogue.retired(id, true)
    return { transaction }
  }

  return {
    retire,
    async resplit(id, split) {
      const record = own(id)
      const { name, base, result, worker, upstream, licence = '' } = record
      const plain = { name, base, worker, split, upstream, licence }
      const anew = isAgent(record)
        ? await catalogue.registerAgent(plain)
        : result === null
          ? await catalogue.registerBase(plain)
          : await catalogue.register({ name, result, worker, split, upstream, licence })
      // The new one first: a name is never without a model.
      if (anew.id !== id) await retire(id)
      return anew
    }
  }
}
