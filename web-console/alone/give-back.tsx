import { useEffect, useState } from 'react'
import type { Balance, Channel, Tilth } from 'tilth/client'
import { writtenAccount } from '../../protocol/primitives/checksum.ts'
import { notAccount, shortId } from '../formats/index.ts'
import { Amount } from '../parts/amount.tsx'
import { Button } from '../parts/button.tsx'
import { TextField } from '../parts/fields.tsx'
import { Facts, Section } from '../parts/page.tsx'
import { Told } from './told.tsx'

interface GiveBackProps {
  readonly tilth: Tilth
  readonly balance: Balance
  readonly onChange: () => void
}

const states = { open: 'open', closing: 'being closed', disputed: 'disputed', closed: 'closed' } as const

/** What lies in channels, how it comes back, and where it goes from here. */
export function GiveBack({ tilth, balance, onChange }: GiveBackProps) {
  const [channels, setChannels] = useState<readonly Channel[]>([])
  const [to, setTo] = useState('')
  const [error, setError] = useState<Error>()
  const [isBusy, setBusy] = useState(false)
  const target = writtenAccount.safeParse(to.trim())

  useEffect(() => {
    tilth.channels().then(
      all => setChannels(all.filter(({ state }) => state !== 'closed')),
      (cause: unknown) => setError(cause instanceof Error ? cause : new Error(String(cause)))
    )
  }, [tilth, balance])

  async function act(step: () => Promise<unknown>): Promise<void> {
    setError(undefined)
    setBusy(true)
    try {
      await step()
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)))
    } finally {
      setBusy(false)
      onChange()
    }
  }

  return (
    <Section
      title="Take it back"
      note="A channel’s worker has a while to claim what it was promised; what is left comes back after that."
    >
      <Facts
        facts={channels.map(({ id, state, deposit, paid, worker }) => [
          `Channel to ${shortId(worker)}, ${states[state]}`,
          <span key={id}>
            <Amount of={deposit - paid} /> of <Amount of={deposit} /> left{' '}
            <Button isDisabled={isBusy} onPress={() => void act(() => tilth.closeChannel(id))}>
              {state === 'open' ? 'Close' : 'Take back'}
            </Button>
          </span>
        ])}
      />
      <div className="alone-form">
        <TextField
          label="Send all tokens to"
          value={to}
          onChange={setTo}
          fault={to === '' || target.success ? undefined : notAccount}
        />
        <Button
          isDisabled={isBusy || !target.success || balance.tokens === 0n}
          onPress={() => void act(async () => target.success && tilth.send(target.data, { tokens: balance.tokens }))}
        >
          Send
        </Button>
      </div>
      {error === undefined ? null : <Told error={error} />}
    </Section>
  )
}
