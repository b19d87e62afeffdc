import type { ModelRecord } from '../../protocol/models/index.ts'
import { InvalidError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Catalogue } from './catalogue.ts'
import type { Parts } from './deps.ts'
import type { ModelsService, Split } from './types.ts'

/**
 * [reject] A split divides every fee whole, and a base model owes nothing to data.
 * @throws InvalidError `model.split`
 */
export function checkSplit({ worker, builder, data }: Split, onData: boolean): void {
  const parts = [worker, builder, data]
  const sum = worker + builder + data
  if (parts.some(part => !Number.isSafeInteger(part) || part < 0) || sum !== 10_000)
    throw new InvalidError('model.split', `${parts.join(' + ')} basis points are no whole split`, {
      help: 'Worker, builder and data share 10000: for instance 3000,1000,6000.'
    })
  if (!onData && data > 0)
    throw new InvalidError('model.split', 'a base model stands on no Datanet: its data has no share', {
      help: 'For instance 8000,2000,0.'
    })
}

/** What a builder may change of a model that is on chain: that it goes on, and by a new registration its split. */
export function createTerms(
  { chain, self }: Pick<Parts, 'chain' | 'self'>,
  catalogue: Pick<Catalogue, 'get' | 'register' | 'registerBase' | 'retired'>
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
      const { name, base, result, worker, licence = '' } = own(id)
      checkSplit(split, result !== null)
      const anew =
        result === null
          ? await catalogue.registerBase({ name, base, worker, split, licence })
          : await catalogue.register({ name, result, worker, split, licence })
      // The new one first: a name is never without a model.
      if (anew.id !== id) await retire(id)
      return anew
    }
  }
}
