/**
 * Lists of tokens as they cross into a thread: two arrays for each column, however many rows there are. A message of
 * many small arrays is built on the receiver's heap in one go, and a heap that overflows while a message is built ends
 * the whole process, not the thread alone; the bytes of typed arrays lie outside the heap.
 */
export interface PackedLists {
  readonly tokens: Int32Array
  /** Where each list ends in `tokens`. */
  readonly ends: Int32Array
}

export type Packed<K extends string> = Readonly<Record<K, PackedLists>>

type Lists<K extends string> = Readonly<Record<K, ArrayLike<number>>>

export function pack<K extends string>(rows: readonly Lists<K>[], columns: readonly K[]): Packed<K> {
  const packed = columns.map(column => [column, packLists(rows.map(row => row[column]))] as const)
  return Object.fromEntries(packed) as Packed<K>
}

/** @returns views of what was packed, not copies */
export function unpack<K extends string>(packed: Packed<K>): Record<K, Int32Array>[] {
  const rows: Record<string, Int32Array>[] = []
  for (const [column, { tokens, ends }] of Object.entries<PackedLists>(packed))
    ends.forEach((end, i) => {
      const row = (rows[i] ??= {})
      row[column] = tokens.subarray(ends[i - 1] ?? 0, end)
    })
  return rows as Record<K, Int32Array>[]
}

function packLists(lists: readonly ArrayLike<number>[]): PackedLists {
  const ends = new Int32Array(lists.length)
  const tokens = new Int32Array(lists.reduce((sum, list) => sum + list.length, 0))
  let end = 0
  lists.forEach((list, i) => {
    tokens.set(list, end)
    ends[i] = end += list.length
  })
  return { tokens, ends }
}
