import { useState } from 'react'
import type { StatusView } from '../../daemon/api/contract/index.ts'
import { useAct } from '../api/index.ts'
import { Button, Confirm, Failure, Select, Switch } from '../parts/index.ts'

const lengths = [
  { value: 'open', name: 'Until I take it up again' },
  { value: '30', name: 'For half an hour' },
  { value: '120', name: 'For two hours' },
  { value: '480', name: 'For eight hours' }
] as const
type Length = (typeof lengths)[number]['value']

/** Keeps the machine for its owner, or lends it again. */
export function PauseButton({ away }: { readonly away: StatusView['away'] }) {
  const [isAsked, setAsked] = useState(false)
  const [length, setLength] = useState<Length>('open')
  const [trainings, setTrainings] = useState(false)
  const pause = useAct('pause', ['status', 'machine'])
  const resume = useAct('resume', ['status', 'machine'])
  if (away?.reason === 'paused')
    return (
      <>
        <Button look="main" isDisabled={resume.isPending} onPress={() => resume.mutate({})}>
          Take on work again
        </Button>
        {resume.error === null ? null : <Failure error={resume.error} />}
      </>
    )
  return (
    <>
      <Button onPress={() => setAsked(true)}>Pause this machine</Button>
      <Confirm
        title="Keep this machine for yourself"
        isOpen={isAsked}
        close={() => setAsked(false)}
        act="Pause"
        isBusy={pause.isPending}
        onAct={() =>
          pause.mutate(
            { body: { trainings, ...(length === 'open' ? {} : { minutes: Number(length) }) } },
            { onSuccess: () => setAsked(false) }
          )
        }
      >
        <p>It makes no offers and no bids. Answers that are under way are finished and paid.</p>
        <Select label="For how long" options={lengths} value={length} onChange={setLength} />
        <Switch isOn={trainings} onChange={setTrainings}>
          Trainings wait, too
        </Switch>
        {trainings ? <p>They go on from their checkpoint; their deadlines do not wait.</p> : null}
        {pause.error === null ? null : <Failure error={pause.error} />}
      </Confirm>
    </>
  )
}
