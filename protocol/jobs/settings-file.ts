import type { z } from 'zod'
import { tuneSpec, trainSettings } from './types.ts'

/**
 * Training settings as a file, as the command line and the console read and write it: what is left away is recommended.
 * `coalitions` stands beside them, since it is chosen with them.
 */
export const settingsFile = trainSettings.partial().extend({ coalitions: tuneSpec.shape.coalitions.optional() })
export type SettingsFile = z.infer<typeof settingsFile>
