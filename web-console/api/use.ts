import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ListName } from '../../daemon/api/contract/client.ts'
import type { BodyOf, ItemOf, ParamsOf, ReplyOf, RouteName, Routes } from '../../daemon/api/contract/index.ts'
import type { TilthError } from '../../protocol/primitives/errors.ts'
import { api } from './client.ts'

export interface CallOptions {
  /** Asked only while this holds. */
  readonly enabled?: boolean
  /** What a page shows while the same call is made with other parameters. */
  readonly keep?: boolean
}

/** One call of the contract as a page reads it. It is made again when news touch it. */
export function useCall<N extends RouteName>(name: N, params?: ParamsOf<Routes[N]>, options: CallOptions = {}) {
  return useQuery<ReplyOf<Routes[N]>, TilthError>({
    queryKey: [name, params ?? {}],
    queryFn: ({ signal }) => api.call(name, { ...(params === undefined ? {} : { params }), signal }),
    enabled: options.enabled ?? true,
    ...(options.keep === true ? { placeholderData: keepPreviousData } : {})
  })
}

type ListParams<N extends ListName> = Omit<ParamsOf<Routes[N]>, 'cursor'>

/** A paged list: `items` of the pages read so far, and `more` to read the next one. */
export function useList<N extends ListName>(name: N, params?: ListParams<N>, options: CallOptions = {}) {
  const query = useInfiniteQuery({
    queryKey: [name, params ?? {}],
    queryFn: ({ signal, pageParam }) =>
      api.call(name, {
        params: { ...params, ...(pageParam === undefined ? {} : { cursor: pageParam }) } as ParamsOf<Routes[N]>,
        signal
      }) as Promise<{ items: readonly ItemOf<Routes[N]>[]; next: string | null }>,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: last => last.next ?? undefined,
    enabled: options.enabled ?? true,
    ...(options.keep === true ? { placeholderData: keepPreviousData } : {})
  })
  return {
    items: query.data?.pages.flatMap(page => page.items),
    error: query.error as TilthError | null,
    isPending: query.isPending,
    isLoadingMore: query.isFetchingNextPage,
    hasMore: query.hasNextPage,
    more: () => void query.fetchNextPage(),
    again: () => void query.refetch()
  }
}

type Acting<N extends RouteName> = { params?: ParamsOf<Routes[N]>; body?: BodyOf<Routes[N]> }

/** A call that changes something: `act.mutate({ params, body })`. What it touches is read again when it is done. */
export function useAct<N extends RouteName>(name: N, touches: readonly RouteName[] = []) {
  const queries = useQueryClient()
  return useMutation<ReplyOf<Routes[N]>, TilthError, Acting<N>>({
    mutationFn: argument => api.call(name, argument),
    onSuccess: async () => {
      await Promise.all(touches.map(touched => queries.invalidateQueries({ queryKey: [touched] })))
    }
  })
}
