import { useState } from 'react'
import type { TermsView } from '../../../daemon/api/contract/terms.ts'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { writtenAccount } from '../../../protocol/primitives/checksum.ts'
import { useAct, useCall } from '../../api/index.ts'
import { notAccount } from '../../formats/index.ts'
import { Button, Confirm, Failure, Section, TextField, Who } from '../../parts/index.ts'

const touched = ['terms', 'datanet', 'datanets'] as const

/** Who hosts it, and how that is handed over: the host asks, and whoever is asked accepts. */
export function HandOver({ net, terms }: { readonly net: DatanetView; readonly terms: TermsView }) {
  const self = useCall('status').data?.address
  const name = useAct('nameHost', touched)
  const accept = useAct('acceptHost', touched)
  const [typed, setTyped] = useState('')
  const [isAsked, setAsked] = useState(false)
  const { host, founder, nextHost } = terms
  const isHost = self === host
  const next = typed.trim()
  const isAccount = writtenAccount.safeParse(next).success
  if (!isHost && nextHost === null && host === founder) return null
  const params = { id: net.id }
  return (
    <Section title="Who hosts it" note="Its host anchors versions of what was accepted, and may put rules forward.">
      <p>
        <Who account={host} /> {host === founder ? 'founded it and hosts it.' : 'hosts it. It was founded by '}
        {host === founder ? null : <Who account={founder} />}
      </p>
      {nextHost === null ? null : (
        <p>
          <Who account={nextHost} /> is asked to host it from now on. Until that is accepted nothing changes.
        </p>
      )}
      {nextHost !== null && nextHost === self ? (
        <Button
          look="main"
          isDisabled={accept.isPending}
          onPress={() => {
            accept.mutate({ params })
          }}
        >
          Host it from now on
        </Button>
      ) : null}
      {!isHost ? null : nextHost !== null ? (
        <Button
          isDisabled={name.isPending}
          onPress={() => {
            name.mutate({ params, body: { next: null } })
          }}
        >
          Ask nobody any more
        </Button>
      ) : (
        <>
          <TextField
            label="Hand over to"
            note="An account whose node shall anchor versions from then on. It has to accept."
            value={typed}
            onChange={setTyped}
            fault={typed === '' || isAccount ? undefined : notAccount}
          />
          <Button
            isDisabled={!isAccount}
            onPress={() => {
              setAsked(true)
            }}
          >
            Ask it to host
          </Button>
        </>
      )}
      <Confirm
        title="Hand this Datanet over?"
        isOpen={isAsked}
        close={() => {
          setAsked(false)
          name.reset()
        }}
        act="Ask on chain"
        look="wrong"
        isBusy={name.isPending}
        onAct={() => {
          name.mutate(
            { params, body: { next } },
            {
              onSuccess: () => {
                setAsked(false)
                setTyped('')
              }
            }
          )
        }}
      >
        <p>
          Once <Who account={next} /> accepts, that account alone anchors its versions, and only it can give that back.
          Until then you can take it back.
        </p>
        {name.error === null ? null : <Failure error={name.error} />}
      </Confirm>
      {accept.error === null ? null : <Failure error={accept.error} />}
    </Section>
  )
}
