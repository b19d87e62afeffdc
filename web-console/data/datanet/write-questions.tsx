import { useMemo, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { useCall } from '../../api/index.ts'
import { manyText } from '../../formats/index.ts'
import { leastBatchQuestions, mostBatchQuestions } from '../../../protocol/data/batch.ts'
import { SealTo, seatsByWallet } from '../../chain/index.ts'
import type { SeatsFound } from '../../chain/index.ts'
import { places } from '../../app/places.ts'
import { Button, Failure, Id, Notice, Section, Who } from '../../parts/index.ts'
import { SignerField } from '../../wallets/index.ts'
import type { Signer } from '../../wallets/index.ts'
import { DropFile } from '../check/index.ts'
import type { LocalFile } from '../check/index.ts'
import { questionsOf } from '../rules/form.ts'
import { sendQuestions } from './send-questions.ts'

/** Text of one batch, as the API takes it. */
const mostBytes = 65_536

/** Writing held-out questions: sealed to those that sit, by this node's key or a wallet that pays nothing. */
export function WriteQuestions({ net }: { readonly net: DatanetView }) {
  const chain = useCall('status').data?.chain
  const queries = useQueryClient()
  const [file, setFile] = useState<LocalFile>()
  const [signer, setSigner] = useState<Signer>({ kind: 'daemon' })
  const [isBusy, setBusy] = useState(false)
  const [seats, setSeats] = useState<SeatsFound>()
  const [error, setError] = useState<Error>()
  const [put, setPut] = useState<{ readonly count: number; readonly to: SeatsFound | undefined }>()
  const read = useMemo(() => (file === undefined ? undefined : questionsOf(file.bytes)), [file])
  const count = read !== undefined && 'rows' in read ? read.rows.length : 0
  const fault = read === undefined ? undefined : 'fault' in read ? read.fault : countFault(count)
  /** By a wallet first who would read them, and once that is confirmed they are sealed. */
  const send = async (to?: SeatsFound): Promise<void> => {
    if (file === undefined || chain === undefined) return
    setBusy(true)
    setError(undefined)
    setPut(undefined)
    try {
      if (signer.kind === 'wallet' && to === undefined) {
        setSeats(await seatsByWallet(signer.wallet, chain, net.id))
        return
      }
      setSeats(undefined)
      await sendQuestions(net, new TextDecoder().decode(file.bytes), signer, chain, to)
      setPut({ count, to })
      setFile(undefined)
      await queries.invalidateQueries({ queryKey: ['questions'] })
    } catch (cause) {
      setError(cause as Error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Section
      title="Write held-out questions"
      note={
        'Questions that no model is trained on: by them it is measured what each row was worth. Validators alone ' +
        'read them until the version that they judge is anchored. They say nothing of your own rows. By this node’s ' +
        'key this node seals them, and can read them. By a wallet they are sealed in this browser, to whom the ' +
        'wallet’s chain says that they sit, once you have confirmed who that is; this node pays for their ' +
        'room on chain and reads nothing.'
      }
    >
      <DropFile
        label="Drop your questions here"
        note='JSONL: one question a line, {"prompt": "…", "response": "…"}; eight at least.'
        mostBytes={mostBytes}
        file={file}
        onFile={chosen => {
          setSeats(undefined)
          setFile(chosen)
        }}
      />
      {fault === undefined ? null : <Notice kind="wrong" title={fault} />}
      <SignerField
        label="Write as"
        signer={signer}
        onChange={chosen => {
          setSeats(undefined)
          setSigner(chosen)
        }}
      />
      <Button
        isDisabled={seats !== undefined || read === undefined || fault !== undefined || chain === undefined || isBusy}
        onPress={() => void send()}
      >
        {isBusy
          ? 'Sealing and sending …'
          : read === undefined || fault !== undefined
            ? 'Choose questions first'
            : `Seal and put ${manyText(count, 'question')}`}
      </Button>
      {seats === undefined || chain === undefined ? null : (
        <SealTo
          seats={seats}
          chain={chain.id}
          withHost={false}
          isBusy={isBusy}
          onSeal={() => void send(seats)}
          onLeave={() => {
            setSeats(undefined)
          }}
        />
      )}
      {put === undefined ? null : (
        <Notice title={`${manyText(put.count, 'question')} stand on chain, sealed.`}>
          {put.to === undefined ? (
            <p>
              This node sealed them to those that sit. They are listed above, and count once validators accept them.
            </p>
          ) : (
            <p>
              They were sealed in this browser to{' '}
              {put.to.members.map(({ address }, i) => (
                <span key={address}>
                  {i === 0 ? null : ', '}
                  <Who account={address} />
                </span>
              ))}
              , who sit as {put.to.witness} says, by contract <Id id={put.to.at} to={places.account(put.to.at)} />. They
              count once these accept them. Keep your file: nobody else gives it back to you.
            </p>
          )}
        </Notice>
      )}
      {error === undefined ? null : <Failure error={error} />}
    </Section>
  )
}

const countFault = (count: number): string | undefined =>
  count < leastBatchQuestions
    ? `It holds ${manyText(count, 'question')}, and ${leastBatchQuestions} at least are put at once.`
    : count > mostBatchQuestions
      ? `It holds ${manyText(count, 'question')}, and ${mostBatchQuestions} at most are put at once.`
      : undefined
