import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { PreviewView } from '../../../daemon/api/contract/data-views.ts'
import type { TilthError } from '../../../protocol/primitives/errors.ts'
import { api } from '../../api/index.ts'

/**
 * What the daemon says of the same file: it knows the rows accepted before, and what the account has made so far. An
 * empty file asks for the latter alone.
 * @param text the file; undefined while there is none to ask about
 */
export function useCompared(datanet: string, text: string | undefined, contributor: `0x${string}` | undefined) {
  // The file may be megabytes: it is known by a mark, not written into a key.
  const mark = useMemo(() => (text === undefined ? '' : crypto.randomUUID()), [text])
  return useQuery<PreviewView, TilthError>({
    queryKey: ['compared', datanet, contributor, mark],
    queryFn: ({ signal }) =>
      api.call('checkContribution', {
        params: { id: datanet },
        body: { file: text ?? '', ...(contributor === undefined ? {} : { contributor }) },
        signal
      }),
    enabled: text !== undefined,
    // What is left to the account stays in sight while the next file is compared.
    placeholderData: keepPreviousData,
    gcTime: 0
  })
}
