import { coalitionCount } from '../../../protocol/jobs/coalitions.ts'
import type { JobDraft } from '../../../protocol/jobs/draft.ts'
import type { SettingsFile } from '../../../protocol/jobs/settings-file.ts'
import type { TrainSettings } from '../../../protocol/jobs/types.ts'

export type Preset = JobDraft['preset']

export interface Recommended {
  readonly settings: TrainSettings
  readonly coalitions: number
  readonly players: number
}

interface PresetWords {
  readonly value: Exclude<Preset, 'own'>
  readonly name: string
  readonly does: string
  /** The same where no adapter is trained. */
  readonly doesInFull?: string
}

export const presets: readonly PresetWords[] = [
  {
    value: 'quick',
    name: 'Quick',
    does: 'A third of the passes: cheap, and enough to see whether the data teaches it.'
  },
  { value: 'balanced', name: 'Balanced', does: 'What is recommended for this base and this much data.' },
  {
    value: 'thorough',
    name: 'Thorough',
    does: 'Twice the passes and an adapter twice as wide: for data that is hard, at about twice the price.',
    doesInFull: 'Twice the passes: for data that is hard, at about twice the price.'
  }
]

export const presetName = (preset: Preset): string => presets.find(({ value }) => value === preset)?.name ?? 'Your own'

const mostEpochs = 60
const mostRank = 128

function wider(lora: NonNullable<TrainSettings['lora']>): NonNullable<TrainSettings['lora']> {
  const rank = Math.min(mostRank, lora.rank * 2)
  return { ...lora, rank, alpha: 2 * rank }
}

/** What a preset asks for instead of what is recommended. */
export function presetSettings(preset: Preset, { settings, coalitions, players }: Recommended): SettingsFile {
  const { epochs, lora } = settings
  switch (preset) {
    case 'quick':
      return {
        epochs: Math.max(1, Math.round(epochs / 3)),
        coalitions: coalitionCount(players, Math.ceil(coalitions / 2))
      }
    case 'thorough': {
      return {
        epochs: Math.min(mostEpochs, epochs * 2),
        ...(lora === undefined ? {} : { lora: wider(lora) }),
        coalitions: coalitionCount(players, coalitions * 2)
      }
    }
    case 'balanced':
    case 'own':
      return {}
  }
}
