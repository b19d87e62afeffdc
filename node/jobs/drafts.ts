import { randomBytes } from 'node:crypto'
import { keptDraft } from '../../protocol/jobs/index.ts'
import type { KeptDraft } from '../../protocol/jobs/index.ts'
import { InvalidError, LimitError, NotFoundError, pageOf } from '../../protocol/primitives/index.ts'
import { createQueue } from '../runtime/index.ts'
import type { JobsDeps } from './deps.ts'
import type { Drafts } from './types.ts'

/** Drafts of one node: a person keeps a few. */
export const maxDrafts = 64

export function createDrafts({ store, clock, events }: Pick<JobsDeps, 'store' | 'clock' | 'events'>): Drafts {
  const table = store.collection('jobs/drafts', keptDraft)
  const queue = createQueue({ name: 'drafts', bound: 256 })
  const get = async (id: string): Promise<KeptDraft> => {
    const found = await table.get(id)
    if (found === undefined)
      throw new NotFoundError('draft.unknown', 'there is no such draft here', {
        help: 'It may have been posted or thrown away, here or in another browser.'
      })
    return found
  }
  const all = async (): Promise<KeptDraft[]> => {
    const drafts: KeptDraft[] = []
    for await (const draft of table.values()) drafts.push(draft)
    return drafts.sort((a, b) => b.savedAt - a.savedAt || (a.id < b.id ? -1 : 1))
  }
  return {
    list: async (request = {}) => pageOf(await all(), request, ({ id }) => id),
    get,
    save: (draft, from) =>
      queue.run('drafts', async () => {
        const earlier = from === undefined ? undefined : await get(from.id)
        // [reject] What another browser saved meanwhile is not lost without a word.
        if (earlier !== undefined && earlier.revision !== from?.revision)
          throw new InvalidError('draft.late', 'the draft was changed elsewhere since this page read it', {
            help: 'Read it again; what was entered here can be entered again.'
          })
        if (earlier === undefined && (await all()).length >= maxDrafts)
          throw new LimitError('draft.many', `there are ${maxDrafts} drafts already`, {
            help: 'Post or throw away one of them first.'
          })
        const kept: KeptDraft = {
          ...draft,
          id: earlier?.id ?? randomBytes(8).toString('hex'),
          revision: (earlier?.revision ?? 0) + 1,
          savedAt: clock.now()
        }
        await table.put(kept.id, kept)
        events.emit('jobs.draft', { draft: kept.id, revision: kept.revision })
        return kept
      }),
    delete: id =>
      queue.run('drafts', async () => {
        await get(id)
        await table.delete(id)
        events.emit('jobs.draft', { draft: id, revision: null })
      })
  }
}
