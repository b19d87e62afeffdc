import { z } from 'zod'
import { createApiClient } from '../../daemon/api/contract/client.ts'

// Zod would try to compile its checks with `new Function`, which the console's policy refuses and reports.
z.config({ jitless: true })

/** The daemon that served this page; the session's cookie says who asks. */
export const api = createApiClient(location.origin, undefined)
