import { z } from 'zod'
import { jobDraft, keptDraft } from '../../../protocol/jobs/draft.ts'
import { named, nothing, paged, pageSchema, route } from './route.ts'
import {
  baseView,
  cancelledView,
  contributorPartView,
  curvesView,
  testEvent,
  testRequest,
  untrainedView
} from './job-views.ts'
import { account, declineView, hash, jobRequest, jobView, planRequest, planView } from './views.ts'

/** From a wish to a finished adapter. */
export const jobRoutes = {
  planJob: route({
    method: 'POST',
    path: '/api/jobs/plan',
    stage: 'job',
    summary: 'What a tune job would be and cost, its settings recommended: nothing is posted',
    body: planRequest,
    reply: planView
  }),
  postJob: route({
    method: 'POST',
    path: '/api/jobs',
    stage: 'job',
    summary: 'Post a tune job',
    body: jobRequest,
    reply: z.object({ id: hash })
  }),
  jobs: route({
    method: 'GET',
    path: '/api/jobs',
    stage: 'job',
    summary: 'Known jobs',
    params: paged,
    reply: pageSchema(jobView)
  }),
  job: route({
    method: 'GET',
    path: '/api/jobs/:id',
    stage: 'job',
    summary: 'One job: bids, awards, progress, result',
    params: named,
    reply: jobView
  }),
  awardJob: route({
    method: 'POST',
    path: '/api/jobs/:id/award',
    stage: 'award',
    summary: 'Award an own job by hand to workers that bid: the adapter to the best of them, the rest shared by all',
    params: named,
    body: z.strictObject({ workers: z.array(account).min(1).max(100) }),
    reply: jobView
  }),
  pauseJob: route({
    method: 'POST',
    path: '/api/jobs/:id/pause',
    stage: 'training',
    summary: 'Have the trainings of an own job wait at their checkpoints, or go on from there',
    params: named,
    body: z.strictObject({ paused: z.boolean() }),
    reply: jobView
  }),
  curves: route({
    method: 'GET',
    path: '/api/jobs/:id/curves',
    stage: 'training',
    summary: 'How the trainings of an own job went: losses, held-out losses, learning rate and pace; the latest first',
    params: named,
    reply: curvesView
  }),
  testJob: route({
    method: 'POST',
    path: '/api/jobs/:id/test',
    stage: 'delivery',
    summary: "Ask a finished job's base and tuned model the same, on this machine, before anybody serves it",
    stream: true,
    params: named,
    body: testRequest,
    reply: testEvent
  }),
  jobParts: route({
    method: 'GET',
    path: '/api/jobs/:id/parts',
    stage: 'attribution',
    summary: 'What each contributor of a finished job adds to the answers of held-out questions; paged',
    params: named.extend(paged.shape),
    reply: pageSchema(contributorPartView)
  }),
  untrained: route({
    method: 'GET',
    path: '/api/jobs/:id/untrained',
    stage: 'training',
    summary: "Accepted rows that a job's base could not learn, whose they are and why; paged",
    params: named.extend(paged.shape),
    reply: pageSchema(untrainedView)
  }),
  cancelJob: route({
    method: 'POST',
    path: '/api/jobs/:id/cancel',
    stage: 'job',
    summary: 'End an own job before its deadline: what was accepted is paid, the rest comes back',
    params: named,
    reply: cancelledView
  }),
  spent: route({
    method: 'GET',
    path: '/api/jobs/:id/spent',
    stage: 'job',
    summary: 'What an own job has cost, and what of it came back or will',
    params: named,
    reply: cancelledView
  }),
  declined: route({
    method: 'GET',
    path: '/api/declined-jobs',
    stage: 'bids',
    summary: 'Jobs that this worker did not bid for, and why',
    params: paged,
    reply: pageSchema(declineView)
  })
} as const

/** Jobs that are still being made up, kept by this daemon for any browser. */
export const draftRoutes = {
  drafts: route({
    method: 'GET',
    path: '/api/job-drafts',
    stage: 'job',
    summary: 'Tune jobs that are still being made up, the last changed first',
    params: paged,
    reply: pageSchema(keptDraft)
  }),
  draft: route({
    method: 'GET',
    path: '/api/job-drafts/:id',
    stage: 'job',
    summary: 'One draft of a tune job',
    params: named,
    reply: keptDraft
  }),
  saveDraft: route({
    method: 'POST',
    path: '/api/job-drafts',
    stage: 'job',
    summary: 'Keep a draft; with `id` and `revision` a change of one, refused if it was changed elsewhere meanwhile',
    body: z.strictObject({
      draft: jobDraft,
      from: keptDraft.pick({ id: true, revision: true }).optional()
    }),
    reply: keptDraft
  }),
  deleteDraft: route({
    method: 'POST',
    path: '/api/job-drafts/:id/delete',
    stage: 'job',
    summary: 'Throw a draft away',
    params: named,
    body: nothing,
    reply: z.object({ id: z.string() })
  })
} as const

/** Base models to begin with. */
export const baseRoutes = {
  bases: route({
    method: 'GET',
    path: '/api/bases',
    stage: 'job',
    summary: 'Base models known here: the bundled one, those on this disk and those of models, with what each takes',
    params: paged,
    reply: pageSchema(baseView)
  }),
  importBase: route({
    method: 'POST',
    path: '/api/bases',
    stage: 'job',
    summary: "Publish a base model folder of the daemon's machine on IPFS",
    body: z.strictObject({ folder: z.string().min(1).max(1000) }),
    reply: z.object({ cid: z.string() })
  }),
  modelFolders: route({
    method: 'GET',
    path: '/api/models/:id/folders',
    stage: 'registration',
    summary: "Where a model's base and its adapter stand on the daemon's machine, fetched if they are not there yet",
    params: named,
    reply: z.object({ id: hash, name: z.string(), base: z.string(), adapter: z.string().nullable() })
  })
} as const
