import { useQuery } from '@tanstack/react-query'
import type { Row } from '../../../protocol/data/types.ts'
import { api } from '../../api/index.ts'

/** Questions read for the checks of this browser; the daemon's are made with all of them. */
const mostQuestions = 20_000

/** A Datanet's held-out questions: a file that asks one of them is told before it is sent. */
export const useHeldOut = (datanet: string) =>
  useQuery({
    queryKey: ['held-out questions', datanet],
    queryFn: async () => {
      const rows: Row[] = []
      for await (const row of api.all('heldOut', { params: { id: datanet } })) {
        rows.push(row as Row)
        if (rows.length >= mostQuestions) break
      }
      return rows
    }
  })
