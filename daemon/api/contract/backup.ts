import { z } from 'zod'
import { route } from './route.ts'

export const backupRoutes = {
  backup: route({
    method: 'GET',
    path: '/api/backup',
    stage: 'node',
    summary:
      'A consistent copy of the data folder as a tar archive: database, encrypted key, settings, and, unless `whole` ' +
      'is false, blocks and models',
    file: true,
    params: z.object({ whole: z.enum(['true', 'false']).default('true') }),
    reply: z.string()
  })
} as const
