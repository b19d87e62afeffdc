import type { Page, PageOptions } from './views.ts'

/** All of a list of the ledger, a page at a time. */
export async function* everyOf<T>(read: (page: PageOptions) => Promise<Page<T>>): AsyncGenerator<T> {
  for (let after: string | undefined; ;) {
    const { items, next } = await read(after === undefined ? {} : { after })
    yield* items
    if (next === undefined) return
    after = next
  }
}

/** The same at once. */
export async function allOf<T>(read: Parameters<typeof everyOf<T>>[0]): Promise<T[]> {
  const list: T[] = []
  for await (const item of everyOf(read)) list.push(item)
  return list
}
