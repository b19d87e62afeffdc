import type { JobView } from '../../../daemon/api/contract/views.ts'
import { Button } from '../../parts/index.ts'
import { saveSettings } from '../settings-text.ts'

/** The settings of a job as a file, for another one like it. */
export function SettingsSaved({ job: { settings, coalitions } }: { readonly job: JobView }) {
  return (
    <Button look="quiet" onPress={() => saveSettings({ ...settings, coalitions })}>
      Save the settings as a file
    </Button>
  )
}
