import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { PlanView } from '../../../daemon/api/contract/views.ts'
import type { JobDraft } from '../../../protocol/jobs/draft.ts'
import type { SettingsFile } from '../../../protocol/jobs/settings-file.ts'
import type { TilthError } from '../../../protocol/primitives/errors.ts'
import { api } from '../../api/index.ts'
import { presetSettings } from './presets.ts'

function useOnePlan(draft: Pick<JobDraft, 'base' | 'datanet' | 'version'>, file: SettingsFile | undefined) {
  const { base, datanet, version } = draft
  const { coalitions, ...settings } = file ?? {}
  const body = {
    base: base ?? '',
    datanet: datanet ?? '',
    ...(version === null ? {} : { version }),
    settings,
    ...(coalitions === undefined ? {} : { coalitions })
  }
  return useQuery<PlanView, TilthError>({
    queryKey: ['planJob', body],
    queryFn: ({ signal }) => api.call('planJob', { body, signal }),
    enabled: base !== null && datanet !== null && file !== undefined,
    placeholderData: keepPreviousData
  })
}

/** What training on one Datanet's newest version would be and cost, with what is recommended for it. */
export const useRecommended = (base: string | null, datanet: string) => useOnePlan({ base, datanet, version: null }, {})

/** What a draft would be and cost: what is recommended, and the same with what was chosen instead. */
export function usePlan(draft: JobDraft) {
  const { method } = draft.settings
  const recommended = useOnePlan(draft, method === undefined ? {} : { method })
  const chosen = recommended.data === undefined ? undefined : chosenOf(draft, recommended.data)
  const plan = useOnePlan(draft, chosen)
  return { recommended, plan, chosen }
}

/** A preset is figured out anew from what is recommended: a version with more rows takes other settings. */
export const chosenOf = ({ preset, settings }: Pick<JobDraft, 'preset' | 'settings'>, plan: PlanView): SettingsFile =>
  preset === 'own' ? settings : { ...settings, ...presetSettings(preset, ofMethod(plan, settings.method)) }

/** A plan for another method may still be shown while that of a new one is made: its adapter is none of this. */
const ofMethod = (plan: PlanView, method: SettingsFile['method']): PlanView =>
  method === 'full' ? { ...plan, settings: { ...plan.settings, lora: undefined } } : plan
