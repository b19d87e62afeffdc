import type { ModelView } from '../../../daemon/api/contract/views.ts'
import { places } from '../../app/places.ts'
import { shortId } from '../../formats/index.ts'
import { Go, Select, TextField } from '../../parts/index.ts'

interface UpstreamProps {
  /** Registrations of the job's base. */
  readonly bases: readonly ModelView[]
  readonly chosen: ModelView | undefined
  readonly choose: (id: string) => void
  readonly percent: string
  readonly setPercent: (percent: string) => void
}

/** The part of each fee for whoever made what this model grew from, and which registration that is. */
export function UpstreamFields({ bases, chosen, choose, percent, setPercent }: UpstreamProps) {
  if (bases.length === 0) return null
  return (
    <>
      <TextField
        label="Upstream"
        note="Whoever registered what it grew from, and by that one’s split on up. Nothing unless you say so."
        number
        value={percent}
        onChange={setPercent}
      />
      <Select
        label="The model it grew from"
        note={
          chosen === undefined ? undefined : (
            <>
              Registered with this very base: <Go to={places.model(chosen.id)}>{chosen.name}</Go>
            </>
          )
        }
        options={bases.map(({ id, name, builder }) => ({
          value: id,
          name,
          note: `${shortId(id)}, registered by ${shortId(builder)}`
        }))}
        value={chosen?.id ?? ''}
        onChange={choose}
      />
    </>
  )
}
