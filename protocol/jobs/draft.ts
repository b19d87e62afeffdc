import { z } from 'zod'
import { settingsFile } from './settings-file.ts'
import { productTerms } from './job.ts'

/** Steps of the way from a base model to a posted job, in their order. */
export const draftSteps = ['base', 'data', 'method', 'budget'] as const
export type DraftStep = (typeof draftSteps)[number]

/**
 * A tune job that somebody is still making up: every part may be missing, and nothing of it is checked against the
 * network until it is planned or posted.
 */
export const jobDraft = z.strictObject({
  step: z.enum(draftSteps),
  /** A base's CID, and what people call it. */
  base: z.string().max(100).nullable(),
  baseName: z.string().max(100).nullable(),
  datanet: z.string().max(100).nullable(),
  version: z.int().min(1).nullable(),
  preset: z.enum(['quick', 'balanced', 'thorough', 'own']),
  /** What was chosen instead of what is recommended. */
  settings: settingsFile,
  /** In smallest units. */
  budget: z
    .string()
    .regex(/^[0-9]{1,40}$/)
    .nullable(),
  deadlineSeconds: z
    .int()
    .min(10)
    .max(30 * 86_400),
  /** The builder chooses among the bids, instead of the rule. */
  byHand: z.boolean(),
  product: productTerms.nullable()
})
export type JobDraft = z.infer<typeof jobDraft>

export const emptyDraft: JobDraft = {
  step: 'base',
  base: null,
  baseName: null,
  datanet: null,
  version: null,
  preset: 'balanced',
  settings: {},
  budget: null,
  deadlineSeconds: 4 * 3600,
  byHand: false,
  product: null
}

/** As it is kept: `revision` grows with every change, so that of two browsers the later one knows it comes late. */
export const keptDraft = jobDraft.extend({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  revision: z.int().min(1),
  /** Milliseconds since 1970. */
  savedAt: z.number()
})
export type KeptDraft = z.infer<typeof keptDraft>
