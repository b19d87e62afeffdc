import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { Empty, Failure, Loading } from './states.tsx'

interface Query<T> {
  readonly data: T | undefined
  readonly error: Error | null
  readonly refetch: () => unknown
}

interface ReadProps<T> {
  /** From `useCall`. */
  readonly from: Query<T>
  /** "the Datanet": what is being read. */
  readonly what: string
  readonly children: (value: T) => ReactNode
}

/** What a call has answered, or that it is asked, or why it failed. What was read before stays while it is asked. */
export function Read<T>({ from, what, children }: ReadProps<T>) {
  if (from.data !== undefined) return <>{children(from.data)}</>
  if (from.error !== null) return <Failure error={from.error} again={() => void from.refetch()} />
  return <Loading what={what} />
}

interface List<T> {
  readonly items: readonly T[] | undefined
  readonly error: Error | null
  readonly isLoadingMore: boolean
  readonly hasMore: boolean
  readonly more: () => void
  readonly again: () => void
}

interface ReadListProps<T> {
  /** From `useList`. */
  readonly from: List<T>
  readonly what: string
  /** Shown when there is nothing. */
  readonly empty: { readonly title: string; readonly children?: ReactNode }
  readonly children: (items: readonly T[]) => ReactNode
}

/** The same for a paged list, with a button for what follows. */
export function ReadList<T>({ from, what, empty, children }: ReadListProps<T>) {
  if (from.items === undefined)
    return from.error === null ? <Loading what={what} /> : <Failure error={from.error} again={from.again} />
  if (from.items.length === 0) return <Empty title={empty.title}>{empty.children}</Empty>
  return (
    <>
      {children(from.items)}
      {from.hasMore ? (
        <Button onPress={from.more} isDisabled={from.isLoadingMore}>
          {from.isLoadingMore ? 'Reading more' : 'Show more'}
        </Button>
      ) : null}
    </>
  )
}
