import { useState } from 'react'
import { mostModelName } from '../../protocol/models/types.ts'
import { Button } from '../parts/button.tsx'
import { TextField } from '../parts/fields.tsx'
import { Section } from '../parts/page.tsx'

interface FindModelProps {
  readonly onLook: (name: string) => void
  readonly isLooking: boolean
}

/** Of thousands of models that one offer stands for, the newest are listed: others are found by their name. */
export function FindModel({ onLook, isLooking }: FindModelProps) {
  const [name, setName] = useState('')
  const [looked, setLooked] = useState('')
  const look = (wanted: string): void => {
    setName(wanted)
    setLooked(wanted)
    onLook(wanted)
  }
  return (
    <Section
      title={looked === '' ? 'Models that are offered now' : `Models that are called ${looked}`}
      note="Names are anybody’s: each is asked by its id, and what it is stands on chain."
    >
      <form
        className="alone-form"
        onSubmit={event => {
          event.preventDefault()
          look(name.trim())
        }}
      >
        <TextField label="A model by its name" value={name} onChange={setName} maxLength={mostModelName} />
        <div>
          <Button type="submit" isDisabled={isLooking || name.trim() === ''}>
            Look for it
          </Button>
          {looked === '' ? null : (
            <Button look="quiet" isDisabled={isLooking} onPress={() => look('')}>
              Show all again
            </Button>
          )}
        </div>
      </form>
    </Section>
  )
}
