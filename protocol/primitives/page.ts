import { InvalidError } from './errors.ts'

/** How many items of a list are shown unless the caller says otherwise, and the most that one call gives. */
export const defaultPage = 100
export const largestPage = 1000

/** `cursor` is the `next` of the page before; without one a list begins at its first item. */
export interface PageRequest {
  readonly limit?: number
  readonly cursor?: string | undefined
}

/** One page of a list. `next` is the cursor of the page after, null on the last one. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** The same page, each item shown otherwise. */
export const mapPage = <T, R>({ items, next }: Page<T>, show: (item: T) => R): Page<R> => ({
  items: items.map(show),
  next
})

/**
 * A page of a list that is in memory, in the order of the list. The cursor is the key of the last item shown.
 * @throws InvalidError `page.cursor` where the item that the cursor names is no longer in the list
 */
export function pageOf<T>(
  list: Iterable<T>,
  { limit = defaultPage, cursor }: PageRequest,
  keyOf: (item: T) => string
): Page<T> {
  const items: T[] = []
  let found = cursor === undefined
  for (const item of list) {
    if (!found) {
      found = keyOf(item) === cursor
      continue
    }
    const last = items.at(-1)
    if (items.length === limit && last !== undefined) return { items, next: keyOf(last) }
    items.push(item)
  }
  if (!found)
    throw new InvalidError('page.cursor', 'the list no longer has the item that this cursor names', {
      help: 'Begin again without a cursor.'
    })
  return { items, next: null }
}

/** All items of a paged list, page by page: for whoever really needs the whole of it, one item at a time. */
export async function* everyItem<T>(page: (request: PageRequest) => Promise<Page<T>> | Page<T>): AsyncGenerator<T> {
  let cursor: string | undefined
  do {
    const { items, next } = await page({ limit: largestPage, cursor })
    yield* items
    cursor = next ?? undefined
  } while (cursor !== undefined)
}
